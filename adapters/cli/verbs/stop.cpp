#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/mount_spec.h"
#include "adapters/cli/parse/quantity.h"
#include "each.h"
#include "verbs.h"

namespace devenv::cli {

int run_stop(Context& context, const Args& args) {
  std::int64_t seconds = -1;
  Flags app("Stop containers: their stop signal, then SIGKILL after a grace.");
  app.add_option("-t,--time", seconds, "Seconds of grace (the container's own, else 10)")
      .type_name("SECONDS");
  const auto names = parse(app, {"stop [flags] CONTAINER [CONTAINER...]", 1}, args);
  return for_each_name(context, names, [&](const std::string& name) {
    context.engine().stop(
        name, seconds < 0 ? std::nullopt : std::optional(std::chrono::milliseconds(1000 * seconds)));
    return name;
  });
}

int run_kill(Context& context, const Args& args) {
  std::string signal = "KILL";
  Flags app("Send a signal to containers.");
  app.add_option("-s,--signal", signal, "The signal (KILL)").type_name("SIGNAL");
  const auto names = parse(app, {"kill [flags] CONTAINER [CONTAINER...]", 1}, args);
  const int number = parse_signal(signal);
  return for_each_name(context, names, [&](const std::string& name) {
    context.engine().signal(name, number);
    return name;
  });
}

namespace {

void remove_anonymous_volumes(Engine& engine, const ContainerInfo& container) {
  for (const MountSpec& mount : container.spec.mounts)
    if (mount.type == MountSpec::Type::volume && is_anonymous_volume(mount.source))
      engine.remove_volume(mount.source, true);
}

}  // namespace

int run_rm(Context& context, const Args& args) {
  bool force = false, volumes = false;
  Flags app("Remove containers.");
  app.add_flag("-f,--force", force, "Kill them first; no error for a missing one");
  app.add_flag("-v,--volumes", volumes, "Also their anonymous volumes");
  const auto names = parse(app, {"rm [flags] CONTAINER [CONTAINER...]", 1}, args);
  Engine& engine = context.engine();
  return for_each_name(context, names, [&](const std::string& name) {
    std::optional<ContainerInfo> before;
    if (volumes && !force) before = engine.inspect(name);
    if (volumes && force)
      for (auto& container : engine.containers(true))
        if (container.name == name || container.id.starts_with(name)) before = std::move(container);
    engine.remove(name, force);
    if (before) remove_anonymous_volumes(engine, *before);
    return name;
  });
}

int run_wait(Context& context, const Args& args) {
  Flags app("Wait until containers exit and print their exit codes.");
  const auto names = parse(app, {"wait CONTAINER [CONTAINER...]", 1}, args);
  return for_each_name(context, names, [&](const std::string& name) {
    return std::to_string(context.engine().wait(name, Deadline::never())->code);
  });
}

}  // namespace devenv::cli
