// Starting our own helper without copying the caller's memory (posix_spawn, which is vfork inside): from a
// test process of any size, and from the holder for its reaper.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace devenv::launch {

/// Number of the first descriptor a helper starts with: a holder's socket to its owner, a reaper's pipe.
constexpr int kHelperFd = 3;

/// Runs `path` in a session of its own with `fds` as kHelperFd and following, /dev/null for stdio, default signal
/// dispositions and an empty signal mask. Throws SystemError naming the path.
pid_t spawn_helper(const std::string& path, const std::vector<std::string>& argv,
                   const std::vector<int>& fds);

}  // namespace devenv::launch
