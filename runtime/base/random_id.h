// Identifiers: 64 lower-case hex digits from getrandom(2), as docker's container ids.
#pragma once

#include <string>

namespace devenv {

/// `digits` lower-case hex digits (1..64). Blocks only before the kernel's pool is seeded.
std::string random_id(unsigned digits = 64);

}  // namespace devenv
