// Reads the regular expression a .dockerignore pattern is translated to. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ignore_pattern.h"

namespace devenv::build {

/// nullopt when Go's regexp would not compile it.
std::optional<std::vector<IgnorePattern::State>> parse_ignore_expression(std::string_view expression);

}  // namespace devenv::build
