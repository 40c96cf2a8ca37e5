// What a bootstrap takes from the machine: mmdebstrap, what starts it, and the keys that sign the distribution.
#pragma once

#include <string>
#include <vector>

namespace devenv::registry {

struct MissingNeed {
  std::string thing;    ///< "mmdebstrap", "the keys that sign trixie"
  std::string package;  ///< Debian's, which has it
};

/// What is not there of what bootstrapping `suite` takes. Programs are looked for along `search_path`, a PATH; keys in
/// `keyrings`, where a keyring older than the suite does not have its keys.
std::vector<MissingNeed> missing_for_bootstrap(const std::string& suite, const std::string& search_path,
                                               const std::string& keyrings = "/usr/share/keyrings");

/// Nothing missing: returns. Else throws NotFound that names all of it, with the one command that installs it.
void require_needs(const std::string& action, const std::vector<MissingNeed>& missing);

}  // namespace devenv::registry
