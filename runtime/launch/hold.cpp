#include "hold.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <string>

#include "journal.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/memory_file.h"
#include "runtime/kernel/namespaces.h"
#include "runtime/kernel/process_setup.h"
#include "runtime/kernel/refusal.h"
#include "runtime/kernel/systemd_unit.h"
#include "runtime/net/netns.h"
#include "session.h"
#include "spawn.h"
#include "sweep.h"
#include "systemd_scope.h"
#include "wire.h"

namespace devenv::launch {

namespace {

bool runs_from_memfd() {
  char target[PATH_MAX] = {};
  return readlink("/proc/self/exe", target, sizeof target - 1) > 0 &&
         std::string(target).starts_with("/memfd:");
}

// Containers' inits are copies of this process: their /proc/1/exe must not lead to a file that anybody could
// overwrite (CVE-2019-5736).
void execute_sealed_copy(char* const* argv) {
  const UniqueFd self = open_file("/proc/self/exe", O_RDONLY);
  struct stat status;
  check(fstat(self.get(), &status), "stat the devenv helper");
  const UniqueFd copy = memory_file("devenv-helper", MemoryFile::program, "create a memfd");
  for (off_t left = status.st_size; left > 0;) {
    const ssize_t sent = sendfile(copy.get(), self.get(), nullptr, static_cast<std::size_t>(left));
    if (check(sent, "copy the devenv helper") == 0) throw Error("copy the devenv helper: it is cut short");
    left -= sent;
  }
  check(fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
        "seal the devenv helper");
  char* const no_environment[] = {nullptr};
  fexecve(copy.get(), argv, no_environment);
  throw SystemError(errno, "execute the devenv helper's sealed copy");
}

void raise_descriptor_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void prepare_process() {
  kernel::close_descriptors_from(kHelperFd + 1);
  check(fcntl(kHelperFd, F_SETFD, FD_CLOEXEC), "keep the owner's socket from children");
  std::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_NAME, "devenv-helper");  // else "memfd:devenv-he"
  umask(022);
  raise_descriptor_limit();
  check(chdir("/"), "enter /");
}

UniqueFd leave_host_namespaces() {
  UniqueFd host_netns = net::current_netns();
  if (const int error = kernel::unshare_namespaces(CLONE_NEWNET | CLONE_NEWNS); error < 0)
    throw SystemError(-error, "create the holder's namespaces", kernel::namespace_hint(-error));
  // Slave: what is unmounted on the host later disappears here too and is not kept busy by us.
  check(mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "make the holder's mounts its own");
  return host_netns;
}

UniqueFd open_process(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

// The last component of every group's directory but the container's own.
std::vector<std::string> session_cgroups(const std::string& id) {
  const kernel::CgroupLimits every{1, 1, 1};
  return kernel::Cgroup::paths(kernel::detect_cgroups(), id, every);
}

// In the journal before they exist. Returns the scratch directory's lock.
UniqueFd announce(const ServerOptions& options) {
  Journal journal(journal_path(session_dir(options.runtime_dir, options.session_id)));
  for (const std::string& path : session_cgroups(options.resources))
    journal.add({JournalEntry::Kind::cgroup, path});
  journal.add({JournalEntry::Kind::scratch, scratch_path(options.store_dir, options.resources)});
  return create_scratch(options.store_dir, options.resources);
}

// Whoever spawned a detached holder is not its parent: it neither has to wait for it nor keeps a zombie.
void leave_parent() {
  const pid_t child = check(fork(), "detach the holder");
  if (child > 0) _exit(0);
}

// Nothing is made before we are where we shall live: until our owner has asked systemd for a scope.
std::string await_scope() {
  Message message;
  Received received;
  if (receive_message(kHelperFd, message, received) != 1 || message.type != MessageType::begin)
    throw Error("its owner is gone");
  kernel::leave_inner_group();
  return message.text;
}

// A session's end is its owner's business, also when all of a service gets a signal: the owner may want to end what
// runs in its own way. A detached holder has no owner: Server::watch_signals() takes them.
void prepare_signals(bool detached) {
  if (detached) {
    const sigset_t stops = stop_signals();
    check(sigprocmask(SIG_BLOCK, &stops, nullptr), "block signals");
  } else {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_IGN);
  }
}

void hold(ServerOptions options) {
  // Descriptor 3 itself stays for telling the owner why we could not begin.
  UniqueFd owner(check(fcntl(kHelperFd, F_DUPFD_CLOEXEC, kHelperFd + 1), "duplicate the owner's socket"));
  UniqueFd owner_process = options.detached ? UniqueFd() : open_process(getppid());
  options.resources = resource_name(options.session_id);
  // The reaper is there before anything it would have to sweep.
  Janitor janitor = Janitor::spawn(options.runtime_dir, options.session_id, owner_process.get());
  auto lock = create_session(options.runtime_dir, options.session_id);
  if (!lock) throw Conflict("session " + options.session_id + " has one already");
  janitor.session_is_ours();
  {
    UniqueFd host_netns = leave_host_namespaces();
    const UniqueFd scratch_lock = announce(options);
    // Never destroyed: what it still holds goes with the process, and the kernel takes the bridges and rules
    // of a whole namespace in the background, where removing one link takes tens of milliseconds.
    auto& server =
        *new Server(options, std::move(owner), std::move(owner_process), std::move(host_netns), janitor);
    server.run();
  }
  const std::string dir = session_dir(options.runtime_dir, options.session_id);
  UniqueFd own_lock = open_session_lock(dir);
  lock->reset();
  if (janitor.finish()) return;
  if (const auto dead = await_dead_session(std::move(own_lock))) sweep_session(dir, dead->get());
}

void tell_owner(const std::string& text) {
  Message message;
  message.type = MessageType::error;
  message.serial = 1;  // of its hello
  set_text(message.text, sizeof message.text, ("start the devenv holder: " + text).c_str());
  send_message(kHelperFd, message);
}

}  // namespace

int run_holder(const ServerOptions& options, char* const* argv) noexcept {
  try {
    if (!runs_from_memfd()) execute_sealed_copy(argv);
    prepare_process();
    prepare_signals(options.detached);
    ServerOptions placed = options;
    if (options.detached) {
      placed.why_no_scope = await_scope();
      leave_parent();
    }
    hold(std::move(placed));
    return 0;
  } catch (const SystemError& error) {
    const std::string text = error.what(), hint = kernel::refusal_hint(error.code());
    tell_owner(hint.empty() || text.find("; ") != std::string::npos ? text : text + "; " + hint);
    return 1;
  } catch (const std::exception& error) {
    tell_owner(error.what());
    return 1;
  }
}

}  // namespace devenv::launch
