// Reads the arguments of one verb: flags declared on a CLI11 app, operands handed back untouched.
//
// CLI11 holds the declarations and converts the values; the walk over the words is ours, because operands
// may hold brackets or begin with '-', and flags after IMAGE belong to the command in the container.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <limits>
#include <string>
#include <vector>

#include "command.h"

namespace devenv::cli {

/// A mistake of the caller's; exit code 125.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Thrown by parse() for --help; dispatch prints the text to standard output.
struct HelpRequested {
  std::string text;
};

struct Syntax {
  std::string
      usage;  ///< "run [flags] IMAGE [COMMAND] [ARG...]"; its first words up to '[' or a capital are the verb
  std::size_t at_least = 0;
  std::size_t at_most = std::numeric_limits<std::size_t>::max();
  bool first_operand_ends_flags = false;
};

/// The flags of one verb. Without CLI11's own -h, which docker's `run` has for --hostname; --help is parse()'s.
class Flags : public CLI::App {
 public:
  explicit Flags(const std::string& description) : CLI::App(description) { set_help_flag(); }
};

/// A flag that may be given several times, one value each.
CLI::Option* add_list(CLI::App& app, const std::string& names, std::vector<std::string>& values,
                      const std::string& help);

/// Fills the app's flags from `args` and returns the operands. Throws UsageError (unknown flag with the
/// nearest known one, missing or bad value, too few or many operands) and HelpRequested.
std::vector<std::string> parse(CLI::App& app, const Syntax& syntax, const Args& args);

/// Usage, description and one line per flag.
std::string help_text(const CLI::App& app, const Syntax& syntax);

}  // namespace devenv::cli
