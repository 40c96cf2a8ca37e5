#include "reaper.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string_view>

#include "devenv/deadline.h"
#include "devenv/error.h"
#include "runtime/base/files.h"
#include "session.h"
#include "spawn.h"
#include "stopped.h"
#include "sweep.h"

namespace devenv::launch {

namespace {

constexpr int kPipe = kHelperFd, kHolder = kHelperFd + 1, kOwner = kHelperFd + 2;
// After its owner's end a holder needs milliseconds; on an overloaded machine, seconds.
constexpr auto kHolderGrace = std::chrono::seconds(15);
constexpr int kLookIntervalMs = 100;

// "<store>/sessions/<the session's scratch>/…"
bool is_in_scratch(const std::string& path, const std::string& session_id) {
  const std::string parent = "/sessions/";
  const std::size_t begin = path.rfind(parent);
  const std::size_t end = begin == std::string::npos ? begin : path.find('/', begin + parent.size());
  return end != std::string::npos && path.find("..") == std::string::npos &&
         is_resource_of(session_id, path.substr(begin + parent.size(), end - begin - parent.size()));
}

// Deletes the trees named in `lines`; returns what is left after the last newline.
std::string remove_named(const std::string& lines, const std::string& session_id) {
  std::string_view rest = lines;
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
    const std::string path(rest.substr(0, end));
    if (!is_in_scratch(path, session_id)) continue;
    try {
      remove_tree(path);
    } catch (const Error&) {
      // Still named by the journal through its parent: the sweep tries again.
    }
  }
  return std::string(rest);
}

// Until the pipe's other end is closed: the holder ended, or asks for the sweep. Returns the session's lock file,
// opened while it was certainly the holder's, or nothing when the holder never came so far.
UniqueFd serve(const std::string& dir, const std::string& session_id, bool owned) {
  UniqueFd lock;
  const pid_t holder = getppid();
  Deadline grace = Deadline::never();
  std::string pending;
  pollfd watched[2] = {{kPipe, POLLIN, 0}, {owned ? kOwner : -1, POLLIN, 0}};
  for (;;) {
    const int ready = poll(watched, 2, grace.is_never() ? -1 : kLookIntervalMs);
    if (ready > 0 && watched[1].revents != 0) {
      watched[1].fd = -1;
      grace = Deadline::after(kHolderGrace);
    }
    if (!grace.is_never() && (is_stopped(holder) || grace.passed()))
      syscall(SYS_pidfd_send_signal, kHolder, SIGKILL, nullptr, 0);
    if (ready <= 0 || watched[0].revents == 0) continue;
    char buffer[8192];
    const ssize_t got = read(kPipe, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return lock;
    if (!lock) lock = open_session_lock(dir);
    pending = remove_named(pending.append(buffer, static_cast<std::size_t>(got)), session_id);
  }
}

}  // namespace

int run_reaper(const std::string& runtime_dir, const std::string& session_id, bool owned) noexcept {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) std::signal(number, SIG_IGN);
  try {
    const std::string dir = session_dir(runtime_dir, session_id);
    UniqueFd own = serve(dir, session_id, owned);
    const auto lock = own ? await_dead_session(std::move(own)) : claim_dead_session(runtime_dir, session_id);
    if (!lock) {  // swept by somebody else, or the holder was killed while it made the directory
      remove_empty_session_dirs(runtime_dir);
      return 0;
    }
    return sweep_session(dir, lock->get()) ? 0 : 1;
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace devenv::launch
