// Which stage rests on which, and which of them a target needs. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "expand.h"
#include "instructions.h"

namespace devenv::build {

/// Where a stage starts from, or a COPY --from takes from.
struct Source {
  enum class Kind { scratch, stage, image };
  Kind kind = Kind::image;
  std::size_t stage = 0;  ///< index
  std::string image;
};

struct StageNode {
  Source base;
  std::string platform;         ///< expanded
  std::set<std::size_t> needs;  ///< stages, its base included
};

struct Graph {
  std::vector<StageNode> stages;
  std::size_t target = 0;
  std::vector<std::size_t> order;  ///< needed stages, each behind those it needs, the target last
};

/// `globals`: the expanded global ARGs. Throws Error: an unknown target (with the nearest name), a cycle, an
/// empty base name.
Graph plan_stages(const Dockerfile& dockerfile, const Variables& globals, const std::string& target);

/// What `from` names for an instruction of stage `current`: a stage's name or number, else an image.
/// Throws Error for a number that is no earlier stage.
Source resolve_from(const Dockerfile& dockerfile, const std::string& from, std::size_t current);

/// Global ARGs in order, the build's values over the defaults, predefined platform values below them.
/// Throws Error "<file>:<line>: …".
Variables expand_globals(const Dockerfile& dockerfile, const Variables& build_args);

/// BUILDPLATFORM, TARGETPLATFORM and their parts, for this machine.
const Variables& platform_variables();

}  // namespace devenv::build
