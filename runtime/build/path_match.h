// Go's filepath.Match: the wildcards of COPY and ADD sources. Pure.
#pragma once

#include <string_view>

namespace devenv::build {

/// Whether `name`, whole, matches `pattern`; `*` and `?` do not match '/'. Throws Error for a malformed
/// pattern, as far as the name made it look.
bool path_match(std::string_view pattern, std::string_view name);

/// Whether `pattern` holds a wildcard (or an escape of one).
bool has_wildcard(std::string_view pattern);

}  // namespace devenv::build
