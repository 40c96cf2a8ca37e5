// Short locks between processes: flock(2) on a file or directory. Released by the destructor or by the
// kernel when the last descriptor of it closes, so a killed process leaves none. Threads exclude each other
// too, each acquisition being its own open file. Hold none over slow work unless it says "in use".
#pragma once

#include <optional>
#include <string>

#include "devenv/deadline.h"
#include "runtime/base/unique_fd.h"

namespace devenv::store {

class FileLock {
 public:
  enum class Mode { shared, exclusive };

  FileLock() = default;

  /// Locks `path`, created when missing (a directory must exist). Throws Timeout naming `what` at the
  /// deadline, SystemError.
  static FileLock acquire(const std::string& path, Mode mode, Deadline deadline, const std::string& what);
  /// nullopt when somebody else holds it in a clashing mode.
  static std::optional<FileLock> try_acquire(const std::string& path, Mode mode);
  /// The same for a directory that others may remove or replace: nullopt also when there is none, and never a
  /// lock of one that `path` does not name any more. Creates nothing.
  static std::optional<FileLock> try_acquire_directory(const std::string& path, Mode mode);

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  /// The lock travels with the open file: a dup or a descriptor sent to another process holds it as well.
  int fd() const noexcept { return fd_.get(); }
  UniqueFd release() && noexcept { return std::move(fd_); }

 private:
  explicit FileLock(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace devenv::store
