// Making a process in new namespaces and in its cgroup, with a descriptor for it. Child-safe.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <csignal>
#include <cstdint>

namespace devenv::kernel {

struct CloneRequest {
  std::uint64_t flags = 0;  ///< CLONE_NEW*
  int cgroup_fd = -1;       ///< a cgroup v2 directory to be born in
};

struct CloneResult {
  int error = 0;           ///< -errno, then nothing was made
  pid_t pid = -1;          ///< 0 in the child
  int pidfd = -1;          ///< CLOEXEC; in the parent
  bool in_cgroup = false;  ///< false: the parent must attach it before it does anything
};

/// Like fork(2) in a single-threaded process: the child continues here on a copy of the memory. Where the
/// kernel has no clone3 or refuses CLONE_INTO_CGROUP it makes the process without.
CloneResult clone_process(const CloneRequest& request);

/// The container's set without the network one: mount, pid, uts, ipc. The cgroup namespace is unshared by the
/// child once it is in its cgroup.
inline constexpr std::uint64_t kContainerNamespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;

int unshare_namespaces(int flags);              ///< unshare(2): 0 or -errno
int enter_namespace(int fd, int type);          ///< setns(2): 0 or -errno
int send_signal(int pidfd, int signal_number);  ///< pidfd_send_signal(2): 0 or -errno
/// Dies with its parent: PR_SET_PDEATHSIG. The caller must check afterwards that the parent still is there.
int die_with_parent(int signal_number = SIGKILL);
/// PR_SET_DUMPABLE 0: nobody inside may ptrace us or follow our /proc links.
int make_undumpable();

}  // namespace devenv::kernel
