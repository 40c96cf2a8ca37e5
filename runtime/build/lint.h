// Remarks on a Dockerfile under BuildKit's rule names. Pure; never throws for a file that parses.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "expand.h"
#include "instructions.h"
#include "parser.h"
#include "warning.h"

namespace devenv::build {

/// In the order of lines, without the rules `# check=skip=` names. `globals` as expand_globals gives them.
std::vector<Warning> lint(const Syntax& syntax, const Dockerfile& dockerfile, const Variables& globals);

/// "<file>:<line>: <rule>: <message>"
std::string show(const Warning& warning, const std::string& file);

/// What `# check=` says: rules to skip (or "all"), and whether warnings are errors.
struct CheckDirective {
  std::set<std::string> skip;
  bool error = false;
};
CheckDirective read_check_directive(const Syntax& syntax);

}  // namespace devenv::build
