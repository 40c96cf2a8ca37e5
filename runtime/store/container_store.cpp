#include "container_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "devenv/error.h"
#include "names.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "tmp_dir.h"
#include "tree.h"

namespace devenv::store {
namespace {

/// Empty when there is none, or none that could be a link's.
std::string name_in(std::string_view record) {
  try {
    const std::string name = parse_json(record, "the record").at("name").get<std::string>();
    return is_name(name) ? name : std::string();
  } catch (const std::exception&) {
    return {};
  }
}

/// The id a name leads to; empty when there is no such link.
std::string link_target(int dirfd, const std::string& path) {
  char target[256];
  const ssize_t size = readlinkat(dirfd, path.c_str(), target, sizeof target);
  return size < 0 ? std::string() : std::string(target, static_cast<std::size_t>(size));
}

}  // namespace

std::string ContainerStore::path(const std::string& id) const {
  return root_ + "/containers/" + checked_name(id, "container");
}

std::string ContainerStore::create(const std::string& id, std::string_view config_json) const {
  const std::string target = path(id), name = name_in(config_json);
  const TmpDir tmp = TmpDir::create(root_);
  const std::string made = tmp.path() + "/container";
  make_directories(made, 0700);
  replace_file(made + "/config.json", config_json, 0600);
  index_names();
  const FileLock alone = lock();
  if (has(id)) throw Conflict("create container " + id + ": it exists already");
  if (!name.empty()) take_name(name, id);
  // A name whose container does not exist is free: so it is when this process is killed here.
  if (rename(made.c_str(), target.c_str()) != 0) throw SystemError(errno, "create container " + id);
  return target;
}

std::optional<std::string> ContainerStore::load(const std::string& id) const {
  try {
    return read_file(path(id) + "/config.json");
  } catch (const SystemError& error) {
    if (error.code() != ENOENT) throw;
    if (!has(id)) return std::nullopt;
    throw Error("read the record of container " + id + ": it is missing", "devenv rm " + id);
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

std::vector<std::string> ContainerStore::ids() const { return named_directories(root_ + "/containers"); }

std::optional<std::string> ContainerStore::find(const std::string& id_or_name) const {
  if (id_or_name.empty()) return std::nullopt;
  std::optional<std::string> match;
  bool several = false;
  for (std::string& id : ids()) {
    if (id == id_or_name) return std::move(id);
    if (!id.starts_with(id_or_name)) continue;
    several = match.has_value();
    match = std::move(id);
  }
  if (auto named = find_name(id_or_name)) return named;
  if (several)
    throw Conflict("find container " + id_or_name + ": more than one id begins like that",
                   "give more digits");
  return match;
}

std::optional<std::string> ContainerStore::find_name(const std::string& name) const {
  if (!is_name(name)) return std::nullopt;
  index_names();
  std::string id = link_target(AT_FDCWD, names() + "/" + name);
  return is_name(id) && has(id) ? std::optional(std::move(id)) : std::nullopt;
}

std::string ContainerStore::name_of(const std::string& id) const {
  const UniqueFd dir(open(names().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // A store without an index: removing is to need no space, so none is made here.
  if (!dir) return {};
  for (const std::string& name : names_in(dir.get()))
    if (link_target(dir.get(), name) == id) return name;
  return {};
}

void ContainerStore::remove(const std::string& id) const {
  const std::string from = path(id);
  auto in_use = FileLock::try_acquire_directory(from, FileLock::Mode::exclusive);
  if (!in_use) return;  // gone, or being removed
  // The name goes first: while the container is there, nobody else can take it.
  if (const std::string name = name_of(id); !name.empty()) unlink((names() + "/" + name).c_str());
  try {
    TmpDir::take(root_, from, std::move(*in_use));
  } catch (const SystemError& error) {
    if (error.code() != ENOENT) throw;
  }
}

bool ContainerStore::has(const std::string& id) const { return access(path(id).c_str(), F_OK) == 0; }

/// Of a store that has no index yet.
void ContainerStore::index_names() const {
  if (access(names().c_str(), F_OK) == 0) return;
  const FileLock alone = lock();
  if (access(names().c_str(), F_OK) == 0) return;
  const TmpDir tmp = TmpDir::create(root_);
  const std::string made = tmp.path() + "/names";
  make_directories(made, 0700);
  for (const std::string& id : ids()) {
    try {
      const std::string name = name_in(load(id).value_or(""));
      // The first of a name has it.
      if (!name.empty()) (void)!symlink(id.c_str(), (made + "/" + name).c_str());
    } catch (const Error&) {
      // Its record cannot be read, and its name is lost.
    }
  }
  check(rename(made.c_str(), names().c_str()), [&] { return "make directory " + names(); });
}

void ContainerStore::take_name(const std::string& name, const std::string& id) const {
  const std::string link = names() + "/" + name;
  if (find_name(name))
    throw Conflict("name container " + name + ": the name is taken", "remove it: devenv rm " + name);
  unlink(link.c_str());  // of a container that was never made whole
  check(symlink(id.c_str(), link.c_str()), [&] { return "name container " + name; });
}

FileLock ContainerStore::lock() const {
  return FileLock::acquire(root_ + "/locks/containers", FileLock::Mode::exclusive,
                           Deadline::after(std::chrono::seconds(60)), "the list of containers");
}

}  // namespace devenv::store
