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
  Janitor(UniqueFd pipe, pid_t reaper) : pipe_(std::move(pipe)), reaper_(reaper) {}

  /// Starts the reaper of a session: this executable again, in a session of its own.
  static Janitor spawn(const std::string& runtime_dir, const std::string& session_id);

  /// `path` is inside the session's scratch directory. Returns at once.
  void remove_tree(const std::string& path);

  /// Lets the reaper sweep now and waits until it has. The session's lock must be free.
  void finish();

 private:
  UniqueFd pipe_;
  pid_t reaper_ = -1;
};

/// The reaper process: deletes what it is told, sweeps the session when `pipe` closes. Never throws.
int run_reaper(int pipe, const std::string& runtime_dir, const std::string& session_id) noexcept;

}  // namespace devenv::launch
