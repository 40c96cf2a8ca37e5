// What a directory tree holds, read once: the input of diff.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>

#include "attributes.h"

namespace devenv::store {

struct Node {
  struct stat st {};
  std::string link;       ///< of a symlink
  Xattrs xattrs;          ///< portable ones
  bool whiteout = false;  ///< overlay: hides a lower name
  bool opaque = false;    ///< overlay: a directory that hides everything below it

  bool is_directory() const { return S_ISDIR(st.st_mode); }
  bool is_regular() const { return S_ISREG(st.st_mode); }
};

/// By path from the root, without the root itself and without sockets (no archive can hold them).
using Nodes = std::map<std::string, Node>;

/// `overlay`: the tree is an overlay upper directory, whose marks are read. Throws Error naming the path for
/// marks a layer cannot express (redirects, metadata-only copies), SystemError.
Nodes scan_tree(int root_dirfd, bool overlay);

/// Opens `path` below `root_dirfd` for reading, no symlink followed.
UniqueFd open_beneath(int root_dirfd, const std::string& path);

}  // namespace devenv::store
