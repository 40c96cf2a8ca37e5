// A transient scope unit from systemd, so that a process is no longer part of the service or login it was started
// from. Asked for over D-Bus with systemd's own client library, loaded when first needed. Thread-safe.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>

#include <devenv/deadline.h>

namespace devenv::launch {

/// Signal by which systemd stops a scope of ours. It goes to every process, and only a holder does anything about it:
/// everyone else ignores SIGURG unless they asked for it. So containers hear no more than `devenv stop` would say.
constexpr int kScopeStopSignal = SIGURG;

/// What makes a detached holder stop its containers and end.
inline sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, kScopeStopSignal);
  return signals;
}

struct ScopeRequest {
  pid_t pid = -1;         ///< who is to be in it
  std::string name;       ///< "….scope", unique
  std::string needed_dir; ///< what has to be mounted as long as it runs
};

/// Returns when the process is in its scope, which is delegated to it (Delegate=yes). Throws Error: there is no
/// systemd, no bus to reach it by, it refused or did not answer in time.
void start_scope(const ScopeRequest& request, Deadline deadline);

}  // namespace devenv::launch
