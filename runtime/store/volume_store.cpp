#include "volume_store.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>

#include "devenv/error.h"
#include "names.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "tmp_dir.h"
#include "tree.h"

namespace devenv::store {
namespace {

std::string directory(const std::string& root, const std::string& name) {
  if (checked_name(name, "name volume").size() < 2)
    throw Error("name volume \"" + name + "\": too short; use two characters or more");
  return root + "/volumes/" + name;
}

NotFound not_found(const std::string& name) {
  return NotFound("find volume " + name + ": there is none of that name", "see: devenv volume ls");
}

bool is_directory(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

}  // namespace

bool VolumeStore::has(const std::string& name) const { return is_directory(directory(root_, name)); }

VolumeRecord VolumeStore::create(const std::string& name,
                                 const std::map<std::string, std::string>& labels) const {
  const std::string target = directory(root_, name);
  if (is_directory(target)) return get(name);
  const TmpDir tmp = TmpDir::create(root_);
  const std::string made = tmp.path() + "/volume";
  make_directories(made, 0755);
  make_directories(made + "/_data", 0755);
  const Json meta = {{"created", std::time(nullptr)}, {"labels", labels}};
  replace_file(made + "/meta.json", dump_json(meta));
  // The loser of a race takes the winner's.
  if (rename(made.c_str(), target.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
    throw SystemError(errno, "create volume " + name);
  return get(name);
}

VolumeRecord VolumeStore::get(const std::string& name) const {
  const std::string path = directory(root_, name);
  if (!is_directory(path)) throw not_found(name);
  VolumeRecord record;
  record.name = name;
  record.data_path = path + "/_data";
  try {
    const std::string file = path + "/meta.json";
    const Json meta = parse_json(read_file(file), file);
    record.created_unix_s = json_value<std::int64_t>(meta, "created", 0, file);
    record.labels = json_value<std::map<std::string, std::string>>(meta, "labels", {}, file);
  } catch (const Error&) {
    // The data is what counts; a lost record costs a date.
  }
  return record;
}

std::vector<VolumeRecord> VolumeStore::list() const {
  std::vector<VolumeRecord> records;
  for (const std::string& name : named_directories(root_ + "/volumes")) {
    try {
      records.push_back(get(name));
    } catch (const NotFound&) {
      // removed meanwhile
    }
  }
  return records;
}

FileLock VolumeStore::use(const std::string& name) const {
  auto lock = FileLock::try_acquire_directory(directory(root_, name), FileLock::Mode::shared);
  if (!lock) throw not_found(name);  // only remove() holds it exclusively
  return std::move(*lock);
}

std::pair<VolumeRecord, FileLock> VolumeStore::obtain(const std::string& name, Deadline deadline) const {
  for (;;) {
    try {
      VolumeRecord volume = create(name);
      return {std::move(volume), use(name)};
    } catch (const NotFound&) {
      if (deadline.passed()) throw Timeout("use volume " + name + ": somebody keeps removing it");
      poll(nullptr, 0, 1);  // a removal holds the lock for the time of a rename
    }
  }
}

void VolumeStore::remove(const std::string& name) const {
  const std::string path = directory(root_, name);
  if (!is_directory(path)) throw not_found(name);
  auto lock = FileLock::try_acquire_directory(path, FileLock::Mode::exclusive);
  if (!lock && !is_directory(path)) throw not_found(name);
  if (!lock) throw Conflict("remove volume " + name + ": a container uses it; remove the container first");
  try {
    TmpDir::take(root_, path, std::move(*lock));
  } catch (const SystemError& error) {
    if (error.code() == ENOENT) throw not_found(name);
    throw;
  }
}

FileLock VolumeStore::lock(const std::string& name, Deadline deadline) const {
  checked_name(name, "volume");
  return FileLock::acquire(root_ + "/locks/volume-" + name, FileLock::Mode::exclusive, deadline,
                           "volume " + name);
}

bool VolumeStore::is_empty(const std::string& name) const {
  return names_in(open_file(get(name).data_path, O_RDONLY | O_DIRECTORY).get()).empty();
}

}  // namespace devenv::store
