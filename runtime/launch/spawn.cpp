#include "spawn.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/base/check.h"
#include "runtime/base/spawn.h"
#include "runtime/base/unique_fd.h"
#include "runtime/kernel/refusal.h"

namespace devenv::launch {

pid_t spawn_helper(const std::string& path, const std::vector<std::string>& argv,
                   const std::vector<int>& fds) {
  // Out of the way of the stdio and the numbers they get, so that no action closes one before it is copied.
  const int above = kHelperFd + static_cast<int>(fds.size());
  std::vector<UniqueFd> sources;
  for (const int fd : fds)
    sources.emplace_back(check(fcntl(fd, F_DUPFD_CLOEXEC, above), "duplicate a descriptor"));
  SpawnFileActions actions;
  for (int stdio = 0; stdio < 3; ++stdio)
    posix_spawn_file_actions_addopen(actions.get(), stdio, "/dev/null", O_RDWR, 0);
  int number = kHelperFd;
  for (const UniqueFd& fd : sources) posix_spawn_file_actions_adddup2(actions.get(), fd.get(), number++);
  const SpawnAttributes attributes(POSIX_SPAWN_SETSID);
  const std::vector<char*> arguments = spawn_pointers(argv);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, path.c_str(), actions.get(), attributes.get(), arguments.data(), environ);
  if (error != 0) throw SystemError(error, "execute the devenv helper " + path, kernel::refusal_hint(error));
  return pid;
}

}  // namespace devenv::launch
