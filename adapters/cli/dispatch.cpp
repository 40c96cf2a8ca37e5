#include "dispatch.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "arguments.h"
#include "runtime/kernel/refusal.h"
#include "show/printable.h"
#include "show/table.h"
#include "suggest.h"

namespace devenv::cli {
namespace {

/// What docker users type and devenv lacks: no spelling mistakes.
bool is_docker_verb(const std::string& word) {
  static constexpr const char* kVerbs[] = {
      "buildx",  "commit", "compose",    "config", "connect", "context", "cp",      "create",
      "df",      "diff",   "disconnect", "down",   "events",  "export",  "history", "import",
      "load",    "login",  "logout",     "pause",  "plugin",  "prune",   "push",    "rename",
      "restart", "save",   "search",     "secret", "service", "stack",   "start",   "stats",
      "swarm",   "system", "tag",        "top",    "unpause", "up",      "update"};
  return std::any_of(std::begin(kVerbs), std::end(kVerbs), [&](const char* verb) { return word == verb; });
}

class Dispatcher {
 public:
  Dispatcher(std::span<const Command> commands, std::span<const Alias> aliases, Context& context)
      : commands_(commands), aliases_(aliases), context_(context) {}

  int run(Args args) {
    if (args.size() > 1 && args[0] == "help") {  // "help run" is "run --help"
      args.erase(args.begin());
      args.push_back("--help");
    }
    if (args.empty() || args[0] == "help" || args[0] == "--help") throw HelpRequested{help("")};
    if (args[0] == "--version" || args[0] == "-v") args[0] = "version";
    std::size_t words = 2;
    const Command* command = args.size() < 2 ? nullptr : find(args[0] + " " + args[1]);
    if (command == nullptr) {
      words = 1;
      command = find(args[0]);
    }
    if (command == nullptr) explain(args);
    failure_code_ = command->failure_code;
    return command->run(context_, Args(args.begin() + static_cast<std::ptrdiff_t>(words), args.end()));
  }

  int failure_code() const { return failure_code_; }

 private:
  const Command* find(const std::string& name) const {
    std::string verb = name;
    for (const Alias& alias : aliases_)
      if (name == alias.name) verb = alias.verb;
    for (const Command& command : commands_)
      if (verb == command.name) return &command;
    return nullptr;
  }

  /// The verbs of a group, or all of them.
  std::string help(const std::string& group) const {
    const std::string prefix = group.empty() ? "" : group + " ";
    std::vector<Row> rows;
    for (const Command& command : commands_)
      if (std::string(command.name).starts_with(prefix))
        rows.push_back({std::string("  ") + command.name, command.summary});
    for (const Alias& alias : aliases_)
      if (!group.empty() && std::string(alias.name).starts_with(prefix))
        rows.push_back({std::string("  ") + alias.name, std::string("The same as ") + alias.verb});
    return "Usage: devenv " + prefix + "COMMAND [ARG...]\n\n" +
           (group.empty() ? "Containers for C++ tests and dev shells, without Docker.\n\n" : "") +
           "Commands:\n" + format_table(rows) + "\nRun `devenv " + prefix +
           "COMMAND --help` for a command's flags.\n";
  }

  bool is_group(const std::string& word) const {
    const auto begins = [&](const auto& each) { return std::string(each.name).starts_with(word + " "); };
    return std::any_of(commands_.begin(), commands_.end(), begins) ||
           std::any_of(aliases_.begin(), aliases_.end(), begins);
  }

  /// Why the words name no verb.
  [[noreturn]] void explain(const Args& args) const {
    const bool group = is_group(args[0]);
    if (group && (args.size() == 1 || args[1] == "--help")) throw HelpRequested{help(args[0])};
    const std::string wanted = group ? args[0] + " " + args[1] : args[0];
    std::vector<std::string> known;
    for (const Command& command : commands_) known.emplace_back(command.name);
    for (const Alias& alias : aliases_) known.emplace_back(alias.name);
    if (group)
      std::erase_if(known, [&](const std::string& name) { return !name.starts_with(args[0] + " "); });
    const auto near = nearest(wanted, known);
    if (is_docker_verb(group ? args[1] : args[0]))
      throw UsageError("run \"" + wanted + "\": docker has this command, devenv has not (yet)",
                       "see `devenv --help` for those it has");
    throw UsageError("run \"" + wanted + "\": there is no such command",
                     (near ? "did you mean `devenv " + *near + "`? " : "") + "see `devenv " +
                         (group ? args[0] + " " : "") + "--help`");
  }

  std::span<const Command> commands_;
  std::span<const Alias> aliases_;
  Context& context_;
  int failure_code_ = kFailed;
};

int report(Context& context, const std::string& message, int code) {
  try {
    context.console.warn("devenv: " + printable(message) + "\n");
  } catch (const Error&) {
    // Nobody listens; the exit code still tells.
  }
  return code;
}

/// A refusal that reached us without one may be the machine's.
std::string with_way_out(const SystemError& error) {
  const std::string text = error.what(), hint = kernel::refusal_hint(error.code());
  return hint.empty() || text.find("; ") != std::string::npos ? text : text + "; " + hint;
}

}  // namespace

int dispatch(std::span<const Command> commands, std::span<const Alias> aliases, Context& context,
             const Args& args) {
  Dispatcher dispatcher(commands, aliases, context);
  try {
    try {
      return dispatcher.run(args);
    } catch (const HelpRequested& help) {
      context.console.print(help.text);
      return 0;
    }
  } catch (const CommandError& error) {
    return report(context, error.what(), error.exit_code());
  } catch (const UsageError& error) {
    return report(context, error.what(), kUsage);
  } catch (const SystemError& error) {
    // The reader of our output went away, as in `devenv logs db | head`: as silent as SIGPIPE.
    if (error.code() == EPIPE) return 141;
    return report(context, with_way_out(error), dispatcher.failure_code());
  } catch (const Error& error) {
    return report(context, error.what(), dispatcher.failure_code());
  } catch (const std::system_error& error) {  // of the standard library's: a thread could not be started
    return report(context, with_way_out(SystemError(error.code().value(), "run: start a thread")),
                  dispatcher.failure_code());
  } catch (const std::bad_alloc&) {
    return report(context, "run: out of memory", dispatcher.failure_code());
  } catch (const std::exception& error) {
    return report(context,
                  std::string("run: a mistake of devenv itself (") + error.what() + "); please report it",
                  dispatcher.failure_code());
  }
}

}  // namespace devenv::cli
