// From the words of the command line to a verb, and from its end to an exit code.
#pragma once

#include <span>

#include "command.h"

namespace devenv::cli {

/// A second name of a verb, docker's groups above all: "container ls" is "ps".
struct Alias {
  const char* name;
  const char* verb;
};

/// Runs what `args` (without the program's name) ask for and returns the exit code. Every error is one line
/// on the console; nothing is thrown.
int dispatch(std::span<const Command> commands, std::span<const Alias> aliases, Context& context,
             const Args& args);

}  // namespace devenv::cli
