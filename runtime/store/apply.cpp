#include "apply.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <unordered_set>

#include "attributes.h"
#include "compression.h"
#include "devenv/error.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/sha256.h"
#include "tar_numbers.h"
#include "tar_reader.h"
#include "tree.h"

namespace devenv::store {
namespace {

constexpr std::string_view whiteout_prefix = ".wh.";
constexpr std::string_view whiteout_meta = ".wh..wh.";
constexpr std::string_view opaque_marker = ".wh..wh..opq";

/// What docker does with times the kernel or Go cannot hold: the epoch.
timespec bounded(timespec time) {
  constexpr std::int64_t most = INT64_MAX / 1'000'000'000;
  return time.tv_sec < 0 || time.tv_sec > most ? timespec{} : time;
}

timespec later(timespec a, timespec b) {
  return a.tv_sec != b.tv_sec ? (a.tv_sec > b.tv_sec ? a : b) : (a.tv_nsec > b.tv_nsec ? a : b);
}

/// Applies entries one by one. `touched_` knows what this layer made, so that its whiteouts, wherever they
/// stand, hide only what lower layers had.
class Applier {
 public:
  Applier(int root, const ApplyOptions& options) : tree_(root), options_(options) {}

  void apply(const TarEntry& entry, TarReader& reader);
  /// At the end: making files in a directory changes its time.
  void set_directory_times();

 private:
  struct Place {
    std::string path;  ///< resolved, from the root
    int parent;        ///< its directory
    std::string name;
  };

  Place locate(const std::string& clean);
  void forget_parent() { parent_fd_.reset(); }
  void touch(std::string path);
  bool whiteout(const std::string& clean);
  void hide(int parent, const std::string& name, const std::string& path);
  void hide_children(int directory, const std::string& path);

  void apply_root(const TarEntry& entry);
  void make_directory(const Place& place, const TarEntry& entry, bool exists);
  void make_file(const Place& place, const TarEntry& entry, TarReader& reader);
  void make_hard_link(const Place& place, const TarEntry& entry);
  void make_node(const Place& place, const TarEntry& entry);
  Attributes attributes_of(const TarEntry& entry) const;
  void count_bytes(std::uint64_t bytes);

  Tree tree_;
  const ApplyOptions& options_;
  std::string parent_name_, parent_path_;  ///< as in the archive, and resolved; of parent_fd_
  UniqueFd parent_fd_;
  bool inherits_acl_ = false;  ///< what is made in the parent gets access rights that no entry gave it
  std::unordered_set<std::string> touched_;
  std::map<std::string, Attributes> directory_times_;
  std::uint64_t bytes_ = 0;
};

Attributes Applier::attributes_of(const TarEntry& entry) const {
  Attributes attributes;
  attributes.uid = options_.owner ? options_.owner->first : entry.uid;
  attributes.gid = options_.owner ? options_.owner->second : entry.gid;
  attributes.mode = entry.mode;
  attributes.mtime = bounded(entry.mtime);
  attributes.atime = bounded(later(entry.atime, entry.mtime));
  attributes.xattrs = entry.xattrs;
  return attributes;
}

Applier::Place Applier::locate(const std::string& clean) {
  const std::string parent = parent_of(clean);
  if (!parent_fd_ || parent != parent_name_) {
    forget_parent();
    parent_path_ = tree_.resolve(parent);
    parent_fd_ = tree_.open_directory(parent_path_, true);
    parent_name_ = parent;
    inherits_acl_ = fgetxattr(parent_fd_.get(), "system.posix_acl_default", nullptr, 0) > 0;
  }
  const std::string name = base_of(clean);
  return {join_path(parent_path_, name), parent_fd_.get(), name};
}

void Applier::touch(std::string path) {
  while (touched_.insert(path).second && !path.empty()) path = parent_of(path);
}

void Applier::hide(int parent, const std::string& name, const std::string& path) {
  if (!touched_.contains(path)) {
    remove_at(parent, name);
    return;
  }
  const auto st = stat_at(parent, name);
  if (!st || !S_ISDIR(st->st_mode)) return;
  const UniqueFd directory = open_file_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  hide_children(directory.get(), path);
}

void Applier::hide_children(int directory, const std::string& path) {
  for (const std::string& name : names_in(directory)) hide(directory, name, join_path(path, name));
}

/// Whether the entry is a whiteout, which then has been applied.
bool Applier::whiteout(const std::string& clean) {
  const std::string name = base_of(clean);
  if (!name.starts_with(whiteout_prefix)) return false;
  if (name == opaque_marker) {
    const Place place = locate(clean);
    hide_children(place.parent, parent_path_);
  } else {
    const std::string hidden = name.substr(whiteout_prefix.size());
    if (hidden.empty() || hidden == "." || hidden == "..") throw Error("a whiteout that names nothing");
    const Place place = locate(clean);
    hide(place.parent, hidden, join_path(parent_path_, hidden));
  }
  forget_parent();
  return true;
}

void Applier::apply(const TarEntry& entry, TarReader& reader) {
  const std::string clean = clean_path(entry.name);
  if (clean.empty()) return apply_root(entry);
  if (options_.whiteouts) {
    // AUFS's own bookkeeping, in layers of old dockers.
    if (clean.starts_with(whiteout_meta) && clean != opaque_marker) return;
    if (whiteout(clean)) return;
  }
  const Place place = locate(clean);
  const auto existing = stat_at(place.parent, place.name);
  const bool merge = existing && S_ISDIR(existing->st_mode) && entry.type == EntryType::directory;
  if (existing && !merge) {
    // A hard link onto itself has nothing to keep: linking would find its target gone.
    remove_at(place.parent, place.name);
    directory_times_.erase(place.path);
  }
  switch (entry.type) {
    case EntryType::directory:
      make_directory(place, entry, merge);
      break;
    case EntryType::regular:
      make_file(place, entry, reader);
      break;
    case EntryType::hard_link:
      make_hard_link(place, entry);
      break;
    default:
      make_node(place, entry);
      break;
  }
  if (options_.whiteouts) touch(place.path);
  if (existing && !merge) forget_parent();  // what it led through may be gone
}

void Applier::apply_root(const TarEntry& entry) {
  if (entry.type != EntryType::directory) throw Error("the root can only be a directory");
  set_attributes(tree_.open_directory("").get(), attributes_of(entry), true, false);
  directory_times_[""] = attributes_of(entry);
}

void Applier::make_directory(const Place& place, const TarEntry& entry, bool exists) {
  if (!exists) check(mkdirat(place.parent, place.name.c_str(), 0700), "create directory");
  const UniqueFd fd(
      check(openat(place.parent, place.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
            "open directory"));
  const Attributes attributes = attributes_of(entry);
  set_attributes(fd.get(), attributes, exists || inherits_acl_, false);
  directory_times_[place.path] = attributes;
}

void Applier::make_file(const Place& place, const TarEntry& entry, TarReader& reader) {
  count_bytes(entry.size);
  const UniqueFd fd(check(
      openat(place.parent, place.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
      "create file"));
  char buffer[128 * 1024];
  const auto copy = [&](std::uint64_t left) {
    while (left > 0) {
      const std::size_t n = reader.read(buffer, std::min<std::uint64_t>(sizeof buffer, left));
      if (n == 0) throw Error("its data is cut off");
      write_all(fd.get(), {buffer, n}, "file");
      left -= n;
    }
  };
  if (!entry.sparse) copy(entry.size);
  for (const DataRange& range : entry.ranges) {
    check(lseek(fd.get(), static_cast<off_t>(range.offset), SEEK_SET), "seek");
    copy(range.length);
  }
  if (entry.sparse) check(ftruncate(fd.get(), static_cast<off_t>(entry.size)), "set size");
  set_attributes(fd.get(), attributes_of(entry), inherits_acl_, true);
}

void Applier::make_hard_link(const Place& place, const TarEntry& entry) {
  const std::string target = clean_path(entry.link);
  if (target.empty()) throw Error("a hard link without a target");
  // The target itself is not followed: a link to a symlink is another name of the symlink.
  const std::string directory = tree_.resolve(parent_of(target));
  const UniqueFd parent = tree_.open_directory(directory);
  const std::string name = base_of(target);
  check(linkat(parent.get(), name.c_str(), place.parent, place.name.c_str(), 0),
        [&] { return "link to " + shown(entry.link); });
  set_attributes_at(place.parent, place.name, attributes_of(entry));
}

void Applier::make_node(const Place& place, const TarEntry& entry) {
  if (entry.type == EntryType::symlink) {
    check(symlinkat(entry.link.c_str(), place.parent, place.name.c_str()), "create symbolic link");
  } else {
    // The kernel's device numbers have 12 and 20 bits; more would silently become another device.
    if (entry.device_major > 0xfff || entry.device_minor > 0xfffff)
      throw Error("device number " + std::to_string(entry.device_major) + ":" +
                  std::to_string(entry.device_minor) + " is out of range");
    const mode_t type = entry.type == EntryType::fifo          ? S_IFIFO
                        : entry.type == EntryType::char_device ? S_IFCHR
                                                               : S_IFBLK;
    const dev_t device = entry.type == EntryType::fifo ? 0
                                                       : makedev(static_cast<unsigned>(entry.device_major),
                                                                 static_cast<unsigned>(entry.device_minor));
    if (mknodat(place.parent, place.name.c_str(), type | 0600, device) != 0) {
      // An overlay mount refuses 0:0, its own whiteout; as one it has just been applied.
      if (errno == EPERM && type == S_IFCHR && device == 0 && options_.whiteouts) return;
      throw SystemError(errno, "create device", "making devices needs root");
    }
  }
  set_attributes_at(place.parent, place.name, attributes_of(entry), inherits_acl_);
}

void Applier::count_bytes(std::uint64_t bytes) {
  if (bytes > options_.max_bytes - bytes_)
    throw Error("the files together exceed the limit of " + std::to_string(options_.max_bytes) + " bytes");
  bytes_ += bytes;
}

void Applier::set_directory_times() {
  for (const auto& [path, attributes] : directory_times_) {
    UniqueFd fd;
    try {
      fd = tree_.open_directory(path);
    } catch (const SystemError&) {
      continue;  // hidden or replaced later in this layer
    }
    const timespec both[2] = {attributes.atime, attributes.mtime};
    check(futimens(fd.get(), both), [&, &name = path] { return "set times of " + shown(name); });
  }
}

/// The plain bytes of an archive, hashed and counted on the way.
struct HashedStream {
  HashedStream(ByteSource archive, std::uint64_t most) : compressed(std::move(archive)), limit(most) {}

  std::size_t read(char* buffer, std::size_t wanted) {
    // Recognised here and not in the constructor, so that its errors name the layer too.
    if (!source) source = decompressed(std::move(compressed));
    const std::size_t n = source(buffer, wanted);
    hash.update({buffer, n});
    size += n;
    if (size > limit) throw Error("the archive exceeds the limit of " + std::to_string(limit) + " bytes");
    return n;
  }

  ByteSource compressed, source;
  std::uint64_t limit;
  Sha256 hash;
  std::uint64_t size = 0;
};

}  // namespace

ApplyResult apply_layer(int root_dirfd, ByteSource archive, const ApplyOptions& options) {
  HashedStream plain(std::move(archive), options.max_bytes);
  TarReader reader([&plain](char* buffer, std::size_t size) { return plain.read(buffer, size); });
  Applier applier(root_dirfd, options);
  ApplyResult result;
  const auto where = [&] {
    return reader.name().empty() ? std::string("apply layer") : "apply layer: entry " + shown(reader.name());
  };
  try {
    while (const std::optional<TarEntry> entry = reader.next()) {
      if (++result.entries > options.max_entries)
        throw Error("more than " + std::to_string(options.max_entries) + " entries");
      applier.apply(*entry, reader);
    }
    reader.drain();
    applier.set_directory_times();
  } catch (const SystemError& error) {
    throw SystemError(where(), error);
  } catch (const Error& error) {
    throw Error(where() + ": " + error.what());
  }
  result.diff_id = "sha256:" + plain.hash.hex();
  result.size = plain.size;
  return result;
}

bool looks_like_archive(std::string_view data) {
  if (compression_of(data.substr(0, 6)) != Compression::none) return true;
  if (data.size() < 512 || !checksum_fits(data.data())) return false;
  return std::any_of(data.begin(), data.begin() + 512, [](char c) { return c != 0; });
}

}  // namespace devenv::store
