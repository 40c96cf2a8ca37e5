// Named volumes on their way into a container: made when missing, seeded from the image, locked while used.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "devenv/container_spec.h"
#include "runtime/base/unique_fd.h"
#include "runtime/store/store.h"

namespace devenv::engine {

struct MountedVolumes {
  std::map<std::string, std::string> data_dirs;  ///< volume name → its _data directory
  std::vector<UniqueFd> locks;                   ///< held until the container is gone
};

/// For every volume of `mounts`. An empty volume gets what the image has at its target, with owners and modes
/// (docker's rule), under the volume's lock. `lower_dirs`: the image's layers, topmost first. Anonymous ones (64
/// hex digits, not in the store) are made in `private_dir`, which goes with the container, unless that is empty.
/// Throws Error.
MountedVolumes prepare_volumes(const store::Store& store, const std::vector<MountSpec>& mounts,
                               const std::vector<std::string>& lower_dirs, const std::string& private_dir);

}  // namespace devenv::engine
