#include "janitor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>

#include "devenv/deadline.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "spawn.h"
#include "stopped.h"

namespace devenv::launch {

namespace {

constexpr auto kReaperTime = std::chrono::seconds(10);
constexpr int kLookIntervalMs = 100;

UniqueFd open_process(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

}  // namespace

Janitor Janitor::spawn(const std::string& runtime_dir, const std::string& session_id, int owner_process) {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "create the reaper's pipe");
  const UniqueFd read_end(ends[0]), self = open_process(getpid());
  UniqueFd write_end(ends[1]);
  std::vector<int> fds{read_end.get(), self.get()};
  if (owner_process >= 0) fds.push_back(owner_process);
  const pid_t reaper =
      spawn_helper("/proc/self/exe",
                   {"devenv-helper", "reap", runtime_dir, session_id, owner_process >= 0 ? "session" : "detached"},
                   fds);
  return Janitor(std::move(write_end), open_process(reaper), reaper);
}

void Janitor::remove_tree(const std::string& path) {
  const std::string line = path + '\n';
  if (line.size() <= PIPE_BUF) {
    fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
    if (write(pipe_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size())) return;
  }
  devenv::remove_tree(path);  // no reaper, or a very busy one
}

void Janitor::session_is_ours() { (void)!write(pipe_.get(), "\n", 1); }

bool Janitor::finish() {
  pipe_.reset();
  if (reaper_ <= 0) return false;
  pollfd watched{process_.get(), POLLIN, 0};
  const Deadline deadline = Deadline::after(kReaperTime);
  while (process_ && poll(&watched, 1, kLookIntervalMs) == 0)
    if (deadline.passed() || is_stopped(reaper_)) ::kill(reaper_, SIGKILL);
  int status = 0;
  while (waitpid(reaper_, &status, 0) < 0 && errno == EINTR) continue;
  reaper_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace devenv::launch
