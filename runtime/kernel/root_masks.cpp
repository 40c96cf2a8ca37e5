#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mounts.h"
#include "root_paths.h"
#include "rootfs.h"
#include "syscalls.h"

namespace devenv::kernel {
namespace {

constexpr const char* kMasked[] = {"/proc/acpi",        "/proc/asound",  "/proc/interrupts",
                                   "/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
                                   "/proc/sched_debug", "/proc/scsi",    "/proc/timer_list",
                                   "/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap"};
constexpr const char* kReadOnly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                     "/proc/sysrq-trigger"};

/// A clone of the container's null device; -EINVAL for anything that is not it (CVE-2025-31133).
int clone_null(int dev_fd) {
  const ScopedFd null(negative_errno(openat(dev_fd, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC)));
  if (null.failed()) return null.error();
  struct stat st;
  if (fstat(null.get(), &st) != 0) return -errno;
  if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) return -EINVAL;
  return clone_tree(null.get(), "", false);
}

int clone_empty_directory() {
  return filesystem_mount("tmpfs", "tmpfs", "mode=0755,nr_inodes=2,size=4k",
                          MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

}  // namespace

int mask_path(int root_fd, int dev_fd, const char* path) {
  const ScopedFd target(resolve_in_root(root_fd, path, O_PATH, 0, RESOLVE_NO_SYMLINKS));
  if (target.error() == -ENOENT) return 0;
  if (target.failed()) return target.error();
  struct stat st;
  if (fstat(target.get(), &st) != 0) return -errno;
  const ScopedFd cover(S_ISDIR(st.st_mode) ? clone_empty_directory() : clone_null(dev_fd));
  return cover.failed() ? cover.error() : attach_mount(cover.get(), target.get());
}

int mask_default_paths(int root_fd, int dev_fd) {
  for (const char* path : kReadOnly)
    if (const int error = make_path_read_only(root_fd, path); error < 0) return error;
  for (const char* path : kMasked)
    if (const int error = mask_path(root_fd, dev_fd, path); error < 0) return error;
  return 0;
}

}  // namespace devenv::kernel
