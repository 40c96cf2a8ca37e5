#include <algorithm>

#include "adapters/cli/arguments.h"
#include "adapters/cli/show/listing.h"
#include "each.h"
#include "verbs.h"

namespace devenv::cli {

int run_state_ls(Context& context, const Args& args) {
  bool quiet = false;
  std::string format;
  Flags app("List prepared states: what tests clone instead of initialising a service again.");
  app.add_flag("-q,--quiet", quiet, "Only keys");
  app.add_option("--format", format, "json, or a template such as '{{.Key}}'").type_name("FORMAT");
  parse(app, {"state ls [flags]", 0, 0}, args);
  Listing listing{.columns = {{"STATE KEY", "Key"}}, .items = {}};
  for (const std::string& key : context.engine().states()) listing.items.push_back({{"Key", key}});
  show(context.console, listing, quiet && format.empty() ? "{{.Key}}" : format);
  return 0;
}

int run_state_rm(Context& context, const Args& args) {
  Flags app("Remove prepared states. The next test that needs one makes it again.");
  const auto keys = parse(app, {"state rm KEY [KEY...]", 1}, args);
  return for_each_name(context, keys, [&](const std::string& key) {
    const auto known = context.engine().states();
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw NotFound("remove state " + key + ": there is none of that key", "see: devenv state ls");
    context.engine().remove_state(key);
    return key;
  });
}

int run_state_prune(Context& context, const Args& args) {
  Flags app("Remove every prepared state that no container uses.");
  parse(app, {"state prune", 0, 0}, args);
  for (const std::string& key : context.engine().states()) {
    try {
      context.engine().remove_state(key);
      context.console.print(key + "\n");
    } catch (const Conflict&) {
      // In use: it stays.
    }
  }
  return 0;
}

}  // namespace devenv::cli
