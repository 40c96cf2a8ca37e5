// A directory tree seen as a root: paths are resolved inside it as a process chrooted there would, by
// descriptor. The kernel (openat2) guards the last step, so that a concurrent swap of a directory for a link
// is an error, never a way out.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::store {

/// `path` cleaned as Go's filepath.Clean, relative ("" is the root). Throws Error when ".." leads above it.
std::string clean_path(const std::string& path);
/// The part before and after the last '/'.
std::string parent_of(const std::string& clean);
std::string base_of(const std::string& clean);
std::string join_path(const std::string& parent, const std::string& name);

class Tree {
 public:
  /// `root_dirfd` is not owned.
  explicit Tree(int root_dirfd) : root_(root_dirfd) {}

  int root() const { return root_; }
  /// `clean` with all symlinks followed inside the root, its last component too; parts that do not exist are
  /// kept. Throws SystemError ELOOP.
  std::string resolve(const std::string& clean) const;
  /// Opens resolved directory `path` ("" too), made with its missing parents (0755) when `make`.
  /// Throws SystemError: ENOENT, ENOTDIR, ELOOP when something was swapped for a symlink.
  UniqueFd open_directory(const std::string& path, bool make = false) const;

 private:
  int open_beneath(const std::string& path, int flags) const;
  int root_;
};

/// lstat of `name` in `dirfd`; nullopt when it does not exist.
std::optional<struct stat> stat_at(int dirfd, const std::string& name);
/// Removes `name`, and everything below it, following nothing. Missing is fine.
void remove_at(int dirfd, const std::string& name);
/// Names in `dirfd` without "." and "..", sorted.
std::vector<std::string> names_in(int dirfd);

}  // namespace devenv::store
