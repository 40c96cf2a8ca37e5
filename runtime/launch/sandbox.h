// The stages in which a container's init closes the world around itself. child-safe.
#pragma once

#include "child.h"

namespace devenv::launch {

/// Descriptors that live between the stages.
struct Sandbox {
  int root = -1, dev = -1, pts = -1;
  int hosts = -1;              ///< /etc/hosts, for a line with the address once it is known
  int master = -1, peer = -1;  ///< of the main process' terminal
};

/// rlimits, oom score, keyring: before anything can be refused by a narrower namespace.
Failure set_up_limits(const SandboxPlan& plan) noexcept;
/// Root and every mount that needs neither cgroup nor network configuration.
Failure mount_sandbox(const ChildContext& context, Sandbox& sandbox) noexcept;
/// Once in its cgroup: cgroup namespace, host name, terminal, masks, pivot_root.
Failure close_sandbox(const ChildContext& context, Sandbox& sandbox) noexcept;
/// Appends "address hostname" to /etc/hosts. Without an address: nothing.
void add_own_host(Sandbox& sandbox, const char* address, const char* hostname) noexcept;
/// Bounding set, seccomp, capabilities, non-dumpable: for init itself and all it will fork.
Failure confine(const SandboxPlan& plan) noexcept;

}  // namespace devenv::launch
