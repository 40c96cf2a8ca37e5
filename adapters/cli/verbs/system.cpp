#include "adapters/cli/arguments.h"
#include "adapters/cli/show/printable.h"
#include "runtime/base/json.h"
#include "runtime/store/store.h"
#include "runtime/store/verify.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

std::string summary(const store::StoreReport& report) {
  const auto counted = [](std::size_t n, const std::string& what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
  };
  return counted(report.images, "image") + ", " + counted(report.blobs, "blob") + ", " +
         counted(report.layers, "layer") + ", " + counted(report.states, "state") + ", " +
         counted(report.volumes, "volume") + ", " + counted(report.containers, "container");
}

}  // namespace

int run_system_verify(Context& context, const Args& args) {
  std::string format;
  Flags app("Check that the store is whole: every digest, every reference, no leftovers. Changes nothing.");
  app.add_option("--format", format, "json").type_name("FORMAT");
  parse(app, {"system verify [flags]", 0, 0}, args);
  if (!format.empty() && format != "json")
    throw UsageError("read --format \"" + format + "\": system verify knows only json",
                     "leave it out for text");
  const store::Store store = store::Store::open(store::Store::default_root());
  const store::StoreReport report = verify_store(store);
  if (format == "json")
    context.console.print(dump_json({{"Store", store.root()},
                                     {"Problems", report.problems},
                                     {"Images", report.images},
                                     {"Blobs", report.blobs},
                                     {"Layers", report.layers},
                                     {"States", report.states},
                                     {"Volumes", report.volumes},
                                     {"Containers", report.containers}}) +
                          "\n");
  else if (report.problems.empty())
    context.console.print("store " + store.root() + " is whole: " + summary(report) + "\n");
  for (const std::string& problem : report.problems)
    context.console.warn("devenv: " + printable(problem) + "\n");
  return report.problems.empty() ? 0 : kFailed;
}

}  // namespace devenv::cli
