// A remark on a Dockerfile that does not stop the build, under BuildKit's rule names.
#pragma once

#include <string>

namespace devenv::build {

struct Warning {
  std::string rule;  ///< "JSONArgsRecommended"
  std::string message;
  int line = 0;  ///< 1-based; 0 when it belongs to no line
};

}  // namespace devenv::build
