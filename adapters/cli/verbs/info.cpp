#include <sys/utsname.h>

#include <algorithm>

#include "adapters/cli/arguments.h"
#include "adapters/cli/show/table.h"
#include "runtime/base/json.h"
#include "runtime/kernel/probe.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

Json probe_json() {
  Json features = Json::array();
  for (const auto& feature : kernel::probe_features())
    features.push_back({{"Name", feature.name},
                        {"Works", feature.works},
                        {"Required", feature.required},
                        {"NeededFor", feature.needed_for},
                        {"Detail", feature.reason},
                        {"Fix", feature.fix}});
  return features;
}

std::string feature_table() {
  std::vector<Row> rows{{"FEATURE", "WORKS", "NEEDED FOR", "DETAIL"}};
  for (const auto& feature : kernel::probe_features()) {
    std::string detail = feature.reason;
    if (!feature.works && !feature.fix.empty()) detail += "; " + feature.fix;
    rows.push_back({feature.name,
                    feature.works      ? "yes"
                    : feature.required ? "no"
                                       : "no (optional)",
                    feature.needed_for, detail});
  }
  return format_table(rows);
}

std::string kernel_release() {
  utsname name{};
  uname(&name);
  return name.release;
}

}  // namespace

int run_info(Context& context, const Args& args) {
  std::string format;
  Flags app("Show what is there and what this machine can do, each thing tried.");
  app.add_option("--format", format, "json").type_name("FORMAT");
  parse(app, {"info [flags]", 0, 0}, args);
  if (!format.empty() && format != "json")
    throw UsageError("read --format \"" + format + "\": info knows only json", "leave it out for a table");
  Engine& engine = context.engine();
  const auto containers = engine.containers(true);
  const auto running = std::count_if(containers.begin(), containers.end(),
                                     [](const auto& c) { return c.state == ContainerState::running; });
  const auto images = engine.images().size();
  if (format == "json") {
    const Json info{{"ServerVersion", DEVENV_VERSION},
                    {"KernelVersion", kernel_release()},
                    {"Containers", containers.size()},
                    {"ContainersRunning", running},
                    {"Images", images},
                    {"Features", probe_json()}};
    context.console.print(dump_json(info) + "\n");
    return 0;
  }
  context.console.print("Version:      " DEVENV_VERSION "\nKernel:       " + kernel_release() +
                        "\nContainers:   " + std::to_string(containers.size()) + ", " +
                        std::to_string(running) + " running\nImages:       " + std::to_string(images) +
                        "\n\n" + feature_table());
  return 0;
}

int run_version(Context& context, const Args& args) {
  std::string format;
  Flags app("Show the version.");
  app.add_option("--format", format, "json").type_name("FORMAT");
  parse(app, {"version [flags]", 0, 0}, args);
  if (format == "json")
    context.console.print(Json{{"Version", DEVENV_VERSION}, {"KernelVersion", kernel_release()}}.dump() +
                          "\n");
  else if (format.empty())
    context.console.print("devenv " DEVENV_VERSION "\n");
  else
    throw UsageError("read --format \"" + format + "\": version knows only json", "leave it out for text");
  return 0;
}

}  // namespace devenv::cli
