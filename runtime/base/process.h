// Runs a host program (mmdebstrap, a credential helper) and collects what it says. Thread-safe: posix_spawn,
// which neither copies a large process nor runs code of ours between fork and exec. (Boost.Process v2's vfork
// launcher does: its child rewrites the parent's event loop, which several threads do not survive.)
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "devenv/deadline.h"

namespace devenv {

struct ProcessSpec {
  std::vector<std::string> argv{};  ///< argv[0] is looked up in PATH unless it contains '/'
  std::string input{};              ///< written to its standard input, then closed
  std::vector<std::string> env{};   ///< "K=V"; empty: inherits ours
  Deadline deadline = Deadline::never();
  /// Called per line of standard error while it runs, without the newline.
  std::function<void(std::string_view)> on_error_line{};
  std::size_t output_limit = 64u << 20;  ///< bytes of standard output kept
};

struct ProcessResult {
  int exit_code;  ///< 128+n when killed by signal n
  std::string output{};
  std::string errors{};  ///< standard error, its last 64 KiB
};

/// Blocks until it exits. Throws NotFound when argv[0] is not found, Timeout after killing it at the
/// deadline. A nonzero exit is not an error here.
ProcessResult run_process(const ProcessSpec& spec);

}  // namespace devenv
