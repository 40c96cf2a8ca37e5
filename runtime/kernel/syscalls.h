// Raw system calls that return -errno, so that a result survives whatever runs next. Child-safe, private to
// this module.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace devenv::kernel {

/// The -1 of a libc wrapper as -errno.
inline int negative_errno(long result) { return result < 0 ? -errno : static_cast<int>(result); }

template <class... Arguments>
int system_call(long number, Arguments... arguments) {
  return negative_errno(syscall(number, arguments...));
}

/// Closes on every return path; the child has no use for exceptions, only for early returns.
class ScopedFd {
 public:
  explicit ScopedFd(int fd) : fd_(fd) {}
  ScopedFd(const ScopedFd&) = delete;
  ScopedFd& operator=(const ScopedFd&) = delete;
  ~ScopedFd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool failed() const { return fd_ < 0; }
  int error() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

/// "/proc/self/fd/N": names a descriptor where only paths are taken.
struct FdPath {
  char text[32];
  explicit FdPath(int fd) {
    constexpr char prefix[] = "/proc/self/fd/";
    std::memcpy(text, prefix, sizeof prefix);
    char* end = text + sizeof prefix - 1;
    char digits[12];
    unsigned count = 0;
    unsigned rest = static_cast<unsigned>(fd);
    do {
      digits[count++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest > 0);
    while (count > 0) *end++ = digits[--count];
    *end = '\0';
  }
};

}  // namespace devenv::kernel
