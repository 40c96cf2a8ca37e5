// The rules as a seccomp filter on the calling process.
#pragma once

#include <vector>

#include "kernel.h"
#include "runtime/base/unique_fd.h"

namespace devenv::deny {

/// Returns the descriptor that the questions (Rule::kAsk) arrive at. Needs CAP_SYS_ADMIN, for no_new_privs
/// would change what runs beneath it. Throws SystemError.
UniqueFd install_filter(const std::vector<Rule>& rules);

}  // namespace devenv::deny
