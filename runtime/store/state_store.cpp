#include "state_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "devenv/error.h"
#include "names.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "tmp_dir.h"

namespace devenv::store {
namespace {

std::string directory(const std::string& root, const std::string& key) {
  return root + "/states/" + checked_name(key, "state");
}

}  // namespace

bool StateStore::has(const std::string& key) const {
  const std::string path = directory(root_, key);
  return access((path + "/diff").c_str(), F_OK) == 0 && access((path + "/meta.json").c_str(), F_OK) == 0;
}

std::optional<StateRecord> StateStore::find(const std::string& key) const {
  const std::string path = directory(root_, key);
  struct stat st {};
  if (stat((path + "/diff").c_str(), &st) != 0) return std::nullopt;
  StateRecord record;
  record.key = key;
  record.diff_path = path + "/diff";
  try {
    record.meta = read_file(path + "/meta.json");
    if (stat((path + "/meta.json").c_str(), &st) == 0) record.created_unix_s = st.st_mtim.tv_sec;
  } catch (const SystemError& error) {
    if (error.code() == ENOENT) return std::nullopt;  // being removed
    throw;
  }
  return record;
}

std::vector<StateRecord> StateStore::list() const {
  std::vector<StateRecord> records;
  for (const std::string& key : named_directories(root_ + "/states")) {
    if (auto record = find(key)) records.push_back(std::move(*record));
  }
  return records;
}

bool StateStore::commit(const std::string& key, const std::string& upper_dir,
                        const std::string& meta_json) const {
  const std::string target = directory(root_, key);
  if (has(key)) return false;
  const TmpDir tmp = TmpDir::create(root_);
  const std::string made = tmp.path() + "/state";
  make_directories(made, 0755);
  replace_file(made + "/meta.json", meta_json);
  const auto action = [&] { return "store state " + key; };
  check(rename(upper_dir.c_str(), (made + "/diff").c_str()), action);
  if (rename(made.c_str(), target.c_str()) == 0) return true;
  // One that something else has damaged makes room.
  if (!has(key) && rename(target.c_str(), (tmp.path() + "/damaged").c_str()) == 0 &&
      rename(made.c_str(), target.c_str()) == 0)
    return true;
  const int code = errno;
  rename((made + "/diff").c_str(), upper_dir.c_str());
  if (code == EEXIST || code == ENOTEMPTY) return false;
  throw SystemError(code, action());
}

bool StateStore::remove(const std::string& key) const {
  const std::string path = directory(root_, key);
  if (!has(key)) return false;
  auto lock = FileLock::try_acquire_directory(path, FileLock::Mode::exclusive);
  if (!lock && !has(key)) return false;
  if (!lock) throw Conflict("remove state " + key + ": a container uses it; remove the container first");
  try {
    TmpDir::take(root_, path, std::move(*lock));
    return true;
  } catch (const SystemError& error) {
    if (error.code() == ENOENT) return false;
    throw;
  }
}

FileLock StateStore::use(const std::string& key) const {
  const std::string path = directory(root_, key);
  auto lock = FileLock::try_acquire_directory(path, FileLock::Mode::shared);
  // Only remove() holds it exclusively.
  if (!lock) throw NotFound("use state " + key + ": there is none of that key");
  return std::move(*lock);
}

FileLock StateStore::lock(const std::string& key, Deadline deadline) const {
  checked_name(key, "state");
  return FileLock::acquire(root_ + "/locks/state-" + key, FileLock::Mode::exclusive, deadline,
                           "state " + key);
}

}  // namespace devenv::store
