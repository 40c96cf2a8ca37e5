#include "janitor.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <string_view>

#include "journal.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "session.h"
#include "spawn.h"
#include "sweep.h"

namespace devenv::launch {

namespace {

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

void sweep_own_session(const std::string& dir, UniqueFd own_lock) {
  if (const auto lock = await_dead_session(std::move(own_lock))) sweep_session(dir, lock->get());
}

}  // namespace

Janitor Janitor::spawn(const std::string& runtime_dir, const std::string& session_id) {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "create the reaper's pipe");
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  const pid_t reaper =
      spawn_helper("/proc/self/exe", {"devenv-helper", "reap", runtime_dir, session_id}, read_end.get());
  return Janitor(std::move(write_end), reaper);
}

void Janitor::remove_tree(const std::string& path) {
  const std::string line = path + '\n';
  if (line.size() <= PIPE_BUF) {
    fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
    if (write(pipe_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size())) return;
  }
  devenv::remove_tree(path);  // no reaper, or a very busy one
}

void Janitor::finish() {
  pipe_.reset();
  if (reaper_ > 0)
    while (waitpid(reaper_, nullptr, 0) < 0 && errno == EINTR) continue;
  reaper_ = -1;
}

int run_reaper(int pipe, const std::string& runtime_dir, const std::string& session_id) noexcept {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) std::signal(number, SIG_IGN);
  try {
    const std::string dir = session_dir(runtime_dir, session_id);
    UniqueFd lock = open_session_lock(dir);
    std::string pending;
    char buffer[8192];
    for (;;) {
      const ssize_t got = read(pipe, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      pending = remove_named(pending.append(buffer, static_cast<std::size_t>(got)), session_id);
    }
    sweep_own_session(dir, std::move(lock));
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace devenv::launch
