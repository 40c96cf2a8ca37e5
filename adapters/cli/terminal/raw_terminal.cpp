#include "raw_terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#include "runtime/base/check.h"

namespace devenv::cli {
namespace {

// For atexit(), which takes no argument.
int raw_fd = -1;
termios raw_before;

void restore() {
  // TCSADRAIN, not TCSAFLUSH: what was typed ahead belongs to the next reader.
  if (raw_fd >= 0) tcsetattr(raw_fd, TCSADRAIN, &raw_before);
  raw_fd = -1;
}

}  // namespace

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  check(tcgetattr(fd, &before_), "read the terminal's mode");
  raw_before = before_;
  raw_fd = fd;
  static const int registered = atexit(restore);
  static_cast<void>(registered);
  termios raw = before_;
  cfmakeraw(&raw);
  check(tcsetattr(fd_, TCSADRAIN, &raw), "set the terminal to raw mode");
}

RawTerminal::~RawTerminal() { restore(); }

std::pair<unsigned, unsigned> window_size(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {24, 80};
  return {size.ws_row, size.ws_col};
}

}  // namespace devenv::cli
