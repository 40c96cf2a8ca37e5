// Paths below a root, for this module's rootfs files. Child-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace devenv::kernel {

/// openat2 below root_fd; `resolve` is added to RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS.
int resolve_in_root(int root_fd, const char* path, int flags, mode_t mode, std::uint64_t resolve);

/// A directory that must be what it is called: made when missing, -ELOOP for a symlink on the way.
int real_directory(int root_fd, const char* path);

bool on_filesystem(int fd, long magic);  ///< fstatfs(2) type
bool same_file(int a, int b);

}  // namespace devenv::kernel
