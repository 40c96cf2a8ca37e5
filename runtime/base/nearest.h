// What somebody who mistyped a name may have meant. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devenv {

/// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the fewest edits, whatever the case; empty when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace devenv
