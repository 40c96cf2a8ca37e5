// Connects a process in a container with this command's own terminal or pipes until it ends: input, output,
// signals, window size, detach keys.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "adapters/cli/console.h"
#include "detach_keys.h"
#include "devenv/engine.h"

namespace devenv::cli {

struct RelayOptions {
  bool tty = false;
  bool input = false;  ///< pass standard input on
  bool proxy_signals = true;
  DetachKeys detach_keys{};
};

struct RelayResult {
  std::optional<ExitStatus> exit;  ///< nullopt: detached
};

/// Writes a log to its end.
void copy_log(const Console& console, LogReader& log);

/// Blocks until the process has ended and its output is written, or the detach keys were typed. Output comes
/// from the process's descriptors when it has any, else from `log`, which may be null. With tty, standard
/// input being a terminal is in raw mode meanwhile.
RelayResult relay(const Console& console, ProcessHandle& process, LogReader* log, RelayOptions options);

}  // namespace devenv::cli
