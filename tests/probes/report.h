// The two halves of the probe's report.
#pragma once

#include <nlohmann/json.hpp>

namespace devenv::probe {

using Json = nlohmann::json;

/// What is there to see: ids, capability sets, descriptors, mounts, links, devices, processes, …
Json what_is_seen();

/// What happens when it tries: system calls by name → "ok" or the errno's name; paths → can they be written.
Json what_is_allowed();

}  // namespace devenv::probe
