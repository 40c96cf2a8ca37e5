// ContainerSpec + image defaults + what the engine resolved → SandboxPlan. Pure: reads no file, asks no
// kernel.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <devenv/container_spec.h>

#include "plan.h"

namespace devenv::launch {

/// The image config's "config" object, as far as starting needs it.
struct ImageDefaults {
  std::vector<std::string> entrypoint, command;
  std::vector<std::string> env;  ///< "K=V"
  std::string user, workdir;
};

struct PlanInput {
  ContainerSpec spec;
  ImageDefaults image;
  std::string id;                                  ///< 64 hex digits
  std::vector<std::string> lower_dirs;             ///< topmost first, a frozen state's included
  std::string container_dir;                       ///< upper, work and log go below it
  bool container_dir_is_scratch = true;            ///< journaled and removed with the container
  std::map<std::string, std::string> volume_dirs;  ///< volume name → its _data directory
  std::string host_ca_bundle;                      ///< with trust_host_cas: the host file
  std::vector<std::string> image_ca_bundles;       ///< with trust_host_cas: targets that exist in the image
  std::vector<std::uint8_t> seccomp;               ///< compiled filter; dropped when privileged
  std::uint64_t all_capabilities = 0;              ///< what the kernel knows, for privileged and cap_add ALL
};

/// Docker's table: entrypoint given → it + command; else image entrypoint + (command or image command).
std::vector<std::string> command_line(const ContainerSpec& spec, const ImageDefaults& image);

/// Image's, then the spec's (last of a name wins), PATH and HOSTNAME always there, TERM with a terminal.
/// A spec entry without a name throws Error.
std::vector<std::string> environment(const ContainerSpec& spec, const ImageDefaults& image,
                                     const std::string& hostname);

/// `more` into `env`, the last of a name wins. An entry without a name throws Error.
void merge_environment(std::vector<std::string>& env,
                       const std::vector<std::pair<std::string, std::string>>& more);

/// Docker's 14 plus added minus dropped; "ALL" in either. Unknown names throw Error naming the nearest.
std::uint64_t capability_mask(const ContainerSpec& spec, std::uint64_t all_capabilities);

/// Throws Error for what cannot be meant: no command, relative workdir or target, unknown capability.
SandboxPlan make_plan(const PlanInput& input);

}  // namespace devenv::launch
