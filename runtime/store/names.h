// What may be used as a file name below the store, and the errors of names that may not.
#pragma once

#include <string>
#include <vector>

namespace devenv::store {

/// Whether it is [a-zA-Z0-9][a-zA-Z0-9_.-]* of at most 200 characters.
bool is_name(const std::string& name);

/// `name` if it is one. Throws Error "<what> "…": …".
const std::string& checked_name(const std::string& name, const char* what);

/// Directories of `directory` that have such names, sorted; empty when it is missing.
std::vector<std::string> named_directories(const std::string& directory);

}  // namespace devenv::store
