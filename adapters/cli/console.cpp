#include "console.h"

#include <unistd.h>

#include <cerrno>

#include "runtime/base/check.h"
#include "runtime/base/files.h"

namespace devenv::cli {

void Console::print(std::string_view text) const { write_all(out, text, "standard output"); }
void Console::warn(std::string_view text) const { write_all(err, text, "standard error"); }

bool Console::in_is_terminal() const { return isatty(in) == 1; }
bool Console::out_is_terminal() const { return isatty(out) == 1; }
bool Console::err_is_terminal() const { return isatty(err) == 1; }

std::string Console::read_input() const { return read_all(in, "standard input"); }

std::string Console::read_line() const {
  std::string line;
  for (char byte;;) {
    const ssize_t got = read(in, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (check(got, "read standard input") == 0 || byte == '\n') return line;
    line += byte;
  }
}

}  // namespace devenv::cli
