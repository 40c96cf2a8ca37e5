// What one RUN, COPY or ADD is to do, everything expanded and decided, before anything is touched. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mount.h"
#include "stage_state.h"

namespace devenv::build {

struct RunStep {
  std::vector<std::string> argv;
  std::vector<Pair> env;      ///< ARGs, then ENV: what the cache key holds
  std::vector<Pair> proxies;  ///< proxy variables of the build: in the environment, in no key, in no history
  std::string user, workdir;
  std::vector<Mount> mounts;
  std::string network;                ///< empty: the build's
  std::optional<std::string> script;  ///< content of a heredoc with #!, run as the file argv[0]
  std::string created_by;
};

struct CopyStep {
  bool add = false;
  std::string from;  ///< empty: the context
  std::vector<std::string> sources;
  std::vector<InlineFile> files;  ///< contents expanded
  std::string destination;        ///< absolute; a trailing slash means a directory
  std::string chown;
  std::optional<unsigned> mode;
  std::string checksum;
  bool link = false, parents = false;
  std::optional<bool> unpack;
  std::vector<std::string> excludes;
  std::string created_by;
};

/// Where a script of a heredoc is mounted.
inline constexpr char script_path[] = "/dev/pipes/script";

/// Throws Error without a place.
RunStep plan_run(const Run& run, const StageState& state, const BuildInputs& inputs, WordExpander& expander);
CopyStep plan_copy(const Copy& copy, const StageState& state, WordExpander& expander);

}  // namespace devenv::build
