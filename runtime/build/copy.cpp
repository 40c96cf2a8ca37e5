#include "copy.h"

#include <devenv/error.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "archive.h"
#include "file_copy.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/store/attributes.h"
#include "text.h"

namespace devenv::build {
namespace {

using store::Tree;

struct Place {
  UniqueFd dir;
  std::string path, name;  ///< path: of the directory, resolved
};

class Copier {
 public:
  explicit Copier(const CopyTarget& target) : target_(target), tree_(target.root_fd) {}

  /// Where a file called `name` belongs: into the destination when that is a directory, else onto it.
  Place place_for(const std::string& parent, const std::string& name) {
    std::string path = clean_path(target_.destination + "/" + parent).substr(1);
    const bool into = target_.destination.ends_with('/') || target_.parents || is_dir(path);
    if (into) path = store::join_path(path, name);
    // A link in the file's own place is followed, as with cp.
    const std::string resolved = tree_.resolve(path);
    if (into && is_dir(resolved))
      throw Error("cannot copy file " + name + " onto directory /" + resolved,
                  "remove the directory or rename the file");
    return open_place(resolved);
  }

  Place open_place(const std::string& resolved) {
    const std::string parent = store::parent_of(resolved);
    make(parent);
    return {tree_.open_directory(tree_.resolve(parent)), parent, store::base_of(resolved)};
  }

  void make(const std::string& path) { make_directory(target_.root_fd, "/" + path, owner_or_root()); }

  Owner owner_or_root() const { return target_.owner.value_or(Owner{0, 0}); }

  void put(const SourceEntry& entry, int dirfd, const std::string& name) {
    if (S_ISSOCK(entry.st.st_mode)) return;
    if (const auto old = store::stat_at(dirfd, name)) {
      if (S_ISDIR(old->st_mode))
        throw Error("cannot copy file " + entry.name + " onto directory " + name,
                    "remove the directory or rename the file");
      check(unlinkat(dirfd, name.c_str(), 0), [&] { return "replace " + name; });
    }
    copy_file(entry, dirfd, name, target_.owner, target_.mode);
  }

  void copy_directory(const SourceTree& source, const SourceMatch& match, const IgnoreRules& excludes) {
    std::string base = clean_path(target_.destination + "/" + match.parent).substr(1);
    if (target_.parents) base = store::join_path(base, match.name);
    std::string resolved = tree_.resolve(base);
    if (exists(resolved) && !is_dir(resolved))
      throw Error("cannot copy a directory onto file /" + resolved,
                  "end the destination with / or choose another");
    make(resolved);
    // Attributes of new directories come last: a read-only one must be filled first.
    std::vector<std::pair<std::string, store::Attributes>> made;
    source.walk(match.path, excludes, [&](const SourceEntry& entry) {
      const std::string path = store::join_path(base, entry.path);
      const UniqueFd parent = tree_.open_directory(tree_.resolve(store::parent_of(path)));
      const std::string name = store::base_of(path);
      if (!S_ISDIR(entry.st.st_mode)) return put(entry, parent.get(), name);
      if (make_child(parent.get(), path, name)) made.emplace_back(path, attributes_of(entry));
    });
    for (auto it = made.rbegin(); it != made.rend(); ++it) {
      const UniqueFd dir = tree_.open_directory(tree_.resolve(it->first));
      store::set_attributes(dir.get(), it->second, true, true);
    }
  }

 private:
  bool is_dir(const std::string& path) { return build::is_directory(target_.root_fd, "/" + path); }
  bool exists(const std::string& resolved) {
    if (resolved.empty()) return true;
    try {
      const UniqueFd dir = tree_.open_directory(store::parent_of(resolved));
      return store::stat_at(dir.get(), store::base_of(resolved)).has_value();
    } catch (const SystemError&) {
      return false;
    }
  }

  // A directory that is there, also behind a link, keeps its attributes.
  bool make_child(int parent, const std::string& path, const std::string& name) {
    if (mkdirat(parent, name.c_str(), 0700) == 0) return true;
    if (errno != EEXIST) throw SystemError(errno, "make directory /" + path);
    if (!is_dir(path))
      throw Error("cannot copy a directory onto file /" + path, "remove the file or rename the directory");
    return false;
  }

  store::Attributes attributes_of(const SourceEntry& entry) const {
    return file_attributes(entry, target_.owner, target_.mode);
  }

  const CopyTarget& target_;
  Tree tree_;
};

bool unpack_fd(int fd, const std::string& name, const CopyTarget& target) {
  if (!is_archive(fd, name)) return false;
  const std::string path = clean_path(target.destination);
  make_directory(target.root_fd, path, target.owner.value_or(Owner{0, 0}));
  const Tree tree(target.root_fd);
  const UniqueFd dir = tree.open_directory(tree.resolve(path.substr(1)));
  unpack_archive(fd, name, dir.get(), target.unpack_owner);
  return true;
}

// The source as ADD sees it: an archive is unpacked into the destination.
bool unpack_entry(const SourceEntry& entry, const CopyTarget& target) {
  if (!S_ISREG(entry.st.st_mode)) return false;
  const UniqueFd file(
      check(openat(entry.dirfd, entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
            [&] { return "open " + entry.name; }));
  return unpack_fd(file.get(), entry.name, target);
}

}  // namespace

void copy_match(const SourceTree& source, const SourceMatch& match, const IgnoreRules& excludes,
                const CopyTarget& target) {
  Copier copier(target);
  if (match.directory) {
    copier.copy_directory(source, match, excludes);
    return;
  }
  const UniqueFd dir = source.tree().open_directory(store::parent_of(match.path));
  const std::string name = store::base_of(match.path);
  const auto st = store::stat_at(dir.get(), name);
  if (!st) throw NotFound("copy " + match.path + ": it was removed during the build");
  if (!excludes.empty() && (excludes.ignored(match.name) || excludes.ignored(match.path))) return;
  const SourceEntry entry{"", *st, dir.get(), name};
  if (target.unpack && unpack_entry(entry, target)) return;
  const Place place = copier.place_for(match.parent, match.name);
  copier.put(entry, place.dir.get(), place.name);
}

void copy_content(const std::string& content, const std::string& name, unsigned mode,
                  const CopyTarget& target) {
  Copier copier(target);
  const Place place = copier.place_for("", name);
  unlinkat(place.dir.get(), place.name.c_str(), 0);
  const UniqueFd file =
      open_file_at(place.dir.get(), place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  write_all(file.get(), content, place.name);
  const Owner owner = copier.owner_or_root();
  check(fchown(file.get(), owner.first, owner.second), [&] { return "set the owner of " + place.name; });
  check(fchmod(file.get(), target.mode.value_or(mode)), [&] { return "set the mode of " + place.name; });
}

void copy_download(int file_fd, const std::string& name, std::int64_t mtime_s, const CopyTarget& target) {
  Copier copier(target);
  const Place place = copier.place_for("", name);
  unlinkat(place.dir.get(), place.name.c_str(), 0);
  const UniqueFd file =
      open_file_at(place.dir.get(), place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  copy_bytes(file_fd, file.get(), name);
  const Owner owner = copier.owner_or_root();
  check(fchown(file.get(), owner.first, owner.second), [&] { return "set the owner of " + place.name; });
  check(fchmod(file.get(), target.mode.value_or(0600)), [&] { return "set the mode of " + place.name; });
  if (mtime_s < 0) return;
  const std::array<timespec, 2> times = {timespec{mtime_s, 0}, timespec{mtime_s, 0}};
  futimens(file.get(), times.data());
}

bool unpack_download(int file_fd, const std::string& name, const CopyTarget& target) {
  return unpack_fd(file_fd, name, target);
}

bool is_directory(int root_fd, const std::string& path) {
  const Tree tree(root_fd);
  try {
    tree.open_directory(tree.resolve(clean_path("/" + path).substr(1)));
    return true;
  } catch (const SystemError&) {
    return false;
  }
}

bool make_directory(int root_fd, const std::string& path, Owner owner) {
  const Tree tree(root_fd);
  std::string done;
  bool made = false;
  const std::string resolved = tree.resolve(clean_path("/" + path).substr(1));
  for (std::size_t begin = 0; begin < resolved.size();) {
    const std::size_t end = std::min(resolved.find('/', begin), resolved.size());
    const std::string name = resolved.substr(begin, end - begin);
    const UniqueFd parent = tree.open_directory(done);
    if (mkdirat(parent.get(), name.c_str(), 0755) == 0) {
      made = true;
      const UniqueFd dir = open_file_at(parent.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      check(fchmod(dir.get(), 0755), [&] { return "set the mode of /" + resolved.substr(0, end); });
      check(fchown(dir.get(), owner.first, owner.second),
            [&] { return "set the owner of /" + resolved.substr(0, end); });
    } else if (errno != EEXIST) {
      throw SystemError(errno, "make directory /" + resolved.substr(0, end));
    }
    done = resolved.substr(0, end);
    begin = end + 1;
  }
  if (!is_directory(root_fd, path))
    throw Error("make directory " + path + ": a file is in its place",
                "choose another path or remove the file");
  return made;
}

}  // namespace devenv::build
