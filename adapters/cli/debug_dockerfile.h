// The debug verbs of the builder: what builds themselves use, shown. Each takes its arguments behind the
// verb, reads `in` where a file is "-", and returns the exit code: 0, 1 for bad input, 2 for misuse.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace devenv::cli {

using Arguments = std::vector<std::string>;

/// dockerfile-ast [--lines] FILE
int debug_dockerfile_ast(const Arguments& args, std::istream& in, std::ostream& out, std::ostream& err);
/// expand [--escape=C] [--env K=V]… WORD
int debug_expand(const Arguments& args, std::istream& in, std::ostream& out, std::ostream& err);
/// expand-words [--escape=C] [--env K=V]… WORD
int debug_expand_words(const Arguments& args, std::istream& in, std::ostream& out, std::ostream& err);
/// ignore-match PATH PATTERN…
int debug_ignore_match(const Arguments& args, std::istream& in, std::ostream& out, std::ostream& err);
/// path-match PATTERN NAME
int debug_path_match(const Arguments& args, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace devenv::cli
