#include "step.h"

#include <cstddef>
#include <iterator>

namespace devenv::launch {

namespace {

// In the order of Step.
constexpr const char* kActions[] = {
    "start",
    "set up inherited descriptors",
    "tie it to its holder",
    "set resource limits",
    "make a session keyring",
    "join the host's network",
    "make mounts private",
    "mount the root file system",
    "mount /proc",
    "mount /sys",
    "mount /dev",
    "mount /dev/mqueue",
    "mount /etc/hosts, resolv.conf and hostname",
    "mount",
    "wait for the network",
    "make a cgroup namespace",
    "mount /sys/fs/cgroup",
    "set the host name",
    "open a terminal",
    "mount /dev/console",
    "mask paths",
    "make the root file system read-only",
    "enter the root file system",
    "drop capabilities",
    "install the seccomp filter",
    "fork",
    "run one more process",
    "read the request",
    "make a session",
    "resolve the user",
    "enter the working directory",
    "become the user",
    "execute",
};
static_assert(std::size(kActions) == static_cast<std::size_t>(Step::exec) + 1);

}  // namespace

const char* action_of(Step step) {
  const auto index = static_cast<std::size_t>(step);
  return index < std::size(kActions) ? kActions[index] : kActions[0];
}

}  // namespace devenv::launch
