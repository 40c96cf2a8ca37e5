#include <algorithm>

#include "adapters/cli/arguments.h"
#include "adapters/cli/show/human.h"
#include "adapters/cli/show/listing.h"
#include "each.h"
#include "runtime/base/json.h"
#include "runtime/base/random_id.h"
#include "verbs.h"

namespace devenv::cli {

int run_volume_create(Context& context, const Args& args) {
  Flags app("Create a volume.");
  const auto operands = parse(app, {"volume create [NAME]", 0, 1}, args);
  const auto volume = context.engine().create_volume(operands.empty() ? random_id() : operands[0]);
  context.console.print(volume.name + "\n");
  return 0;
}

int run_volume_ls(Context& context, const Args& args) {
  bool quiet = false;
  std::string format;
  Flags app("List volumes.");
  app.add_flag("-q,--quiet", quiet, "Only names");
  app.add_option("--format", format, "json, or a template such as '{{.Name}}'").type_name("FORMAT");
  parse(app, {"volume ls [flags]", 0, 0}, args);
  auto volumes = context.engine().volumes();
  std::sort(volumes.begin(), volumes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  Listing listing{.columns = {{"DRIVER", "Driver"}, {"VOLUME NAME", "Name"}}, .items = {}};
  for (const auto& volume : volumes)
    listing.items.push_back(
        {{"Driver", "local"}, {"Name", volume.name}, {"Mountpoint", volume.mountpoint}, {"Scope", "local"}});
  show(context.console, listing, quiet && format.empty() ? "{{.Name}}" : format);
  return 0;
}

int run_volume_inspect(Context& context, const Args& args) {
  Flags app("Show everything about volumes, as JSON.");
  const auto names = parse(app, {"volume inspect VOLUME [VOLUME...]", 1}, args);
  const auto volumes = context.engine().volumes();
  Json found = Json::array();
  int code = 0;
  for (const auto& name : names) {
    const auto at =
        std::find_if(volumes.begin(), volumes.end(), [&](const auto& v) { return v.name == name; });
    if (at == volumes.end()) {
      context.console.warn("devenv: inspect volume " + name +
                           ": no such volume; `devenv volume ls` lists them\n");
      code = kFailed;
      continue;
    }
    found.push_back({{"Name", at->name},
                     {"Driver", "local"},
                     {"Mountpoint", at->mountpoint},
                     {"CreatedAt", rfc3339_nano(at->created_unix_s * 1'000'000'000)},
                     {"Scope", "local"}});
  }
  context.console.print(dump_json(found, 4) + "\n");
  return code;
}

int run_volume_rm(Context& context, const Args& args) {
  bool force = false;
  Flags app("Remove volumes.");
  app.add_flag("-f,--force", force, "No error for a missing one");
  const auto names = parse(app, {"volume rm [flags] VOLUME [VOLUME...]", 1}, args);
  return for_each_name(context, names, [&](const std::string& name) {
    context.engine().remove_volume(name, force);
    return name;
  });
}

}  // namespace devenv::cli
