#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "launcher.h"

namespace devenv::launch {

namespace {

bool executable(const std::string& path) { return !path.empty() && access(path.c_str(), X_OK) == 0; }

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : std::string();
}

// The shared library or executable that this function is in.
std::string own_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&locate_helper), &info) == 0 || info.dli_fname == nullptr) return {};
  // For an executable dli_fname is argv[0], which may be relative to a directory we left long ago.
  const std::string file = real_path(info.dli_fname);
  return file.empty() || info.dli_fname[0] != '/' ? real_path("/proc/self/exe") : file;
}

}  // namespace

std::string locate_helper() {
  if (const char* given = std::getenv("DEVENV_HELPER"); given != nullptr && *given != '\0') {
    if (executable(given)) return given;
    throw NotFound(std::string("find the devenv helper: $DEVENV_HELPER is ") + given +
                   ", which cannot be executed");
  }
  const std::string file = own_file();
  const std::string dir = file.substr(0, file.rfind('/'));
  std::string tried;
  for (const std::string& candidate :
       {dir + "/../libexec/devenv/devenv-helper", dir + "/../../libexec/devenv/devenv-helper",
        std::string(DEVENV_BUILD_HELPER)}) {
    if (executable(candidate)) return real_path(candidate);
    tried += (tried.empty() ? "" : ", ") + candidate;
  }
  throw NotFound("find the devenv helper: none of " + tried + " is executable",
                 "set DEVENV_HELPER to its path");
}

}  // namespace devenv::launch
