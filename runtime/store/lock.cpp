#include "lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "devenv/error.h"
#include "runtime/base/check.h"

namespace devenv::store {
namespace {

UniqueFd open_lock(const std::string& path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EISDIR) fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return UniqueFd(check(fd, [&] { return "open lock " + path; }));
}

/// False when somebody else has it.
bool try_lock(int fd, FileLock::Mode mode, const std::string& path) {
  const int operation = mode == FileLock::Mode::shared ? LOCK_SH : LOCK_EX;
  while (flock(fd, operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw SystemError(errno, "lock " + path);
  }
  return true;
}

}  // namespace

FileLock FileLock::acquire(const std::string& path, Mode mode, Deadline deadline, const std::string& what) {
  UniqueFd fd = open_lock(path);
  // flock(2) has no timeout and tells nobody when it is released, so a contended one is polled.
  using std::chrono::milliseconds;
  for (milliseconds pause{1}; !try_lock(fd.get(), mode, path);
       pause = std::min(pause * 2, milliseconds(25))) {
    if (deadline.passed()) throw Timeout("wait for " + what + ": another process still holds it");
    std::this_thread::sleep_for(std::min<Deadline::Clock::duration>(pause, deadline.remaining()));
  }
  return FileLock(std::move(fd));
}

std::optional<FileLock> FileLock::try_acquire_directory(const std::string& path, Mode mode) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  check(fd.get(), [&] { return "open lock " + path; });
  if (!try_lock(fd.get(), mode, path)) return std::nullopt;
  struct stat locked {
  }, there{};
  check(fstat(fd.get(), &locked), [&] { return "stat lock " + path; });
  const bool same =
      stat(path.c_str(), &there) == 0 && there.st_ino == locked.st_ino && there.st_dev == locked.st_dev;
  return same ? std::optional(FileLock(std::move(fd))) : std::nullopt;
}

std::optional<FileLock> FileLock::try_acquire(const std::string& path, Mode mode) {
  UniqueFd fd = open_lock(path);
  if (!try_lock(fd.get(), mode, path)) return std::nullopt;
  return FileLock(std::move(fd));
}

}  // namespace devenv::store
