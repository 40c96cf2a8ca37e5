// Where this code was loaded from: what ships with it (helper, Dockerfiles) lies relative to that.
#pragma once

#include <string>

namespace devenv {

/// The executable or shared library that holds `code`, as an absolute path without symlinks, wherever it was
/// installed or moved to and whatever the working directory is now. Empty if the kernel cannot tell.
std::string file_holding(const void* code);

}  // namespace devenv
