// What every verb is: a name, one line, and a function from arguments to an exit code.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "console.h"
#include "devenv/engine.h"

namespace devenv::cli {

using Args = std::vector<std::string>;

/// Exit codes of docker's command line.
constexpr int kFailed = 1;   ///< the verb failed
constexpr int kUsage = 125;  ///< a mistake in flags or arguments; for run: any failure of ours
constexpr int kNotExecutable = 126;
constexpr int kCommandMissing = 127;

/// What a verb works with. The engine is made at its first use: `--help` and parse errors never pay for it.
class Context {
 public:
  using MakeEngine = std::function<std::unique_ptr<Engine>()>;

  Context(Console console_, MakeEngine make) : console(console_), make_(std::move(make)) {}

  Console console;

  Engine& engine() {
    if (!engine_) engine_ = make_();
    return *engine_;
  }

 private:
  MakeEngine make_;
  std::unique_ptr<Engine> engine_;
};

struct Command {
  const char* name;     ///< "run", or two words of a group: "volume create"
  const char* summary;  ///< one line for the table of `devenv --help`
  int (*run)(Context&, const Args&);
  int failure_code = kFailed;  ///< exit code when it throws
};

}  // namespace devenv::cli
