// Turns the signals a foreground command passes on, and window changes, into bytes of a pipe.
#pragma once

#include <signal.h>

#include <array>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::cli {

/// While it lives, the listed signals do nothing but arrive here; the former handlers come back after.
/// Handlers rather than a blocked mask: a mask would be inherited by every process started meanwhile. One at
/// a time.
class SignalPipe {
 public:
  explicit SignalPipe(std::vector<int> signals);
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;
  ~SignalPipe();

  /// What docker's --sig-proxy passes on, with SIGWINCH.
  static std::vector<int> proxied();

  int fd() const { return read_.get(); }
  /// The signals that arrived, oldest first. Never blocks.
  std::vector<int> take();

 private:
  std::vector<int> signals_;
  std::vector<struct sigaction> before_;
  UniqueFd read_, write_;
};

}  // namespace devenv::cli
