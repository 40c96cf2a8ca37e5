// A container's record as JSON: what the holder keeps for it and what stays in the store after it exited.
#pragma once

#include <string>

#include "devenv/engine.h"
#include "runtime/base/json.h"

namespace devenv::engine {

Json to_json(const ContainerSpec& spec);
Json to_json(const ContainerInfo& info);

/// Inverse of to_json, from its text. Of a record that cannot be read (damaged, another version's) there is
/// only the id, and why: one of them must not keep the others from being listed, nor itself from being
/// removed.
ContainerInfo container_info_from_json(const std::string& text, const std::string& id);

/// What there is to show of one whose record cannot be read.
ContainerInfo damaged_container(const std::string& problem);

}  // namespace devenv::engine
