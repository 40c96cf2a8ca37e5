// Finds what a user logged in with, where docker, podman and skopeo keep it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::registry {

/// Secrets: never put in argv, logs or messages.
struct Credentials {
  std::string username, password;
  std::string identity_token;  ///< an OAuth2 refresh token instead of a password

  bool empty() const { return username.empty() && password.empty() && identity_token.empty(); }
};

/// Runs "docker-credential-<helper> get" with `server` on standard input; its JSON, or empty when it has
/// none.
using CredentialHelper = std::function<std::string(const std::string& helper, const std::string& server)>;

/// The files asked, in order: $REGISTRY_AUTH_FILE, containers' auth.json in the runtime and then in the
/// configuration directory, docker's config.json.
std::vector<std::string> credential_files();

/// Looks `domain`/`path` up in one file's text: the most specific key of "auths", after "credHelpers" and
/// before "credsStore". `name` is for errors. Throws Error when it is no JSON.
Credentials credentials_in(std::string_view text, const std::string& name, const std::string& domain,
                           const std::string& path, const CredentialHelper& helper);

/// The first file's answer; empty credentials when there are none.
Credentials find_credentials(const std::string& domain, const std::string& path);

/// Standard base64 with padding (RFC 4648).
std::string base64_encode(std::string_view bytes);
/// Throws Error when `text` is no base64.
std::string base64_decode(std::string_view text);

}  // namespace devenv::registry
