#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/key_value.h"
#include "adapters/cli/terminal/relay.h"
#include "verbs.h"

namespace devenv::cli {

int run_exec(Context& context, const Args& args) {
  ExecSpec spec;
  std::vector<std::string> env, env_files;
  std::string detach_keys = "ctrl-p,ctrl-q";
  Flags app("Run a command in a running container.");
  app.add_flag("-i,--interactive", spec.open_stdin, "Pass standard input on");
  app.add_flag("-t,--tty", spec.tty, "Give it a terminal");
  app.add_list("-e,--env", env, "Set a variable (NAME=VALUE, or NAME to pass on yours)").type_name("ENV");
  app.add_list("--env-file", env_files, "Set the variables of a file").type_name("FILE");
  app.add_option("-u,--user", spec.user, "User, as NAME|UID[:GROUP|GID]").type_name("USER");
  app.add_option("-w,--workdir", spec.workdir, "Working directory").type_name("DIR");
  app.add_option("--detach-keys", detach_keys, "Keys that leave it running (ctrl-p,ctrl-q)")
      .type_name("KEYS");
  const auto operands = parse(app, {"exec [flags] CONTAINER COMMAND [ARG...]", 2, SIZE_MAX, true}, args);
  spec.command.assign(operands.begin() + 1, operands.end());
  for (const auto& path : env_files)
    for (auto& pair : read_env_file(path, from_environment)) spec.env.push_back(std::move(pair));
  for (const auto& text : env)
    if (auto pair = parse_env(text, from_environment)) spec.env.push_back(std::move(*pair));
  if (spec.tty && spec.open_stdin && !context.console.in_is_terminal())
    throw UsageError("exec in " + operands[0] + ": -t with -i needs a terminal as standard input",
                     "leave -t out to feed it from a pipe or file");
  const auto process = context.engine().open_exec(operands[0], spec);
  const auto result =
      relay(context.console, *process, nullptr,
            {.tty = spec.tty, .input = spec.open_stdin, .detach_keys = DetachKeys(detach_keys)});
  return result.exit ? result.exit->code : 0;
}

int run_attach(Context& context, const Args& args) {
  bool no_stdin = false, sig_proxy = true;
  std::string detach_keys = "ctrl-p,ctrl-q";
  Flags app("Connect your terminal to a running container.");
  app.add_flag("--no-stdin", no_stdin, "Do not pass standard input on");
  app.add_flag("--sig-proxy", sig_proxy, "Pass signals on (on; --sig-proxy=false to stop that)");
  app.add_option("--detach-keys", detach_keys, "Keys that leave it running (ctrl-p,ctrl-q)")
      .type_name("KEYS");
  const auto operands = parse(app, {"attach [flags] CONTAINER", 1, 1}, args);
  Engine& engine = context.engine();
  const auto container = engine.inspect(operands[0]);
  if (container.state != ContainerState::running)
    throw Conflict("attach to " + operands[0] + ": it is not running",
                   "see `devenv logs " + operands[0] + "`");
  const auto log = engine.logs(container.id);
  // What it said before belongs to `logs`.
  while (log->next(Deadline::after(std::chrono::nanoseconds(0)))) {
  }
  const auto process = engine.attach(container.id);
  const auto result = relay(context.console, *process, log.get(),
                            {.tty = container.spec.tty,
                             .input = container.spec.open_stdin && !no_stdin,
                             .proxy_signals = sig_proxy,
                             .detach_keys = DetachKeys(detach_keys)});
  return result.exit ? result.exit->code : 0;
}

}  // namespace devenv::cli
