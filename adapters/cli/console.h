// The three standard descriptors of a command, as one value, so that a test can stand files in their place.
// Text goes out unbuffered and exact. Not thread-safe per descriptor.
#pragma once

#include <string>
#include <string_view>

namespace devenv::cli {

struct Console {
  int in = 0, out = 1, err = 2;

  /// Throws SystemError; a closed pipe ends the process by SIGPIPE as for any filter.
  void print(std::string_view text) const;
  void warn(std::string_view text) const;

  bool in_is_terminal() const;
  bool out_is_terminal() const;
  bool err_is_terminal() const;

  /// Everything until end of file on standard input.
  std::string read_input() const;
  /// Up to the next newline or the end of standard input; reads no further.
  std::string read_line() const;
};

}  // namespace devenv::cli
