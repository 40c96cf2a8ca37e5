#include "container_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "devenv/error.h"
#include "names.h"
#include "runtime/base/files.h"
#include "tmp_dir.h"

namespace devenv::store {

std::string ContainerStore::path(const std::string& id) const {
  return root_ + "/containers/" + checked_name(id, "container");
}

std::string ContainerStore::create(const std::string& id, std::string_view config_json) const {
  const std::string target = path(id);
  const TmpDir tmp = TmpDir::create(root_);
  const std::string made = tmp.path() + "/container";
  make_directories(made, 0700);
  replace_file(made + "/config.json", config_json, 0600);
  if (rename(made.c_str(), target.c_str()) == 0) return target;
  if (errno == EEXIST || errno == ENOTEMPTY) throw Conflict("create container " + id + ": it exists already");
  throw SystemError(errno, "create container " + id);
}

std::optional<std::string> ContainerStore::load(const std::string& id) const {
  try {
    return read_file(path(id) + "/config.json");
  } catch (const SystemError& error) {
    if (error.code() == ENOENT) return std::nullopt;
    throw;
  }
}

void ContainerStore::update(const std::string& id, std::string_view config_json) const {
  try {
    replace_file(path(id) + "/config.json", config_json, 0600);
  } catch (const SystemError& error) {
    if (error.code() == ENOENT) throw NotFound("update container " + id + ": it is gone");
    throw;
  }
}

std::vector<std::pair<std::string, std::string>> ContainerStore::list() const {
  std::vector<std::pair<std::string, std::string>> records;
  for (const std::string& id : named_directories(root_ + "/containers")) {
    if (auto record = load(id)) records.emplace_back(id, std::move(*record));
  }
  return records;
}

void ContainerStore::remove(const std::string& id) const {
  const std::string from = path(id);
  auto lock = FileLock::try_acquire_directory(from, FileLock::Mode::exclusive);
  if (!lock) return;  // gone, or being removed
  try {
    TmpDir::take(root_, from, std::move(*lock));
  } catch (const SystemError& error) {
    if (error.code() != ENOENT) throw;
  }
}

FileLock ContainerStore::lock(Deadline deadline) const {
  return FileLock::acquire(root_ + "/locks/containers", FileLock::Mode::exclusive, deadline,
                           "the list of containers");
}

}  // namespace devenv::store
