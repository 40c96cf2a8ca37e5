// Trust of the host's certificate authorities inside containers, for users behind a TLS-intercepting proxy.
// Opt-in; mounted and set in the environment while a container runs, never part of a layer or an image.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace devenv::engine {

/// Where the bundle is mounted in every trusting container: on its /dev tmpfs, so no layer ever sees it.
inline constexpr const char* kCaBundleTarget = "/dev/.devenv/ca-certificates.crt";

/// The host's CA bundle: $SSL_CERT_FILE, else the first of the distributions' usual places. Throws NotFound
/// naming the places looked at.
std::string host_ca_bundle();

/// Those of the distributions' bundle paths that are regular files below `root` (an image's root directory):
/// the bundle is mounted over each.
std::vector<std::string> image_ca_bundles(int root);

/// SSL_CERT_FILE and its kin, pointing at kCaBundleTarget, for what reads no system bundle (pip, node) or
/// runs before the image has one. Names set in `env` already are left out.
std::vector<std::pair<std::string, std::string>> ca_environment(
    const std::vector<std::pair<std::string, std::string>>& env);

}  // namespace devenv::engine
