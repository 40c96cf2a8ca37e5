// Puts a terminal into raw mode and back again, on every way out of the process that can run code.
#pragma once

#include <termios.h>

#include <utility>

namespace devenv::cli {

/// Restores in its destructor, and at exit() when the destructor was never reached. One at a time.
class RawTerminal {
 public:
  /// Throws SystemError when `fd` is no terminal.
  explicit RawTerminal(int fd);
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

 private:
  int fd_;
  termios before_{};
};

/// {rows, columns}, 24 × 80 when the terminal does not say.
std::pair<unsigned, unsigned> window_size(int fd);

}  // namespace devenv::cli
