// "Did you mean": the known word nearest to a mistyped one.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace devenv::cli {

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours), if it is near enough
/// to be a slip: at most a third of the word, at least one. A candidate that starts with the word (of two
/// letters or more) is near too.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace devenv::cli
