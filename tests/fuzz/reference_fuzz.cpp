// Hostile image references: an Error, or parts whose full form means the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/registry/reference.h"

namespace registry = devenv::registry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  registry::is_image_id(input);
  try {
    const registry::Reference reference = registry::parse_reference(input);
    if (reference.path.empty() || reference.path.size() > 255 || reference.tag.size() > 128) std::abort();
    if (!reference.digest.empty() && !registry::is_digest(reference.digest)) std::abort();
    if (registry::parse_reference(reference.full()) != reference) std::abort();
    if (reference.familiar().size() > reference.full().size()) std::abort();
  } catch (const devenv::Error&) {
  }
  return 0;
}
