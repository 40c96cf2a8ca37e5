#include <unistd.h>


#include "launcher.h"
#include "runtime/base/own_file.h"
#include "runtime/base/settings.h"

namespace devenv::launch {

namespace {

bool executable(const std::string& path) { return !path.empty() && access(path.c_str(), X_OK) == 0; }

}  // namespace

std::string locate_helper() {
  if (const std::string given = settings::helper(); !given.empty()) {
    if (executable(given)) return given;
    throw NotFound(
        "find the devenv helper: $DEVENV_HELPER is " + given + ", which cannot be executed",
        "unset it, or name the devenv-helper of this devenv");
  }
  const std::string file = file_holding(reinterpret_cast<const void*>(&locate_helper));
  const std::string dir = file.substr(0, file.rfind('/'));
  std::string tried;
  for (const std::string& candidate :
       {dir + "/../libexec/devenv/devenv-helper", dir + "/../../libexec/devenv/devenv-helper",
        std::string(DEVENV_BUILD_HELPER)}) {
    if (executable(candidate)) return candidate;
    tried += (tried.empty() ? "" : ", ") + candidate;
  }
  throw NotFound("find the devenv helper: none of " + tried + " is executable",
                 "set DEVENV_HELPER to its path");
}

}  // namespace devenv::launch
