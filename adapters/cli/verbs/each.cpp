#include "each.h"

#include "adapters/cli/show/printable.h"

namespace devenv::cli {

int for_each_name(Context& context, const std::vector<std::string>& names,
                  const std::function<std::string(const std::string& name)>& action) {
  int code = 0;
  for (const auto& name : names) {
    try {
      context.console.print(action(name) + "\n");
    } catch (const Error& error) {
      context.console.warn("devenv: " + printable(error.what()) + "\n");
      code = kFailed;
    }
  }
  return code;
}

}  // namespace devenv::cli
