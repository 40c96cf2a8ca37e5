// The process that answers for the kernel played: in a session of its own, nobody's child, gone with the last
// process under the filter.
#pragma once

#include "kernel.h"

namespace devenv::deny {

/// Starts it, puts the calling process under the filter, and returns. Throws SystemError.
void play(Kernel kernel);

}  // namespace devenv::deny
