// Which device nodes a container may open: docker's default list, as a BPF program on its cgroup v2
// directory. Without it CAP_MKNOD would open every disk of the host. Static-safe.
#pragma once

#include "runtime/base/unique_fd.h"

namespace devenv::kernel {

/// Loads the program: null, zero, full, random, urandom, tty, console, ptmx and terminals may be used, every
/// node may be made. Throws SystemError where the kernel has no BPF for cgroups.
UniqueFd load_device_filter();

/// Puts it on a cgroup v2 directory, for all processes in it and below. Throws SystemError.
void attach_device_filter(int filter, int cgroup_fd);

}  // namespace devenv::kernel
