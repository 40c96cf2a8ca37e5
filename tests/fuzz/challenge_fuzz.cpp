// What registries and logins send: challenges, credential files, base64, redirects.
#include <cstdint>
#include <string_view>

#include "runtime/registry/auth.h"
#include "runtime/registry/client.h"

namespace registry = devenv::registry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const registry::CredentialHelper echo = [&](const std::string&, const std::string&) {
    return std::string(input);
  };
  for (const registry::Challenge& challenge : registry::parse_challenges(input)) {
    try {
      registry::token_url(challenge, {"repository:a:pull"}, "me");
    } catch (const devenv::Error&) {
    }
  }
  try {
    registry::credentials_in(input, "input", "docker.io", "library/a", echo);
  } catch (const devenv::Error&) {
  }
  registry::resolve_location("http://host/v2/a", std::string(input));
  return 0;
}
