// The reaper process: what outlives a holder that is killed, and sweeps after it. It also ends a holder that
// outlives its owner because somebody stopped it.
#pragma once

#include <string>

namespace devenv::launch {

/// Deletes what it is told through the pipe at kHelperFd; sweeps the session when that closes. kHelperFd + 1 is a
/// pidfd of the holder, kHelperFd + 2, if `owned`, one of its owner. The exit code: 0 when nothing is left.
int run_reaper(const std::string& runtime_dir, const std::string& session_id, bool owned) noexcept;

}  // namespace devenv::launch
