// Owner, extended attributes, mode and times of a file: set without following a link.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <map>
#include <string>

#include "runtime/base/unique_fd.h"

namespace devenv::store {

using Xattrs = std::map<std::string, std::string>;

/// Whether an attribute belongs to the file (true) or to the machine it lies on: overlayfs's own marks and
/// SELinux labels never enter or leave a layer.
bool is_portable_xattr(const std::string& name);

/// The portable attributes of what `fd` refers to (O_PATH will do). Empty where there is no support.
Xattrs read_xattrs(int fd);
/// Sets `wanted` and, if `replace`, removes every other portable one. A file system without support is
/// passed over. Throws SystemError naming the attribute.
void write_xattrs(int fd, const Xattrs& wanted, bool replace);

/// What a layer says of a file.
struct Attributes {
  uid_t uid = 0;
  gid_t gid = 0;
  unsigned mode = 0;
  timespec atime{}, mtime{};
  Xattrs xattrs;
};

/// Of an open file or directory. In this order: chown clears setuid bits and capabilities.
void set_attributes(int fd, const Attributes& attributes, bool replace_xattrs, bool times);
/// Of anything else, by name, the last component not followed. A link's mode is left alone.
void set_attributes_at(int dirfd, const std::string& name, const Attributes& attributes,
                       bool replace_xattrs = false);

}  // namespace devenv::store
