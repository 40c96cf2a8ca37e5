// Everything between clone and exec, in a container: its init and the processes that init forks. This side
// allocates nothing, throws nothing and takes no lock; what it needs was prepared by the holder.
#pragma once

#include <sys/types.h>

#include "plan.h"
#include "plan_codec.h"
#include "step.h"

namespace devenv::launch {

/// What the holder prepared for a container's init. Points into the holder's memory, of which the child has
/// a copy.
struct ChildContext {
  const SandboxPlan* plan = nullptr;
  ProcessBlock* process = nullptr;  ///< the main one
  const char* const* lower = nullptr;
  unsigned lower_count = 0;
  const char* upper = nullptr;  ///< with a layer in memory: where it shows once it is on mount_point
  const char* work = nullptr;
  const char* const* cgroup_hierarchies = nullptr;
  unsigned cgroup_hierarchy_count = 0;
  bool cgroups = false;
  const char* hostname = nullptr;
  const char* hostname_file = nullptr;  ///< contents
  const char* hosts_file = nullptr;
  const char* resolv_file = nullptr;  ///< null: the image's stays
  const char* mount_point = nullptr;  ///< any existing directory of the host
  pid_t holder = 0;
  int control = -1;  ///< our end of the socket pair
  int input = -1;    ///< -1: /dev/null
  int output = -1;   ///< with a terminal unused
  int errors = -1;
  int host_network = -1;  ///< join this namespace
};

/// The descriptors a process of the container starts with; -1: /dev/null.
struct Stdio {
  int input = -1, output = -1, errors = -1;
  int terminal = -1;  ///< when set, it is all three and the controlling terminal
};

/// The container's PID 1 from clone to its end.
[[noreturn]] void run_init(const ChildContext& context) noexcept;

/// In a forked process: becomes `process`. Returns only on failure.
Failure run_payload(ProcessBlock& process, const Stdio& stdio, std::uint64_t capabilities) noexcept;

/// execvpe() without allocation, PATH taken from `envp`. Returns errno: ENOENT when nothing was found, EACCES
/// when something was that may not be executed.
int execute(char* const* argv, char* const* envp) noexcept;

}  // namespace devenv::launch
