// `devenv debug reference REF`: an image reference in its parts, as builds and runs read it.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace devenv::cli {

/// Prints {"domain","path","tag","digest","familiar"} as JSON and returns 0; no default tag is added. A bad
/// reference returns 1 with a word on `err`, misuse 2.
int debug_reference(const std::vector<std::string>& args, std::istream& in, std::ostream& out,
                    std::ostream& err);

}  // namespace devenv::cli
