// The one place that waits: asks a condition until it is true, its time is up, or the process has exited.
// The only pause between two questions is the engine's own wait for that exit, so an exit ends it at once.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "devenv/wait.h"

namespace devenv {

struct WaitOutcome {
  enum class End {
    ready,
    timed_out,
    exited,    ///< its process ended before the condition was true
    hopeless,  ///< the condition said it can never become true
  };
  End end = End::ready;
  std::string last_answer;         ///< of the last question
  int questions = 0;               ///< how often it was asked
  std::optional<ExitStatus> exit;  ///< when it exited
  std::chrono::nanoseconds elapsed{0};
  std::chrono::nanoseconds allowed{0};  ///< the timeout that applied
};

/// Blocks until an end is known, at most `timeout` or the wait's own, whichever is shorter, and the second
/// that a last question has. Throws only what the engine throws.
WaitOutcome poll(const Wait& wait, const WaitTarget& target, std::chrono::nanoseconds timeout);

/// Time to the next question, `elapsed` after the first: a fortieth of it, between 2 ms and 50 ms, so
/// that readiness is noticed a few hundredths too late at most.
std::chrono::nanoseconds pause_after(std::chrono::nanoseconds elapsed);

}  // namespace devenv
