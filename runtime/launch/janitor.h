// The holder's end of the pipe to the reaper process: asks it to delete trees that are already out of use,
// so that a large one does not hold up the loop. When the pipe closes, for whatever reason, the reaper
// sweeps the session.
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/base/unique_fd.h"

namespace devenv::launch {

class Janitor {
 public:
  Janitor() = default;
  Janitor(UniqueFd pipe, UniqueFd process, pid_t reaper)
      : pipe_(std::move(pipe)), process_(std::move(process)), reaper_(reaper) {}

  /// Starts the reaper of a session: this executable again, in a session of its own. `owner_process`: a pidfd
  /// of the process whose end is to be ours, or -1.
  static Janitor spawn(const std::string& runtime_dir, const std::string& session_id, int owner_process);

  /// `path` is inside the session's scratch directory. Returns at once.
  void remove_tree(const std::string& path);

  /// From now on the session of that name is the one to sweep. Before, the reaper leaves one that lives alone.
  void session_is_ours();

  /// Lets the reaper sweep now and waits until it has. The session's lock must be free. False when the reaper
  /// was killed or does not answer (it is killed then): the caller has to sweep.
  bool finish();

 private:
  UniqueFd pipe_;
  UniqueFd process_;
  pid_t reaper_ = -1;
};

}  // namespace devenv::launch
