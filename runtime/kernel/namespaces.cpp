#include "namespaces.h"

#include <linux/sched.h>
#include <sys/prctl.h>

#include <csignal>

#include "syscalls.h"

namespace devenv::kernel {
namespace {

CloneResult clone_with_clone3(const CloneRequest& request, bool into_cgroup) {
  CloneResult result;
  clone_args arguments{};
  arguments.flags = request.flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&result.pidfd);
  arguments.exit_signal = SIGCHLD;
  if (into_cgroup) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(request.cgroup_fd);
  }
  const int pid = system_call(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) {
    result.error = pid;
    result.pidfd = -1;
    return result;
  }
  result.pid = pid;
  result.in_cgroup = into_cgroup;
  if (pid == 0) result.pidfd = -1;
  return result;
}

#if defined(__x86_64__) || defined(__aarch64__)
CloneResult clone_with_clone(const CloneRequest& request) {
  CloneResult result;
  const unsigned long flags = request.flags | CLONE_PIDFD | SIGCHLD;
  // With CLONE_PIDFD the parent-tid argument is where the descriptor goes.
  const int pid = system_call(SYS_clone, flags, 0L, &result.pidfd, 0L, 0L);
  if (pid <= 0) result.pidfd = -1;
  if (pid < 0)
    result.error = pid;
  else
    result.pid = pid;
  return result;
}
#else
#error "the argument order of clone(2) differs between architectures: add yours"
#endif

}  // namespace

CloneResult clone_process(const CloneRequest& request) {
  if (request.cgroup_fd >= 0) {
    const CloneResult born_inside = clone_with_clone3(request, true);
    if (born_inside.error == 0) return born_inside;
    // Whatever else is wrong shows again without the cgroup.
  }
  const CloneResult result = clone_with_clone3(request, false);
  return result.error == -ENOSYS ? clone_with_clone(request) : result;
}

int unshare_namespaces(int flags) { return negative_errno(unshare(flags)); }
int enter_namespace(int fd, int type) { return negative_errno(setns(fd, type)); }

int send_signal(int pidfd, int signal_number) {
  return system_call(SYS_pidfd_send_signal, pidfd, signal_number, nullptr, 0);
}

int die_with_parent(int signal_number) { return negative_errno(prctl(PR_SET_PDEATHSIG, signal_number)); }
int make_undumpable() { return negative_errno(prctl(PR_SET_DUMPABLE, 0)); }

}  // namespace devenv::kernel
