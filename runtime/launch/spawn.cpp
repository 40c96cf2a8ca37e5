#include "spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <csignal>

#include "runtime/base/check.h"
#include "runtime/base/unique_fd.h"
#include "runtime/kernel/refusal.h"

namespace devenv::launch {

namespace {

class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

class FileActions {
 public:
  explicit FileActions(const std::vector<UniqueFd>& fds) {
    posix_spawn_file_actions_init(&actions_);
    for (int stdio = 0; stdio < 3; ++stdio)
      posix_spawn_file_actions_addopen(&actions_, stdio, "/dev/null", O_RDWR, 0);
    int number = kHelperFd;
    for (const UniqueFd& fd : fds) posix_spawn_file_actions_adddup2(&actions_, fd.get(), number++);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

}  // namespace

pid_t spawn_helper(const std::string& path, const std::vector<std::string>& argv,
                   const std::vector<int>& fds) {
  // Out of the way of the stdio and the numbers they get, so that no action closes one before it is copied.
  const int above = kHelperFd + static_cast<int>(fds.size());
  std::vector<UniqueFd> sources;
  for (const int fd : fds)
    sources.emplace_back(check(fcntl(fd, F_DUPFD_CLOEXEC, above), "duplicate a descriptor"));
  const FileActions actions(sources);
  const SpawnAttributes attributes;
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, path.c_str(), actions.get(), attributes.get(), arguments.data(), environ);
  if (error != 0) throw SystemError(error, "execute the devenv helper " + path, kernel::refusal_hint(error));
  return pid;
}

}  // namespace devenv::launch
