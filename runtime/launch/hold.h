// `devenv-helper hold`: from a fresh process to a holder in its own namespaces, and to its orderly end.
#pragma once

#include "server.h"

namespace devenv::launch {

/// Runs until the session is over; the exit code. A failure to begin is told to the owner.
int run_holder(const ServerOptions& options, char* const* argv) noexcept;

}  // namespace devenv::launch
