#include "bootstrap_needs.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "devenv/error.h"

namespace devenv::registry {
namespace {

// As in the Recommends of our own package (cmake/install.cmake), but for what no Debian is without.
constexpr std::array<std::array<const char*, 2>, 3> kPrograms = {
    {{"mmdebstrap", "mmdebstrap"}, {"setpriv", "util-linux"}, {"unshare", "util-linux"}}};

bool on_path(const std::string& program, const std::string& search_path) {
  std::istringstream directories(search_path);
  for (std::string directory; std::getline(directories, directory, ':');)
    if (access((directory + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

/// "a, b and c"
std::string enumerated(const std::vector<MissingNeed>& missing) {
  std::string text;
  for (std::size_t i = 0; i < missing.size(); ++i)
    text += (i == 0 ? "" : i + 1 == missing.size() ? " and " : ", ") + missing[i].thing;
  return text;
}

}  // namespace

std::vector<MissingNeed> missing_for_bootstrap(const std::string& suite, const std::string& search_path,
                                               const std::string& keyrings) {
  std::vector<MissingNeed> missing;
  for (const auto& [program, package] : kPrograms)
    if (!on_path(program, search_path)) missing.push_back({program, package});
  for (const std::string& keyring : {std::string("keyring"), suite + "-automatic"})
    if (access((keyrings + "/debian-archive-" + keyring + ".gpg").c_str(), R_OK) != 0) {
      missing.push_back({"the keys that sign " + suite, "debian-archive-keyring"});
      break;
    }
  return missing;
}

void require_needs(const std::string& action, const std::vector<MissingNeed>& missing) {
  if (missing.empty()) return;
  std::vector<std::string> packages;
  for (const MissingNeed& need : missing)
    if (std::find(packages.begin(), packages.end(), need.package) == packages.end())
      packages.push_back(need.package);
  std::string command = "apt-get update && apt-get install -y";
  for (const std::string& package : packages) command += " " + package;
  throw NotFound(action + ": this machine lacks " + enumerated(missing), command);
}

}  // namespace devenv::registry
