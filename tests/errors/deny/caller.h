// The thread that waits for an answer, seen from outside: its memory, and files as it would find them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::deny {

class Caller {
 public:
  explicit Caller(pid_t thread) : proc_("/proc/" + std::to_string(thread)) {}

  /// As much as can be read.
  std::string bytes(std::uint64_t address, std::size_t size) const;
  /// Empty for a null pointer.
  std::string text(std::uint64_t address) const;

  /// O_PATH, as its openat(2) would find it, but for absolute symlinks; none when there is no such file.
  UniqueFd open(int dirfd, const std::string& path, bool follow) const;
  /// Whether a file is on a mount of the caller's own mount namespace: what check_mnt() of the kernel asks.
  bool has_mounted(int fd) const;
  bool has_context(int fd) const;  ///< whether its descriptor is one of fsopen(2)

 private:
  std::string proc_;
};

}  // namespace devenv::deny
