#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "child.h"
#include "runtime/kernel/credentials.h"
#include "runtime/kernel/identity.h"
#include "runtime/kernel/process_setup.h"
#include "runtime/kernel/rootfs.h"

namespace devenv::launch {

namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const char* find_path(char* const* envp) noexcept {
  for (; *envp != nullptr; ++envp)
    if (std::strncmp(*envp, "PATH=", 5) == 0) return *envp + 5;
  return kDefaultPath;
}

int take_terminal(int terminal, const ProcessBlock& process) noexcept {
  if (ioctl(terminal, TIOCSCTTY, 0) < 0) return -errno;
  if (process.rows > 0 || process.columns > 0) {
    winsize size{};
    size.ws_row = process.rows;
    size.ws_col = process.columns;
    if (ioctl(terminal, TIOCSWINSZ, &size) < 0) return -errno;
  }
  for (int fd = 0; fd < 3; ++fd)
    if (dup2(terminal, fd) < 0) return -errno;
  return 0;
}

// Sources are all above 2, so that no dup2 overwrites one still needed.
int place(int source, int target, int open_flags) noexcept {
  if (source < 0) {
    const int null = open("/dev/null", open_flags | O_CLOEXEC);
    if (null < 0) return -errno;
    source = null;
  }
  return dup2(source, target) < 0 ? -errno : 0;
}

int place_stdio(const Stdio& stdio) noexcept {
  if (const int error = place(stdio.input, 0, O_RDONLY); error < 0) return error;
  if (const int error = place(stdio.output, 1, O_WRONLY); error < 0) return error;
  return place(stdio.errors, 2, O_WRONLY);
}

bool has_home(char* const* envp) noexcept {
  for (; *envp != nullptr; ++envp)
    if (std::strncmp(*envp, "HOME=", 5) == 0) return true;
  return false;
}

// Docker lets the user write to stdout by path (/dev/stdout): a pipe's node must belong to them.
void give_stdio(uid_t uid) noexcept {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_uid == uid) continue;
    if (S_ISFIFO(status.st_mode)) (void)!fchown(fd, uid, static_cast<gid_t>(-1));
  }
}

Failure failure(Step step, int negative_errno) noexcept { return {step, -negative_errno, 0}; }

}  // namespace

int execute(char* const* argv, char* const* envp) noexcept {
  const char* name = argv[0];
  if (*name == '\0') return ENOENT;
  if (std::strchr(name, '/') != nullptr) {
    execve(name, argv, envp);
    return errno;
  }
  static char path[4096];
  int best = ENOENT;
  const std::size_t name_length = std::strlen(name);
  for (const char* at = find_path(envp);;) {
    const char* end = strchrnul(at, ':');
    const auto length = static_cast<std::size_t>(end - at);
    // An empty entry would mean the working directory; nobody wants that from an image.
    if (length > 0 && length + name_length + 2 <= sizeof path) {
      std::memcpy(path, at, length);
      path[length] = '/';
      std::memcpy(path + length + 1, name, name_length + 1);
      execve(path, argv, envp);
      if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return errno;
      if (errno == EACCES) best = EACCES;
    }
    if (*end == '\0') return best;
    at = end + 1;
  }
}

Failure run_payload(ProcessBlock& process, const Stdio& stdio, std::uint64_t capabilities) noexcept {
  static kernel::FlatIdentity identity;
  static char home[5 + sizeof identity.home] = "HOME=";
  if (setsid() < 0) return {Step::session, errno, 0};
  const int placed = stdio.terminal >= 0 ? take_terminal(stdio.terminal, process) : place_stdio(stdio);
  if (placed < 0) return failure(Step::terminal, placed);
  const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return {Step::identity, errno, 0};
  const auto unresolved = kernel::resolve_identity_at(root, process.user, true, identity);
  if (unresolved != kernel::IdentityError::none) return {Step::identity, static_cast<int>(unresolved), 0};
  if (!has_home(process.envp)) {
    std::memcpy(home + 5, identity.home, sizeof identity.home);
    process.envp[process.envc] = home;
  }
  umask(0);  // made directories get the mode that was asked for
  if (const int error = kernel::enter_workdir(process.cwd, process.create_cwd ? 0755 : 0); error < 0)
    return failure(Step::work_dir, error);
  umask(process.umask);
  if (stdio.terminal >= 0)
    (void)!fchown(0, identity.uid, static_cast<gid_t>(-1));
  else
    give_stdio(identity.uid);
  kernel::cloexec_descriptors_from(3);
  kernel::reset_signals();
  const kernel::Credentials who{identity.uid, identity.gid, identity.groups, identity.group_count};
  if (const int error = kernel::become(who, capabilities); error < 0)
    return failure(Step::credentials, error);
  return {Step::exec, execute(process.argv, process.envp), 0};
}

}  // namespace devenv::launch
