// What the environment sets, DEVENV_*: the one place that reads these variables. docs/settings.md is their
// table. Read at each call, so that a test may set one; thread-safe as getenv(3) is.
#pragma once

#include <string>

namespace devenv::settings {

// Empty where the variable is unset or empty.
std::string store();                   ///< DEVENV_STORE
std::string runtime_dir();             ///< DEVENV_RUNTIME_DIR
std::string helper();                  ///< DEVENV_HELPER
std::string fixtures();                ///< DEVENV_FIXTURES
std::string image_prefix();            ///< DEVENV_IMAGE_PREFIX
std::string debian_mirror();           ///< DEVENV_DEBIAN_MIRROR
std::string debian_security_mirror();  ///< DEVENV_DEBIAN_SECURITY_MIRROR

bool trust_host_cas();  ///< DEVENV_TRUST_HOST_CAS is 1
bool report();          ///< DEVENV_REPORT is 1
bool progress();        ///< DEVENV_PROGRESS is not 0
bool prepared();        ///< DEVENV_PREPARED is not 0

/// DEVENV_SLOWDOWN: how many times slower than usual this machine is (emulated, under valgrind); 1 unless
/// set. Throws Error for what is no number from 1 to 1000.
double slowdown();

}  // namespace devenv::settings
