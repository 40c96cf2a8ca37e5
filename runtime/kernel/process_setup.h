// What a new process inherits and should not: descriptors, keyring, limits. Child-safe: 0 or -errno.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace devenv::kernel {

/// Closes every descriptor >= `first` but those in `keep` (ascending).
int close_descriptors_from(int first, const int* keep = nullptr, unsigned keep_count = 0);
/// Marks every descriptor >= `first` close-on-exec.
int cloexec_descriptors_from(int first);

/// A fresh, empty session keyring: keys of whoever started us stay out of reach.
int new_session_keyring();

/// A hard limit that may not be raised (no CAP_SYS_RESOURCE) stays what it is, and the soft one below it.
int set_limit(int resource, std::uint64_t soft, std::uint64_t hard);
/// /proc/self/oom_score_adj, -1000..1000. Call while the host's /proc is visible or after the container's is.
int set_oom_score(int score);

/// Default dispositions and an empty mask: signals as exec'd programs expect them.
int reset_signals();

}  // namespace devenv::kernel
