// For verbs that take several objects: one failure is reported and the others still get their turn.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/cli/command.h"

namespace devenv::cli {

/// Calls `action` per name and prints what it returns as a line. Returns 0, or 1 when any failed.
int for_each_name(Context& context, const std::vector<std::string>& names,
                  const std::function<std::string(const std::string& name)>& action);

}  // namespace devenv::cli
