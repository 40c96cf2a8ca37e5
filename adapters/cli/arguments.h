// Reads the arguments of one verb: flags declared on a CLI11 app, operands handed back untouched.
//
// CLI11 holds the declarations and converts the values; the walk over the words is ours, because operands
// may hold brackets or begin with '-', and flags after IMAGE belong to the command in the container.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "usage_error.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace devenv::cli {

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

/// The flags of one verb. CLI11 stays behind it: including it costs a file four seconds to compile.
class Flags {
 public:
  class Declared {
   public:
    explicit Declared(CLI::Option* option) : option_(option) {}
    /// What --help calls the value.
    void type_name(const std::string& name);

   private:
    CLI::Option* option_;
  };

  explicit Flags(const std::string& description);
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  void add_flag(const std::string& names, bool& value, const std::string& help);
  /// A flag with a value, the last one given counts. Strings (optional or not), integers and double.
  template <class T>
  Declared add_option(const std::string& names, T& value, const std::string& help);
  /// A flag that may be given several times, one value each.
  Declared add_list(const std::string& names, std::vector<std::string>& values, const std::string& help);

  CLI::App& app() const { return *app_; }

 private:
  std::unique_ptr<CLI::App> app_;
};

/// Fills the flags from `args` and returns the operands. Throws UsageError (unknown flag with the
/// nearest known one, missing or bad value, too few or many operands) and HelpRequested.
std::vector<std::string> parse(Flags& flags, const Syntax& syntax, const Args& args);

}  // namespace devenv::cli
