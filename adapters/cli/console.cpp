#include "console.h"

#include <unistd.h>

#include "runtime/base/files.h"

namespace devenv::cli {

void Console::print(std::string_view text) const { write_all(out, text, "standard output"); }
void Console::warn(std::string_view text) const { write_all(err, text, "standard error"); }

bool Console::in_is_terminal() const { return isatty(in) == 1; }
bool Console::out_is_terminal() const { return isatty(out) == 1; }
bool Console::err_is_terminal() const { return isatty(err) == 1; }

std::string Console::read_input() const { return read_all(in, "standard input"); }

}  // namespace devenv::cli
