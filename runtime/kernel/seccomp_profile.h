// Which system calls docker's default profile lets through, as data. Private to this module.
#pragma once

#include <cstdint>
#include <vector>

namespace devenv::kernel {

/// Bumped with every change of the lists: part of the cache key.
inline constexpr unsigned kSeccompProfileVersion = 1;

struct NumberedCall {
  const char* name;
  int number;  ///< the same on every architecture; for libseccomp versions that do not know the name
};

/// Calls that need a capability to be let through at all (any of them suffices).
struct GatedCalls {
  unsigned capability;
  std::vector<const char*> names;
};

const std::vector<const char*>& always_allowed_calls();
const std::vector<NumberedCall>& newer_allowed_calls();
const std::vector<GatedCalls>& gated_calls();

}  // namespace devenv::kernel
