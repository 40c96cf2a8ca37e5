// The steps between clone and exec, as a failure names them: {step, errno} travels back, the text is made by
// the holder. child-safe.
#pragma once

#include <cstdint>

namespace devenv::launch {

enum class Step : std::uint32_t {
  none,
  inherit,
  die_with_parent,
  limits,
  keyring,
  host_network,
  private_mounts,
  root,
  proc,
  sys,
  dev,
  mqueue,
  etc_files,
  mount,
  holder_gone,
  cgroup_namespace,
  cgroups,
  hostname,
  terminal,
  console,
  mask,
  read_only,
  enter_root,
  confine,
  seccomp,
  fork,
  too_many,
  malformed,
  session,
  identity,
  work_dir,
  credentials,
  exec,
};

struct Failure {
  Step step = Step::none;
  std::int32_t error = 0;   ///< errno; for identity a kernel::IdentityError
  std::uint32_t index = 0;  ///< mount, mask: which of the plan's
  bool failed() const { return step != Step::none; }
};

/// "mount the root file system" and the like.
const char* action_of(Step step);

}  // namespace devenv::launch
