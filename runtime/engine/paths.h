// Where devenv keeps things on this machine.
#pragma once

#include <string>

#include "devenv/native_engine.h"

namespace devenv::engine {

/// `options` with every empty field filled in. Throws Error when HOME or XDG_RUNTIME_DIR is needed and unset.
NativeEngineOptions resolve_options(NativeEngineOptions options);

/// Made-up container names as docker makes them: "quiet_heron". Not unique by itself.
std::string random_name();

}  // namespace devenv::engine
