// Hostile manifests, indexes and configs: an Error or a struct, and the struct survives its own JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "devenv/error.h"
#include "runtime/store/image_config.h"
#include "runtime/store/manifest.h"

namespace store = devenv::store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  try {
    const auto parsed = store::parse_manifest(input, "", "input");
    if (const auto* manifest = std::get_if<store::Manifest>(&parsed)) {
      const store::Manifest again = store::parse_image_manifest(store::serialise(*manifest), "again");
      if (again.layers.size() != manifest->layers.size()) std::abort();
    } else {
      const auto& index = std::get<store::Index>(parsed);
      store::select_platform(index, store::host_platform());
      if (store::parse_index(store::serialise(index), "again").manifests.size() != index.manifests.size())
        std::abort();
    }
  } catch (const devenv::Error&) {
  }
  try {
    const std::string once = store::serialise(store::parse_image_config(input, "input"));
    if (store::serialise(store::parse_image_config(once, "again")) != once) std::abort();
  } catch (const devenv::Error&) {
  }
  return 0;
}
