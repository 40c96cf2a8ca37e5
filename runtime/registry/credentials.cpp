#include "credentials.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/base/process.h"

namespace devenv::registry {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// Keys may be written as URLs: "https://index.docker.io/v1/" is "index.docker.io".
std::string plain_key(std::string key) {
  if (const auto scheme = key.find("://"); scheme != std::string::npos) {
    key.erase(0, scheme + 3);
    key = key.substr(0, key.find('/'));
  }
  if (key == "index.docker.io" || key == "registry-1.docker.io") return "docker.io";
  return key;
}

/// "host/a/b", "host/a", "host".
std::vector<std::string> keys_from_specific(const std::string& domain, const std::string& path) {
  std::vector<std::string> keys;
  std::string key = domain + "/" + path;
  for (;;) {
    keys.push_back(key);
    if (key == domain) return keys;
    key = key.substr(0, key.rfind('/'));
  }
}

Credentials from_entry(const Json& entry, const std::string& name) {
  Credentials result;
  result.identity_token = json_value<std::string>(entry, "identitytoken", "", name);
  const std::string auth = json_value<std::string>(entry, "auth", "", name);
  if (!auth.empty()) {
    const std::string pair = base64_decode(auth);
    const std::size_t colon = pair.find(':');
    if (colon == std::string::npos)
      throw Error("read credentials in " + name + ": an \"auth\" is not user:password");
    result.username = pair.substr(0, colon);
    result.password = pair.substr(colon + 1);
    while (result.password.ends_with('\0')) result.password.pop_back();  // docker pads some
  }
  return result;
}

Credentials from_helper(const std::string& helper, const std::string& server, const CredentialHelper& run) {
  const std::string output = run(helper, server);
  if (output.empty()) return {};
  const std::string name = "answer of docker-credential-" + helper;
  const Json answer = parse_json(output, name);
  Credentials result;
  result.username = json_value<std::string>(answer, "Username", "", name);
  result.password = json_value<std::string>(answer, "Secret", "", name);
  if (result.username == "<token>") result = {"", "", result.password};
  return result;
}

std::string run_helper(const std::string& helper, const std::string& server) {
  try {
    const ProcessResult result = run_process({.argv = {"docker-credential-" + helper, "get"},
                                              .input = server,
                                              .env = {},
                                              .deadline = Deadline::after(std::chrono::seconds(30)),
                                              .on_error_line = {}});
    return result.exit_code == 0 ? result.output : std::string();  // nonzero: it knows none
  } catch (const NotFound&) {
    return {};  // a configuration copied from elsewhere must not stop anonymous pulls
  }
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      text += at + i <= bytes.size() ? alphabet[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

std::string base64_decode(std::string_view text) {
  std::string bytes;
  unsigned group = 0, bits = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) throw Error("decode base64: an invalid character");
    group = (group << 6 | static_cast<unsigned>(value)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xff);
  }
  return bytes;
}

std::vector<std::string> credential_files() {
  std::vector<std::string> files;
  if (const auto file = environment("REGISTRY_AUTH_FILE"); !file.empty()) files.push_back(file);
  const std::string home = environment("HOME");
  const std::string runtime = environment("XDG_RUNTIME_DIR");
  files.push_back(
      (runtime.empty() ? "/run/containers/" + std::to_string(::geteuid()) : runtime + "/containers") +
      "/auth.json");
  const std::string config = environment("XDG_CONFIG_HOME");
  if (!config.empty() || !home.empty())
    files.push_back((config.empty() ? home + "/.config" : config) + "/containers/auth.json");
  const std::string docker = environment("DOCKER_CONFIG");
  if (!docker.empty() || !home.empty())
    files.push_back((docker.empty() ? home + "/.docker" : docker) + "/config.json");
  return files;
}

Credentials credentials_in(std::string_view text, const std::string& name, const std::string& domain,
                           const std::string& path, const CredentialHelper& helper) {
  const Json file = parse_json(text, name);
  const std::string server = domain == "docker.io" ? "https://index.docker.io/v1/" : domain;
  const auto helpers = json_value<Json>(file, "credHelpers", Json::object(), name);
  for (const auto& [key, value] : helpers.items())
    if (plain_key(key) == domain && value.is_string()) {
      Credentials found = from_helper(value.get<std::string>(), server, helper);
      if (!found.empty()) return found;
    }
  const auto auths = json_value<Json>(file, "auths", Json::object(), name);
  for (const std::string& wanted : keys_from_specific(domain, path))
    for (const auto& [key, entry] : auths.items()) {
      if (plain_key(key) != wanted || !entry.is_object()) continue;
      Credentials found = from_entry(entry, name);
      if (!found.empty()) return found;
    }
  const std::string store = json_value<std::string>(file, "credsStore", "", name);
  return store.empty() ? Credentials{} : from_helper(store, server, helper);
}

Credentials find_credentials(const std::string& domain, const std::string& path) {
  for (const std::string& file : credential_files()) {
    if (::access(file.c_str(), R_OK) != 0) continue;
    Credentials found = credentials_in(read_file(file), file, domain, path, run_helper);
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace devenv::registry
