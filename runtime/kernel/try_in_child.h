// Trying something in a short-lived process with namespaces of its own, from a process of any size and any
// number of threads: the child shares our memory as vfork's does, so nothing is copied. Private to this
// module.
#pragma once

#include <cstdint>

namespace devenv::kernel {

/// What `body` returned (0 or -errno) in a child with these CLONE_NEW* flags, or -errno of clone itself.
/// `body` must be child-safe. Blocks until the child is gone.
int try_in_child(std::uint64_t flags, int (*body)(void*));

/// Whether clone3 takes CLONE_INTO_CGROUP: asked with a descriptor that is none, so that no process comes of
/// it. 0 or -errno.
int clone3_knows_cgroups();

}  // namespace devenv::kernel
