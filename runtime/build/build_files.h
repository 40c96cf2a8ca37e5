// The files a build begins with: the Dockerfile, its ignore file, the context directory.
#pragma once

#include <devenv/engine.h>

#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::build {

struct BuildFiles {
  std::string dockerfile;  ///< text
  std::string name;        ///< for messages
  UniqueFd context;        ///< invalid without a context
  std::vector<std::string> ignore_patterns;
};

/// Throws NotFound naming every path looked for.
BuildFiles open_build_files(const BuildSpec& spec);

}  // namespace devenv::build
