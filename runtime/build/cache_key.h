// Keys of the build cache: what a step's result depends on, by content. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "steps.h"

namespace devenv::build {

/// `parent`: the chain id below, empty for none. `mounts`: for each mount what its content depends on.
std::string run_key(const RunStep& step, const std::string& parent, const std::string& network,
                    const std::vector<std::string>& mounts);
/// `sources`: for each source its content digest, or what stands for it.
std::string copy_key(const CopyStep& step, const std::string& parent,
                     const std::vector<std::string>& sources);
std::string workdir_key(const std::string& path, const std::string& user, const std::string& parent);

/// What a key leads to.
struct CachedStep {
  std::string diff_id, chain_id;
  std::string created;  ///< RFC 3339: when it was first made, so that a cached build changes no id
};
std::string to_text(const CachedStep& step);
/// nullopt for a damaged one: a miss.
std::optional<CachedStep> read_cached_step(const std::string& text);

}  // namespace devenv::build
