// Images of the store as the Engine shows them: found by name or id, pulled, built, bootstrapped.
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "devenv/engine.h"
#include "runtime/base/unique_fd.h"
#include "runtime/store/store.h"

namespace devenv::engine {

/// A detached overlay of `lower_dirs` (topmost first) under a writable layer: what the store unpacks through.
UniqueFd mount_layers(const std::vector<std::string>& lower_dirs, const std::string& upper,
                      const std::string& work);

/// The same, read-only; also of a single directory or none (an empty tmpfs).
UniqueFd mount_read_only(const std::vector<std::string>& lower_dirs);

class Images {
 public:
  explicit Images(const store::Store& store) : store_(store) {}

  /// By reference ("debian", "debian:bookworm", "name@sha256:…") or by id or its prefix. Throws NotFound with
  /// the way out; Error for what is neither.
  store::StoredImage find(const std::string& reference_or_id) const;
  std::optional<store::StoredImage> try_find(const std::string& reference_or_id) const;

  /// Present and unpacked afterwards.
  store::StoredImage ensure(const std::string& reference, PullPolicy policy, const Progress& progress) const;

  static ImageInfo describe(const store::StoredImage& image, const store::LayerStore& layers);

 private:
  store::StoredImage pull(const std::string& reference, const Progress& progress) const;
  const store::Store& store_;
};

}  // namespace devenv::engine
