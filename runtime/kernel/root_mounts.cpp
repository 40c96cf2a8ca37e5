#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "mounts.h"
#include "root_paths.h"
#include "rootfs.h"
#include "syscalls.h"

namespace devenv::kernel {
namespace {

constexpr std::uint64_t kInert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/// Attributes before the mount can be reached, or right after where the kernel has no mount_setattr.
int attach_with(int mount_fd, int target_fd, std::uint64_t attributes, bool recursive) {
  const int early = attributes == 0 ? 0 : set_mount_attributes(mount_fd, attributes, recursive);
  if (const int attached = attach_mount(mount_fd, target_fd); attached < 0) return attached;
  return early == 0 ? 0 : set_mount_attributes(mount_fd, attributes, recursive);
}

/// Mounts a file system where the image must have a real directory.
int mount_fixed(int root_fd, const char* target, const char* type, const char* options,
                std::uint64_t attributes) {
  const ScopedFd place(real_directory(root_fd, target));
  if (place.failed()) return place.error();
  const ScopedFd mounted(filesystem_mount(type, type, options, attributes));
  return mounted.failed() ? mounted.error() : attach_mount(mounted.get(), place.get());
}

std::uint64_t attributes_of(std::uint32_t flags) {
  return (flags & kMountReadOnly ? MOUNT_ATTR_RDONLY : 0u) | (flags & kMountNoSuid ? MOUNT_ATTR_NOSUID : 0u) |
         (flags & kMountNoDev ? MOUNT_ATTR_NODEV : 0u) | (flags & kMountNoExec ? MOUNT_ATTR_NOEXEC : 0u);
}

/// The detached mount an entry asks for.
int mount_of(const MountEntry& entry) {
  const bool recursive = (entry.flags & kMountRecursive) != 0;
  switch (entry.kind) {
    case MountKind::tmpfs:
      return tmpfs_mount(entry.size_bytes, entry.mode, 0);
    case MountKind::detached:
      return negative_errno(fcntl(entry.source_fd, F_DUPFD_CLOEXEC, 3));
    case MountKind::bind:
      break;
  }
  if (entry.source_fd >= 0) return clone_tree(entry.source_fd, "", recursive);
  const ScopedFd source(negative_errno(open(entry.source, O_PATH | O_CLOEXEC)));
  return source.failed() ? source.error() : clone_tree(source.get(), "", recursive);
}

bool is_directory(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

int mount_v1_hierarchies(int place, const char* const* hierarchies, unsigned count, bool writable) {
  const std::uint64_t attributes = kInert | (writable ? 0u : static_cast<unsigned>(MOUNT_ATTR_RDONLY));
  const ScopedFd directory(filesystem_mount("tmpfs", "tmpfs", "mode=0755,size=64k", kInert));
  if (directory.failed()) return directory.error();
  if (const int attached = attach_mount(directory.get(), place); attached < 0) return attached;
  for (unsigned i = 0; i < count; ++i) {
    const bool unified = std::strcmp(hierarchies[i], "unified") == 0;
    const bool named = std::strncmp(hierarchies[i], "name=", 5) == 0;
    const char* name = named ? hierarchies[i] + 5 : hierarchies[i];
    if (mkdirat(directory.get(), name, 0755) != 0) return -errno;
    char options[256] = "none,";
    if (std::strlen(hierarchies[i]) + 6 > sizeof options) return -ENAMETOOLONG;
    std::strcpy(options + (named ? 5 : 0), hierarchies[i]);
    const ScopedFd mounted(unified ? filesystem_mount("cgroup2", "cgroup2", nullptr, attributes)
                                   : filesystem_mount("cgroup", "cgroup", options, attributes));
    // A hierarchy that was taken down since it was listed is no reason not to start.
    if (mounted.failed()) continue;
    const ScopedFd target(negative_errno(openat(directory.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC)));
    if (target.failed()) return target.error();
    if (const int attached = attach_mount(mounted.get(), target.get()); attached < 0) return attached;
  }
  return writable ? 0 : set_mount_attributes(directory.get(), MOUNT_ATTR_RDONLY, false);
}

}  // namespace

int make_mounts_private() {
  return negative_errno(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

int attach_root(int root_fd, const char* where) {
  const ScopedFd place(negative_errno(open(where, O_PATH | O_DIRECTORY | O_CLOEXEC)));
  return place.failed() ? place.error() : attach_mount(root_fd, place.get());
}

int mount_proc(int root_fd) {
  if (const int error = mount_fixed(root_fd, "proc", "proc", nullptr, kInert); error < 0) return error;
  // What everything after this trusts: that /proc is procfs (CVE-2019-16884 and its kin).
  const ScopedFd proc(resolve_in_root(root_fd, "proc", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS));
  if (proc.failed()) return proc.error();
  return on_filesystem(proc.get(), PROC_SUPER_MAGIC) ? 0 : -EINVAL;
}

int mount_sys(int root_fd, bool writable) {
  return mount_fixed(root_fd, "sys", "sysfs", nullptr,
                     kInert | (writable ? 0u : static_cast<unsigned>(MOUNT_ATTR_RDONLY)));
}

int mount_cgroups(int root_fd, const char* const* hierarchies, unsigned count, bool writable) {
  const ScopedFd place(
      resolve_in_root(root_fd, "sys/fs/cgroup", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS));
  if (place.error() == -ENOENT) return 0;  // a kernel without cgroups
  if (place.failed()) return place.error();
  if (count > 0) return mount_v1_hierarchies(place.get(), hierarchies, count, writable);
  const ScopedFd mounted(filesystem_mount(
      "cgroup2", "cgroup2", nullptr, kInert | (writable ? 0u : static_cast<unsigned>(MOUNT_ATTR_RDONLY))));
  return mounted.failed() ? mounted.error() : attach_mount(mounted.get(), place.get());
}

int mount_mqueue(int root_fd) {
  const int error = mount_fixed(root_fd, "dev/mqueue", "mqueue", nullptr, kInert);
  return error == -ENODEV ? 0 : error;  // a kernel without POSIX queues
}

int attach_in_root(int root_fd, const MountEntry& entry) {
  const ScopedFd mounted(mount_of(entry));
  if (mounted.failed()) return mounted.error();
  const ScopedFd target(is_directory(mounted.get()) ? make_directory_in_root(root_fd, entry.target, 0755)
                                                    : make_file_in_root(root_fd, entry.target, 0644));
  if (target.failed()) return target.error();
  // Nothing may stand in for procfs, whose files the masks and later steps rely on (CVE-2019-19921,
  // 2023-28642).
  if (same_file(target.get(), root_fd) || on_filesystem(target.get(), PROC_SUPER_MAGIC)) return -EPERM;
  return attach_with(mounted.get(), target.get(), attributes_of(entry.flags),
                     (entry.flags & kMountRecursive) != 0);
}

int make_path_read_only(int root_fd, const char* path) {
  const ScopedFd target(resolve_in_root(root_fd, path, O_PATH, 0, RESOLVE_NO_SYMLINKS));
  if (target.error() == -ENOENT) return 0;
  if (target.failed()) return target.error();
  const ScopedFd clone(clone_tree(target.get(), "", true));
  return clone.failed() ? clone.error() : attach_with(clone.get(), target.get(), MOUNT_ATTR_RDONLY, true);
}

int make_root_read_only(int root_fd) { return set_mount_attributes(root_fd, MOUNT_ATTR_RDONLY, false); }

}  // namespace devenv::kernel
