#include <algorithm>

#include "adapters/cli/arguments.h"
#include "adapters/cli/show/human.h"
#include "adapters/cli/show/listing.h"
#include "each.h"
#include "runtime/base/json.h"
#include "verbs.h"

namespace devenv::cli {

int run_network_create(Context& context, const Args& args) {
  NetworkSpec spec{.lifetime = Lifetime::detached};
  Flags app("Create a network.");
  app.add_flag("--internal", spec.internal, "No way out of it");
  spec.name = parse(app, {"network create [flags] NAME", 1, 1}, args)[0];
  context.console.print(context.engine().create_network(spec).id + "\n");
  return 0;
}

int run_network_ls(Context& context, const Args& args) {
  bool quiet = false, no_trunc = false;
  std::string format;
  Flags app("List networks.");
  app.add_flag("-q,--quiet", quiet, "Only ids");
  app.add_flag("--no-trunc", no_trunc, "Whole ids");
  app.add_option("--format", format, "json, or a template such as '{{.Name}}'").type_name("FORMAT");
  parse(app, {"network ls [flags]", 0, 0}, args);
  auto networks = context.engine().networks();
  std::sort(networks.begin(), networks.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  Listing listing{
      .columns = {{"NETWORK ID", "ID"}, {"NAME", "Name"}, {"DRIVER", "Driver"}, {"SCOPE", "Scope"}},
      .items = {}};
  for (const auto& network : networks)
    listing.items.push_back({{"ID", no_trunc ? network.id : short_id(network.id)},
                             {"Name", network.name},
                             {"Driver", network.name == "none"   ? "null"
                                        : network.name == "host" ? "host"
                                                                 : "bridge"},
                             {"Scope", "local"},
                             {"Internal", network.internal ? "true" : "false"},
                             {"Subnet", network.subnet},
                             {"Gateway", network.gateway}});
  show(context.console, listing, quiet && format.empty() ? "{{.ID}}" : format);
  return 0;
}

int run_network_inspect(Context& context, const Args& args) {
  Flags app("Show everything about networks, as JSON.");
  const auto names = parse(app, {"network inspect NETWORK [NETWORK...]", 1}, args);
  const auto networks = context.engine().networks();
  const auto containers = context.engine().containers(false);
  Json found = Json::array();
  int code = 0;
  for (const auto& name : names) {
    const auto at = std::find_if(networks.begin(), networks.end(),
                                 [&](const auto& n) { return n.name == name || n.id.starts_with(name); });
    if (at == networks.end()) {
      context.console.warn("devenv: inspect network " + name +
                           ": no such network; `devenv network ls` lists them\n");
      code = kFailed;
      continue;
    }
    Json members = Json::object();
    for (const auto& container : containers)
      if (container.network == at->name)
        members[container.id] = {{"Name", container.name}, {"IPv4Address", container.ip}};
    found.push_back({{"Name", at->name},
                     {"Id", at->id},
                     {"Scope", "local"},
                     {"Driver", "bridge"},
                     {"Internal", at->internal},
                     {"IPAM", {{"Config", {{{"Subnet", at->subnet}, {"Gateway", at->gateway}}}}}},
                     {"Containers", members}});
  }
  context.console.print(dump_json(found, 4) + "\n");
  return code;
}

int run_network_rm(Context& context, const Args& args) {
  Flags app("Remove networks.");
  const auto names = parse(app, {"network rm NETWORK [NETWORK...]", 1}, args);
  const auto known = context.engine().networks();
  return for_each_name(context, names, [&](const std::string& name) {
    // The engine's removal is idempotent; a person who mistyped wants to know.
    if (std::none_of(known.begin(), known.end(),
                     [&](const auto& n) { return n.name == name || n.id.starts_with(name); }))
      throw NotFound("remove network " + name + ": no such network", "`devenv network ls` lists them");
    context.engine().remove_network(name);
    return name;
  });
}

}  // namespace devenv::cli
