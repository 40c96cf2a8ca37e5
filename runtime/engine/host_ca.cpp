#include "host_ca.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "devenv/error.h"
#include "runtime/base/unique_fd.h"

namespace devenv::engine {
namespace {

// Debian and Alpine; Fedora and RHEL (link and target); OpenSUSE; Alpine's libtls.
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

constexpr const char* kVariables[] = {"SSL_CERT_FILE",    "CURL_CA_BUNDLE",      "REQUESTS_CA_BUNDLE",
                                      "PIP_CERT",         "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO",
                                      "CARGO_HTTP_CAINFO"};

}  // namespace

std::string host_ca_bundle() {
  const char* configured = std::getenv("SSL_CERT_FILE");
  if (configured && access(configured, R_OK) == 0) return configured;
  std::string tried;
  for (const char* path : kBundles) {
    if (access(path, R_OK) == 0) return path;
    tried += (tried.empty() ? "" : ", ") + std::string(path);
  }
  throw NotFound("trust the host's CAs: no CA bundle at " + tried,
                 "install ca-certificates or set SSL_CERT_FILE");
}

std::vector<std::string> image_ca_bundles(int root) {
  std::vector<std::string> found;
  for (const char* path : kBundles) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW;
    how.resolve = RESOLVE_IN_ROOT;
    const UniqueFd fd(static_cast<int>(syscall(SYS_openat2, root, path, &how, sizeof how)));
    struct stat st;
    if (fd && fstat(fd.get(), &st) == 0 && S_ISREG(st.st_mode)) found.emplace_back(path);
  }
  return found;
}

std::vector<std::pair<std::string, std::string>> ca_environment(
    const std::vector<std::pair<std::string, std::string>>& env) {
  std::vector<std::pair<std::string, std::string>> added;
  for (const char* name : kVariables)
    if (std::none_of(env.begin(), env.end(), [&](const auto& entry) { return entry.first == name; }))
      added.emplace_back(name, kCaBundleTarget);
  return added;
}

}  // namespace devenv::engine
