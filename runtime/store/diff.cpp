#include "diff.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "devenv/error.h"
#include "runtime/base/check.h"
#include "scan.h"
#include "tar_writer.h"
#include "tree.h"

namespace devenv::store {
namespace {

using Inode = std::pair<dev_t, ino_t>;

Inode inode_of(const Node& node) { return {node.st.st_dev, node.st.st_ino}; }

/// The entries of a layer by the path they are written under: a node, or nullptr for a whiteout.
using Changes = std::map<std::string, const Node*>;

std::string whiteout_of(const std::string& path) {
  return join_path(parent_of(path), ".wh." + base_of(path));
}

/// Enters `path` and the directories it lies in.
void add_with_parents(Changes& changes, const Nodes& nodes, const std::string& path, const Node* node,
                      const std::string& entry) {
  for (std::string parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
    const auto found = nodes.find(parent);
    if (found == nodes.end() || !changes.emplace(parent, &found->second).second) break;
  }
  changes.emplace(entry, node);
}

class LayerWriter {
 public:
  LayerWriter(int root, const ByteSink& out, const DiffOptions& options)
      : root_(root), tar_(out), options_(options) {}

  void write(const Changes& changes) {
    for (const auto& [path, node] : changes) {
      if (node)
        write_node(path, *node);
      else
        write_whiteout(path);
    }
    tar_.finish();
  }

 private:
  void write_whiteout(const std::string& path) {
    TarEntry entry;
    entry.name = path;
    tar_.begin(entry);
    tar_.end();
  }

  void write_node(const std::string& path, const Node& node) {
    if (base_of(path).starts_with(".wh."))
      throw Error("make layer: " + shown(path) + ": names that begin with .wh. mean deletions in a layer",
                  "rename or remove the file");
    TarEntry entry = describe(path, node);
    if (!node.is_directory() && node.st.st_nlink > 1) {
      const auto [first, is_new] = links_.emplace(inode_of(node), path);
      if (!is_new) {
        entry.type = EntryType::hard_link;
        entry.link = first->second;
        entry.size = 0;
        entry.xattrs.clear();
      }
    }
    tar_.begin(entry);
    if (entry.type == EntryType::regular && entry.size > 0) copy(path);
    tar_.end();
  }

  TarEntry describe(const std::string& path, const Node& node) const {
    TarEntry entry;
    entry.name = node.is_directory() ? path + "/" : path;
    entry.type = type_of(node.st.st_mode);
    entry.link = node.link;
    entry.mode = node.st.st_mode & 07777;
    entry.uid = node.st.st_uid;
    entry.gid = node.st.st_gid;
    if (node.is_regular()) entry.size = static_cast<std::uint64_t>(node.st.st_size);
    entry.mtime = node.st.st_mtim;
    if (options_.clamp_mtime_s && entry.mtime.tv_sec >= *options_.clamp_mtime_s)
      entry.mtime = {*options_.clamp_mtime_s, 0};
    if (S_ISCHR(node.st.st_mode) || S_ISBLK(node.st.st_mode)) {
      entry.device_major = major(node.st.st_rdev);
      entry.device_minor = minor(node.st.st_rdev);
    }
    entry.xattrs = node.xattrs;
    return entry;
  }

  static EntryType type_of(mode_t mode) {
    switch (mode & S_IFMT) {
      case S_IFDIR:
        return EntryType::directory;
      case S_IFLNK:
        return EntryType::symlink;
      case S_IFCHR:
        return EntryType::char_device;
      case S_IFBLK:
        return EntryType::block_device;
      case S_IFIFO:
        return EntryType::fifo;
      default:
        return EntryType::regular;
    }
  }

  void copy(const std::string& path) {
    const UniqueFd file = open_beneath(root_, path);
    const ByteSource source = fd_source(file.get(), shown(path));
    try {
      for (std::size_t n; (n = source(buffer_.data(), buffer_.size())) > 0;) tar_.write({buffer_.data(), n});
    } catch (const SystemError& error) {
      throw SystemError("make layer", error);
    }
  }

  int root_;
  TarWriter tar_;
  const DiffOptions& options_;
  std::map<Inode, std::string> links_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

/// An opaque directory as whiteouts of what `lower` has there and the upper tree has not. A directory inside
/// an opaque one is not merged either.
void add_explicit_whiteouts(Changes& changes, const Nodes& upper, const Tree& lower,
                            const std::string& path) {
  UniqueFd directory;
  try {
    directory = lower.open_directory(path);
  } catch (const SystemError& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR || error.code() == ELOOP) return;
    throw;
  }
  for (const std::string& name : names_in(directory.get())) {
    const std::string child = join_path(path, name);
    const auto found = upper.find(child);
    if (found == upper.end() || found->second.whiteout)
      changes.emplace(whiteout_of(child), nullptr);
    else if (found->second.is_directory())
      add_explicit_whiteouts(changes, upper, lower, child);
  }
}

bool same_time(timespec a, timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

/// Compares two trees.
class Comparison {
 public:
  Comparison(int lower, int upper)
      : lower_root_(lower),
        upper_root_(upper),
        lower_(scan_tree(lower, false)),
        upper_(scan_tree(upper, false)),
        lower_links_(link_groups(lower_)),
        upper_links_(link_groups(upper_)) {}

  Changes changes() {
    Changes result;
    for (const auto& [path, node] : lower_) {
      // What lies in a removed or replaced directory goes with it.
      if (!upper_.contains(path) && is_directory_above(path))
        add_with_parents(result, upper_, path, nullptr, whiteout_of(path));
    }
    for (const auto& [path, node] : upper_) {
      if (is_changed(path, node)) add_with_parents(result, upper_, path, &node, path);
    }
    // A file of several names is one file: when one of them is written, so are all.
    for (const auto& [inode, names] : upper_links_) {
      if (!std::any_of(names.begin(), names.end(), [&](const auto& name) { return result.contains(name); }))
        continue;
      for (const std::string& name : names) add_with_parents(result, upper_, name, &upper_.at(name), name);
    }
    return result;
  }

 private:
  using LinkGroups = std::map<Inode, std::vector<std::string>>;

  static LinkGroups link_groups(const Nodes& nodes) {
    LinkGroups groups;
    for (const auto& [path, node] : nodes) {
      if (!node.is_directory() && node.st.st_nlink > 1) groups[inode_of(node)].push_back(path);
    }
    return groups;
  }

  static std::vector<std::string> names_of(const LinkGroups& groups, const std::string& path,
                                           const Node& node) {
    const auto found = groups.find(inode_of(node));
    return node.is_directory() || found == groups.end() ? std::vector{path} : found->second;
  }

  bool is_directory_above(const std::string& path) const {
    const std::string parent = parent_of(path);
    if (parent.empty()) return true;
    const auto found = upper_.find(parent);
    return found != upper_.end() && found->second.is_directory();
  }

  bool is_changed(const std::string& path, const Node& node) const {
    const auto found = lower_.find(path);
    if (found == lower_.end()) return true;
    const Node& old = found->second;
    if (old.st.st_mode != node.st.st_mode || old.st.st_uid != node.st.st_uid ||
        old.st.st_gid != node.st.st_gid || old.st.st_rdev != node.st.st_rdev || old.link != node.link ||
        old.xattrs != node.xattrs)
      return true;
    if (node.is_directory()) return false;
    if (!same_time(old.st.st_mtim, node.st.st_mtim)) return true;
    if (names_of(lower_links_, path, old) != names_of(upper_links_, path, node)) return true;
    return node.is_regular() && (old.st.st_size != node.st.st_size || !same_content(path));
  }

  bool same_content(const std::string& path) const {
    const UniqueFd a = open_beneath(lower_root_, path), b = open_beneath(upper_root_, path);
    std::vector<char> left(64 * 1024), right(64 * 1024);
    for (;;) {
      const std::size_t n = read_full(a.get(), left, path), m = read_full(b.get(), right, path);
      if (n != m || std::memcmp(left.data(), right.data(), n) != 0) return false;
      if (n == 0) return true;
    }
  }

  static std::size_t read_full(int fd, std::vector<char>& buffer, const std::string& path) {
    const ByteSource source = fd_source(fd, shown(path));
    std::size_t have = 0;
    while (have < buffer.size()) {
      const std::size_t n = source(buffer.data() + have, buffer.size() - have);
      if (n == 0) break;
      have += n;
    }
    return have;
  }

  int lower_root_, upper_root_;
  Nodes lower_, upper_;
  LinkGroups lower_links_, upper_links_;
};

bool write_upper(int upper_dirfd, const ByteSink& out, const DiffOptions& options) {
  const Nodes nodes = scan_tree(upper_dirfd, true);
  Changes changes;
  for (const auto& [path, node] : nodes) {
    if (node.whiteout) {
      changes.emplace(whiteout_of(path), nullptr);
      continue;
    }
    changes.emplace(path, &node);
    if (!node.opaque) continue;
    if (options.lower_dirfd >= 0)
      add_explicit_whiteouts(changes, nodes, Tree(options.lower_dirfd), path);
    else
      changes.emplace(join_path(path, ".wh..wh..opq"), nullptr);
  }
  LayerWriter(upper_dirfd, out, options).write(changes);
  return changes.empty();
}

}  // namespace

void tar_upper(int upper_dirfd, const ByteSink& out, const DiffOptions& options) {
  write_upper(upper_dirfd, out, options);
}

LayerBlob store_upper(int upper_dirfd, const BlobStore& blobs, const DiffOptions& options) {
  BlobWriter writer = blobs.begin();
  LayerBlob layer;
  layer.empty = write_upper(
      upper_dirfd, [&](std::string_view data) { writer.write(data); }, options);
  layer.size = writer.size();
  layer.digest = layer.diff_id = writer.commit();
  return layer;
}

void diff_layer(int lower_dirfd, int upper_dirfd, const ByteSink& out, const DiffOptions& options) {
  Comparison comparison(lower_dirfd, upper_dirfd);
  LayerWriter(upper_dirfd, out, options).write(comparison.changes());
}

}  // namespace devenv::store
