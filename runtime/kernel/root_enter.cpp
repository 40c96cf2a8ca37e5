#include <linux/magic.h>
#include <sys/mount.h>

#include <climits>

#include "root_paths.h"
#include "rootfs.h"
#include "syscalls.h"

namespace devenv::kernel {
namespace {

/// Sysctls that belong to a namespace the container has for itself.
constexpr const char* kSysctls[] = {"kernel.msgmax", "kernel.msgmnb",         "kernel.msgmni",
                                    "kernel.sem",    "kernel.shmall",         "kernel.shmmax",
                                    "kernel.shmmni", "kernel.shm_rmid_forced"};
constexpr const char* kSysctlPrefixes[] = {"fs.mqueue.", "net."};

}  // namespace

int enter_root(int root_fd) {
  if (fchdir(root_fd) != 0) return -errno;
  // The old root ends up stacked on the new one, so no directory for it is needed inside: pivot_root(2),
  // notes.
  if (const int pivoted = system_call(SYS_pivot_root, ".", "."); pivoted < 0) return pivoted;
  if (umount2(".", MNT_DETACH) != 0) return -errno;
  return negative_errno(chdir("/"));
}

int enter_workdir(const char* path, mode_t mode) {
  const ScopedFd root(negative_errno(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
  if (root.failed()) return root.error();
  const ScopedFd directory(mode != 0 ? make_directory_in_root(root.get(), path, mode)
                                     : open_in_root(root.get(), path, O_PATH | O_DIRECTORY));
  if (directory.failed()) return directory.error();
  if (fchdir(directory.get()) != 0) return -errno;
  // The raw call says "(unreachable)…" for a directory that is not below our root; libc would hide that.
  char cwd[PATH_MAX];
  const int length = system_call(SYS_getcwd, cwd, sizeof cwd);
  if (length < 0) return length;
  return cwd[0] == '/' ? 0 : -ENOENT;
}

int set_hostname(const char* name) { return negative_errno(sethostname(name, std::strlen(name))); }

bool sysctl_allowed(const char* name) {
  if (std::strchr(name, '/') != nullptr || std::strstr(name, "..") != nullptr) return false;
  for (const char* allowed : kSysctls)
    if (std::strcmp(name, allowed) == 0) return true;
  for (const char* prefix : kSysctlPrefixes)
    if (std::strncmp(name, prefix, std::strlen(prefix)) == 0) return true;
  return false;
}

int set_sysctl(int root_fd, const char* name, const char* value) {
  if (!sysctl_allowed(name)) return -EPERM;
  char path[256] = "proc/sys/";
  const std::size_t length = std::strlen(name);
  if (length + 10 > sizeof path) return -ENAMETOOLONG;
  for (std::size_t i = 0; i <= length; ++i) path[9 + i] = name[i] == '.' ? '/' : name[i];
  const ScopedFd file(resolve_in_root(root_fd, path, O_WRONLY, 0, RESOLVE_NO_SYMLINKS));
  if (file.failed()) return file.error();
  if (!on_filesystem(file.get(), PROC_SUPER_MAGIC)) return -EINVAL;
  const ssize_t written = write(file.get(), value, std::strlen(value));
  return written < 0 ? -errno : 0;
}

}  // namespace devenv::kernel
