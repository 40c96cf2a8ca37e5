#include "process_setup.h"

#include <linux/close_range.h>
#include <linux/keyctl.h>

#include <climits>
#include <csignal>

#include "syscalls.h"

namespace devenv::kernel {
namespace {

/// One by one where the kernel has no close_range (before 5.9), or not its flag (before 5.11).
int each_descriptor_from(int first, bool close_it) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  const int most = limit.rlim_cur > 1u << 20 ? 1 << 20 : static_cast<int>(limit.rlim_cur);
  for (int fd = first; fd < most; ++fd) {
    if (close_it)
      close(fd);
    else
      fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  return 0;
}

int range(int first, int last, unsigned flags) {
  return system_call(SYS_close_range, static_cast<unsigned>(first), static_cast<unsigned>(last), flags);
}

}  // namespace

int close_descriptors_from(int first, const int* keep, unsigned keep_count) {
  for (unsigned i = 0; i < keep_count; ++i) {
    if (keep[i] < first) continue;
    if (keep[i] > first && range(first, keep[i] - 1, 0) < 0)
      for (int fd = first; fd < keep[i]; ++fd) close(fd);
    first = keep[i] + 1;
  }
  const int closed = range(first, INT_MAX, 0);
  return closed == -ENOSYS ? each_descriptor_from(first, true) : closed;
}

int cloexec_descriptors_from(int first) {
  const int marked = range(first, INT_MAX, CLOSE_RANGE_CLOEXEC);
  return marked == -ENOSYS || marked == -EINVAL ? each_descriptor_from(first, false) : marked;
}

int new_session_keyring() {
  const int joined = system_call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0);
  // A kernel without keyrings has none to leak.
  return joined >= 0 || joined == -ENOSYS ? 0 : joined;
}

int set_limit(int resource, std::uint64_t soft, std::uint64_t hard) {
  rlimit limit{soft, hard};
  if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0) return 0;
  if (errno != EPERM) return -errno;
  rlimit current;
  if (getrlimit(static_cast<__rlimit_resource>(resource), &current) != 0) return -errno;
  limit.rlim_max = hard < current.rlim_max ? hard : current.rlim_max;
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  return negative_errno(setrlimit(static_cast<__rlimit_resource>(resource), &limit));
}

int set_oom_score(int score) {
  char text[8];
  char* end = text + sizeof text;
  const bool negative = score < 0;
  unsigned rest = static_cast<unsigned>(negative ? -score : score);
  if (rest > 1000) return -EINVAL;
  do {
    *--end = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (negative) *--end = '-';
  const ScopedFd file(negative_errno(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)));
  if (file.failed()) return file.error();
  const ssize_t written = write(file.get(), end, static_cast<std::size_t>(text + sizeof text - end));
  return written < 0 ? -errno : 0;
}

int reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  // SIGKILL, SIGSTOP and libc's own two refuse; that is as it should be.
  for (int number = 1; number <= SIGRTMAX; ++number) sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  return negative_errno(sigprocmask(SIG_SETMASK, &none, nullptr));
}

}  // namespace devenv::kernel
