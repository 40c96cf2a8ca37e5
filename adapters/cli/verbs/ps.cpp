#include <algorithm>

#include "adapters/cli/arguments.h"
#include "adapters/cli/show/container_view.h"
#include "adapters/cli/show/human.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

bool has_label(const ContainerInfo& container, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const auto found = container.labels.find(wanted.substr(0, equals));
  return found != container.labels.end() &&
         (equals == std::string::npos || found->second == wanted.substr(equals + 1));
}

bool has_volume(const ContainerInfo& container, const std::string& wanted) {
  const auto& mounts = container.spec.mounts;
  return std::any_of(mounts.begin(), mounts.end(),
                     [&](const MountSpec& m) { return m.source == wanted || m.target == wanted; });
}

bool matches(const ContainerInfo& container, const std::string& filter) {
  const std::size_t equals = filter.find('=');
  const std::string key = filter.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : filter.substr(equals + 1);
  if (key == "name") return container.name.find(value) != std::string::npos;
  if (key == "id") return container.id.starts_with(value);
  if (key == "label") return has_label(container, value);
  if (key == "ancestor")
    return container.image == value || container.image_id.find(value) != std::string::npos;
  if (key == "network") return container.network == value;
  if (key == "volume") return has_volume(container, value);
  if (key == "exited") return container.exit && std::to_string(container.exit->code) == value;
  if (key == "status")
    return value == (container.state == ContainerState::running  ? "running"
                     : container.state == ContainerState::exited ? "exited"
                                                                 : "created");
  throw UsageError("read filter \"" + filter + "\": the key \"" + key + "\" is not known",
                   "one of ancestor, exited, id, label, name, network, status and volume, as in -f name=db");
}

struct PsOptions {
  bool all = false, quiet = false, no_trunc = false, latest = false;
  int last = -1;
  std::string format;
  std::vector<std::string> filters;
};

std::vector<ContainerInfo> choose(Engine& engine, const PsOptions& options) {
  const bool by_state = std::any_of(options.filters.begin(), options.filters.end(), [](const std::string& f) {
    return f.starts_with("status=") || f.starts_with("exited=");
  });
  // A mistyped filter is told even when there is nothing to filter.
  for (const auto& filter : options.filters) matches({}, filter);
  const bool all = options.all || options.latest || options.last >= 0 || by_state;
  auto containers = engine.containers(all);
  std::erase_if(containers, [&](const ContainerInfo& c) {
    return !std::all_of(options.filters.begin(), options.filters.end(),
                        [&](const auto& f) { return matches(c, f); });
  });
  std::stable_sort(containers.begin(), containers.end(),
                   [](const auto& a, const auto& b) { return a.created_unix_ns > b.created_unix_ns; });
  const std::size_t most = options.latest      ? 1
                           : options.last >= 0 ? static_cast<std::size_t>(options.last)
                                               : containers.size();
  if (containers.size() > most) containers.resize(most);
  return containers;
}

}  // namespace

int run_ps(Context& context, const Args& args) {
  PsOptions options;
  Flags app("List containers.");
  app.add_flag("-a,--all", options.all, "Also those that have exited");
  app.add_flag("-q,--quiet", options.quiet, "Only ids");
  app.add_flag("--no-trunc", options.no_trunc, "Whole ids and commands");
  app.add_flag("-l,--latest", options.latest, "The one created last");
  app.add_option("-n,--last", options.last, "The N created last").type_name("N");
  app.add_list("-f,--filter", options.filters, "Only those that match (name=db, label=tier, status=exited)")
      .type_name("FILTER");
  app.add_option("--format", options.format, "json, or a template such as '{{.ID}} {{.Names}}'")
      .type_name("FORMAT");
  parse(app, {"ps [flags]", 0, 0}, args);
  const auto containers = choose(context.engine(), options);
  const auto now = now_unix_ns();
  Listing listing{.columns = {{"CONTAINER ID", "ID"},
                              {"IMAGE", "Image"},
                              {"COMMAND", "Command"},
                              {"CREATED", "RunningFor"},
                              {"STATUS", "Status"},
                              {"PORTS", "Ports"},
                              {"NAMES", "Names"}},
                  .items = {}};
  for (const auto& container : containers)
    listing.items.push_back(container_fields(container, now, !options.no_trunc));
  show(context.console, listing, options.quiet && options.format.empty() ? "{{.ID}}" : options.format);
  return 0;
}

}  // namespace devenv::cli
