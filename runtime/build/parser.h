// Turns a Dockerfile into generic nodes exactly as BuildKit's parser does: syntax only, no instruction or
// flag is judged here. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lexer.h"
#include "warning.h"

namespace devenv::build {

/// One instruction.
struct Node {
  std::string name;                ///< as written
  std::vector<std::string> flags;  ///< "--from=x", quotes removed
  std::vector<std::string> args;   ///< ENV and LABEL: key, value, "=" or "" for each pair
  std::vector<Node> trigger;       ///< ONBUILD: the one instruction inside, else empty
  bool json = false;               ///< args come from a valid exec form
  std::vector<Heredoc> heredocs;
  std::string original;  ///< the joined line
  std::vector<std::string> comments;
  int first_line = 0, last_line = 0;  ///< 1-based, heredoc bodies included
};

struct Syntax {
  std::vector<Node> nodes;
  char escape = '\\';
  std::vector<Directive> directives;
  std::vector<Warning> warnings;
};

/// Throws Error "<file>:<line>: …" on a syntax error and for a file without instructions.
Syntax parse_dockerfile(std::string_view text, const std::string& file);

/// One instruction's line, as an image's OnBuild trigger holds it; heredoc bodies may follow.
Node parse_trigger(std::string_view text, const std::string& file, char escape = '\\');

/// "(copy [\"--from=x\"] \"a\" \"b\")", BuildKit's form.
std::string dump(const Node& node);

}  // namespace devenv::build
