// The empty files and directories that exist only because something had to be mounted on them: a RUN must not
// leave them in its layer.
#pragma once

#include <string>
#include <vector>

namespace devenv::engine {

/// Of `targets` and their parents, those missing below `root`, deepest first.
std::vector<std::string> missing_below(int root, const std::vector<std::string>& targets);

/// Removes those of `paths` from the writable layer `upper_dir` that are still empty files or directories.
void remove_empty(const std::string& upper_dir, const std::vector<std::string>& paths);

}  // namespace devenv::engine
