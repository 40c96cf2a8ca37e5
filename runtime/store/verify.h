// Whether a store is whole: what is named exists, what exists is complete, and nothing is left of what was
// killed.
#pragma once

#include <string>
#include <vector>

namespace devenv::store {

class Store;

struct StoreReport {
  std::vector<std::string> problems;  ///< one sentence each, with a way out
  std::size_t blobs = 0, images = 0, layers = 0, states = 0, volumes = 0, containers = 0;
};

/// Reads and hashes every blob; follows index, manifests, configs and layers; looks into every record. The
/// contents of unpacked layers, states and volumes are not hashed: nothing says what they should be. Changes
/// nothing, and other processes may go on using the store.
StoreReport verify_store(const Store& store);

}  // namespace devenv::store
