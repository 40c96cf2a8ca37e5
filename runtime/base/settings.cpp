#include "settings.h"

#include <cstdlib>

#include "devenv/error.h"

namespace devenv::settings {
namespace {

std::string value(const char* variable) {
  const char* found = std::getenv(variable);
  return found == nullptr ? std::string() : found;
}

}  // namespace

std::string store() { return value("DEVENV_STORE"); }
std::string runtime_dir() { return value("DEVENV_RUNTIME_DIR"); }
std::string helper() { return value("DEVENV_HELPER"); }
std::string fixtures() { return value("DEVENV_FIXTURES"); }
std::string image_prefix() { return value("DEVENV_IMAGE_PREFIX"); }
std::string debian_mirror() { return value("DEVENV_DEBIAN_MIRROR"); }
std::string debian_security_mirror() { return value("DEVENV_DEBIAN_SECURITY_MIRROR"); }

bool trust_host_cas() { return value("DEVENV_TRUST_HOST_CAS") == "1"; }
bool report() { return value("DEVENV_REPORT") == "1"; }
bool progress() { return value("DEVENV_PROGRESS") != "0"; }
bool prepared() { return value("DEVENV_PREPARED") != "0"; }

double slowdown() {
  const std::string text = value("DEVENV_SLOWDOWN");
  if (text.empty()) return 1;
  char* end = nullptr;
  const double factor = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(factor >= 1 && factor <= 1000))
    throw Error("read DEVENV_SLOWDOWN=" + text + ": it is not a number from 1 to 1000",
                "unset it, or say how many times slower this machine is");
  return factor;
}

}  // namespace devenv::settings
