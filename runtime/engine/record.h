// A container's record as JSON: what the holder keeps for it and what stays in the store after it exited.
#pragma once

#include <string>

#include "devenv/engine.h"
#include "runtime/base/json.h"

namespace devenv::engine {

Json to_json(const ContainerSpec& spec);
Json to_json(const ContainerInfo& info);

/// Inverse of to_json. Throws Error "parse <name>: …" for anything else.
ContainerInfo container_info_from_json(const Json& json, const std::string& name);

}  // namespace devenv::engine
