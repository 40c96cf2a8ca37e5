// Prepared states: what shapes one (its key), and making one exactly once among all processes.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "devenv/engine.h"

namespace devenv {

/// Everything that shaped the initialised data of a service.
struct StateInputs {
  std::string image_id;
  ContainerSpec
      container;  ///< of the preparing run; what cannot shape data (name, ports, network) is left out
  std::vector<std::pair<std::string, std::string>> files;  ///< target and content
  std::vector<std::string> inputs;                         ///< whatever else
};

/// 64 lower-case hex digits. Pure; equal for equal inputs on every machine. Contents of bind mounts are not
/// looked at: name them in `inputs`.
std::string state_key(const StateInputs& inputs);

/// Sees to it that the engine has the state. `prepare` runs only if it has not, and only in one process at a
/// time: it returns the id of an exited container, whose writable layer becomes the state. Returns whether
/// it ran. Blocks until the deadline for another process's preparation; throws Timeout then.
bool ensure_state(Engine& engine, const std::string& key, Deadline deadline,
                  const std::function<std::string()>& prepare);

}  // namespace devenv
