// Putting the calling process, and all its children, under a compiled seccomp filter. Child-safe.
#pragma once

#include <cstddef>

namespace devenv::kernel {

/// `filter` is struct sock_filter[], as compile_seccomp() returns it, in `bytes` bytes. Needs CAP_SYS_ADMIN
/// or no_new_privs. 0 or -errno.
int install_seccomp(const void* filter, std::size_t bytes);

/// PR_SET_NO_NEW_PRIVS. 0 or -errno.
int set_no_new_privileges();

}  // namespace devenv::kernel
