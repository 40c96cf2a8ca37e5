#include "tests/storm/victim_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>

#include "runtime/base/check.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {
namespace {

struct Relative {
  pid_t parent = 0;
  std::string name;
};

std::map<pid_t, Relative> all_processes() {
  std::map<pid_t, Relative> found;
  DIR* proc = opendir("/proc");
  while (const dirent* entry = proc != nullptr ? readdir(proc) : nullptr) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t begin = stat.find('('), end = stat.rfind(')');
    if (end == std::string::npos) continue;
    found[pid] = {std::atoi(stat.c_str() + end + 4), stat.substr(begin + 1, end - begin - 1)};
  }
  if (proc != nullptr) closedir(proc);
  return found;
}

bool is_below(pid_t pid, pid_t ancestor, const std::map<pid_t, Relative>& all) {
  for (auto found = all.find(pid); found != all.end(); found = all.find(found->second.parent))
    if (found->second.parent == ancestor) return true;
  return false;
}

bool has_word(pid_t pid, const char* word) {
  const std::string command = slurp("/proc/" + std::to_string(pid) + "/cmdline");
  return command.find(std::string(1, '\0') + word + std::string(1, '\0')) != std::string::npos;
}

pid_t spawn(const std::vector<std::string>& argv, const std::string& directory, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0].c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw SystemError(error, "execute " + argv[0]);
  return pid;
}

}  // namespace

VictimProcess::VictimProcess(const std::vector<std::string>& argv, const std::string& directory) {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "create a pipe");
  const UniqueFd read_end(ends[0]);
  input_ = UniqueFd(ends[1]);
  output_ = UniqueFd(check(memfd_create("output", MFD_CLOEXEC), "create a memfd"));
  check(fcntl(output_.get(), F_SETFL, O_APPEND), "append to a memfd");
  pid_ = spawn(argv, directory, read_end.get(), output_.get());
  process_ = UniqueFd(static_cast<int>(check(syscall(SYS_pidfd_open, pid_, 0), "open a process")));
}

VictimProcess VictimProcess::running(const std::string& filter) {
  return VictimProcess({DEVENV_STORM_VICTIM, "--gtest_filter=" + filter});
}

VictimProcess::~VictimProcess() {
  if (!process_ || code_) return;
  signal(SIGKILL);
  wait(Deadline::never());
}

void VictimProcess::signal(int number) const {
  syscall(SYS_pidfd_send_signal, process_.get(), number, nullptr, 0);
}

std::string VictimProcess::output() const {
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = pread(output_.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

bool VictimProcess::says(const std::string& text, Deadline deadline) {
  for (;;) {
    const bool ended = wait(Deadline::after(std::chrono::milliseconds(1))).has_value();
    if (output().find(text) != std::string::npos) return true;
    if (ended || deadline.passed()) return false;
  }
}

std::optional<int> VictimProcess::wait(Deadline deadline) {
  if (code_) return code_;
  pollfd watched{process_.get(), POLLIN, 0};
  if (poll(&watched, 1, deadline.poll_timeout_ms()) <= 0) return std::nullopt;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

int VictimProcess::finish() {
  if (const auto code = wait(Deadline::after(std::chrono::minutes(1)))) return *code;
  signal(SIGKILL);
  wait(Deadline::never());
  return 255;
}

Supervisors supervisors_below(pid_t owner) {
  Supervisors found;
  const auto all = all_processes();
  for (const auto& [pid, process] : all) {
    if (!is_below(pid, owner, all)) continue;
    if (process.name == "devenv-init")
      found.inits.push_back(pid);
    else if (has_word(pid, "hold"))
      found.holders.push_back(pid);
    else if (has_word(pid, "reap"))
      found.reapers.push_back(pid);
  }
  return found;
}

}  // namespace devenv::test
