// What this machine can do, each thing tried once: for `devenv info` and for errors that say what is missing.
#pragma once

#include <string>
#include <vector>

namespace devenv::kernel {

struct Feature {
  std::string name;        ///< "overlay", "user namespaces", …
  std::string needed_for;  ///< what does not work without
  bool works = false;
  bool required = true;  ///< false: there is a fallback
  std::string reason;    ///< why not, or a detail ("hybrid: v2 at /sys/fs/cgroup/unified")
  std::string fix;       ///< what a person can do; empty when it works
};

/// Tries each once per process and remembers. Takes some ten milliseconds the first time; changes nothing
/// that outlives the call. Thread-safe.
const std::vector<Feature>& probe_features();

/// The feature named so. Throws Error for an unknown name.
const Feature& probe_feature(const std::string& name);

}  // namespace devenv::kernel
