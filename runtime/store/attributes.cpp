#include "attributes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <vector>

#include "devenv/error.h"
#include "runtime/base/check.h"

namespace devenv::store {
namespace {

/// fgetxattr(2) and fchmod(2) refuse O_PATH descriptors; their /proc name leads to the same inode, a symlink
/// included.
std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

constexpr char owner_hint[] = "only root may set other owners";

}  // namespace

bool is_portable_xattr(const std::string& name) {
  return !name.starts_with("trusted.overlay.") && !name.starts_with("user.overlay.") &&
         name != "security.selinux" && name != "security.ima" && name != "security.evm";
}

Xattrs read_xattrs(int fd) {
  const std::string path = proc_path(fd);
  char small[1024];
  ssize_t size = listxattr(path.c_str(), small, sizeof small);
  std::string names(small, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (size < 0 && errno == ERANGE) {
    size = listxattr(path.c_str(), nullptr, 0);
    if (size < 0) break;
    names.resize(static_cast<std::size_t>(size));
    size = listxattr(path.c_str(), names.data(), names.size());
  }
  if (size < 0 && errno == ENOTSUP) return {};
  check(size, "list extended attributes");
  names.resize(static_cast<std::size_t>(size));
  Xattrs xattrs;
  for (std::size_t begin = 0; begin < names.size(); begin = names.find('\0', begin) + 1) {
    const std::string name = names.c_str() + begin;
    if (!is_portable_xattr(name)) continue;
    std::string value(65536, '\0');  // XATTR_SIZE_MAX
    const ssize_t length = getxattr(path.c_str(), name.c_str(), value.data(), value.size());
    check(length, [&] { return "read extended attribute " + name; });
    value.resize(static_cast<std::size_t>(length));
    xattrs[name] = value;
  }
  return xattrs;
}

void write_xattrs(int fd, const Xattrs& wanted, bool replace) {
  const std::string path = wanted.empty() && !replace ? std::string() : proc_path(fd);
  if (replace) {
    for (const auto& [name, value] : read_xattrs(fd)) {
      if (!wanted.contains(name) && removexattr(path.c_str(), name.c_str()) != 0 && errno != ENODATA)
        throw SystemError(errno, "remove extended attribute " + name);
    }
  }
  for (const auto& [name, value] : wanted) {
    if (!is_portable_xattr(name)) continue;
    if (setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) == 0) continue;
    // EPERM of user.*: only regular files and directories can have those (xattr(7)).
    if (errno == ENOTSUP || (errno == EPERM && name.starts_with("user."))) continue;
    throw SystemError(errno, "set extended attribute " + name);
  }
}

void set_attributes(int fd, const Attributes& attributes, bool replace_xattrs, bool times) {
  check(fchown(fd, attributes.uid, attributes.gid), "set owner", owner_hint);
  write_xattrs(fd, attributes.xattrs, replace_xattrs);
  check(fchmod(fd, attributes.mode), "set mode");
  const timespec both[2] = {attributes.atime, attributes.mtime};
  if (times) check(futimens(fd, both), "set times");
}

void set_attributes_at(int dirfd, const std::string& name, const Attributes& attributes,
                       bool replace_xattrs) {
  const UniqueFd fd(check(openat(dirfd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC), "open"));
  struct stat st {};
  check(fstat(fd.get(), &st), "stat");
  check(fchownat(fd.get(), "", attributes.uid, attributes.gid, AT_EMPTY_PATH), "set owner", owner_hint);
  write_xattrs(fd.get(), attributes.xattrs, replace_xattrs);
  if (!S_ISLNK(st.st_mode)) check(chmod(proc_path(fd.get()).c_str(), attributes.mode), "set mode");
  const timespec both[2] = {attributes.atime, attributes.mtime};
  check(utimensat(fd.get(), "", both, AT_EMPTY_PATH), "set times");
}

}  // namespace devenv::store
