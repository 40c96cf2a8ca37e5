#include "step.h"

namespace devenv::launch {

const char* action_of(Step step) {
  switch (step) {
    case Step::none:
      return "start";
    case Step::inherit:
      return "set up inherited descriptors";
    case Step::die_with_parent:
      return "tie it to its holder";
    case Step::limits:
      return "set resource limits";
    case Step::keyring:
      return "make a session keyring";
    case Step::host_network:
      return "join the host's network";
    case Step::private_mounts:
      return "make mounts private";
    case Step::root:
      return "mount the root file system";
    case Step::proc:
      return "mount /proc";
    case Step::sys:
      return "mount /sys";
    case Step::dev:
      return "mount /dev";
    case Step::mqueue:
      return "mount /dev/mqueue";
    case Step::etc_files:
      return "mount /etc/hosts, resolv.conf and hostname";
    case Step::mount:
      return "mount";
    case Step::holder_gone:
      return "wait for the network";
    case Step::cgroup_namespace:
      return "make a cgroup namespace";
    case Step::cgroups:
      return "mount /sys/fs/cgroup";
    case Step::hostname:
      return "set the host name";
    case Step::terminal:
      return "open a terminal";
    case Step::console:
      return "mount /dev/console";
    case Step::mask:
      return "mask paths";
    case Step::read_only:
      return "make the root file system read-only";
    case Step::enter_root:
      return "enter the root file system";
    case Step::confine:
      return "drop capabilities";
    case Step::seccomp:
      return "install the seccomp filter";
    case Step::fork:
      return "fork";
    case Step::too_many:
      return "run one more process";
    case Step::malformed:
      return "read the request";
    case Step::session:
      return "make a session";
    case Step::identity:
      return "resolve the user";
    case Step::work_dir:
      return "enter the working directory";
    case Step::credentials:
      return "become the user";
    case Step::exec:
      return "execute";
  }
  return "start";
}

}  // namespace devenv::launch
