// Where the engine's progress goes: standard error, in the form that --progress asks for.
#pragma once

#include <string>

#include "console.h"
#include "devenv/engine.h"

namespace devenv::cli {

/// `mode`: "auto" or "plain" (one line a step), "json" (one object a step), "quiet". Throws UsageError for
/// another one. The returned function keeps a copy of the console.
Progress make_progress(const Console& console, const std::string& mode);

}  // namespace devenv::cli
