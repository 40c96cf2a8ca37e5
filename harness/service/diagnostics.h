// Why a service did not come up, told so that one reading is enough.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "devenv/engine.h"
#include "harness/wait/poll.h"

namespace devenv {

/// The end of a log.
struct LogTail {
  std::vector<std::string> lines;
  std::size_t total = 0;  ///< lines there were
};

struct StartFailure {
  std::string service;
  std::string image;       ///< as asked for
  std::string waited_for;  ///< Wait::describe()
  WaitOutcome outcome;
  std::optional<ExitStatus> exit;  ///< nullopt: it was still running
  LogTail log;
  std::string state_key;   ///< the prepared state it was started from, or empty
  bool preparing = false;  ///< it failed while its state was prepared
  std::uint64_t memory_limit_bytes = 0;
};

/// The whole message of a StartError. Pure.
std::string describe_failure(const StartFailure& failure);

/// "exit code 137 (SIGKILL, out of memory)". Pure.
std::string describe_exit(const ExitStatus& exit);

/// Reads what was printed so far and keeps the last `lines`. `settle` bounds how long the rest of an exited
/// container's output is waited for.
LogTail log_tail(Engine& engine, const std::string& id, std::size_t lines, Deadline settle);

/// Everything printed so far.
std::string log_text(Engine& engine, const std::string& id);

}  // namespace devenv
