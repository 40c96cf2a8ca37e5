#include "tests/support/private_machine.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "runtime/base/unique_fd.h"
#include "runtime/kernel/cgroup.h"
#include "runtime/kernel/cgroup_files.h"

namespace devenv::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFresh[] = {"/run", "/tmp", "/var/tmp", "/dev/shm"};

[[noreturn]] void give_up(const std::string& action) {
  std::perror(action.c_str());
  std::_Exit(1);
}

bool is_below_fresh(const std::string& path) {
  for (const std::string fresh : kFresh)
    if (path.rfind(fresh + "/", 0) == 0) return true;
  return false;
}

struct KeptDirectory {
  std::string path;
  UniqueFd tree;
};

std::vector<KeptDirectory> take_along(const std::vector<std::string>& paths) {
  std::vector<KeptDirectory> kept;
  for (const std::string& path : paths) {
    if (!is_below_fresh(path) || access(path.c_str(), F_OK) != 0) continue;
    const long tree =
        syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0) give_up(path);
    kept.push_back({path, UniqueFd(static_cast<int>(tree))});
  }
  return kept;
}

/// Groups of our own in every hierarchy, to be mounted in place of its top. They go with the object.
class OwnGroups {
 public:
  OwnGroups() {
    const kernel::CgroupLayout layout = kernel::detect_cgroups();
    if (!layout.v2.empty()) {
      tops_.insert(layout.v2);
      below_ = std::make_unique<kernel::Cgroup>(layout, name_ + "/outside", kernel::CgroupLimits{});
    }
    for (const auto& [controller, top] : layout.v1) {
      tops_.insert(top);
      kernel::make_group(top, "devenv/" + name_);
    }
  }
  void mount() const {
    for (const std::string& top : tops_)
      if (::mount((top + "/devenv/" + name_).c_str(), top.c_str(), nullptr, MS_BIND, nullptr) != 0) give_up(top);
  }
  void remove() {
    below_.reset();
    for (const std::string& top : tops_)
      kernel::destroy_cgroup(top + "/devenv/" + name_, Deadline::after(std::chrono::seconds(10)));
  }

 private:
  const std::string name_ = "test-" + std::to_string(getpid());
  std::set<std::string> tops_;
  std::unique_ptr<kernel::Cgroup> below_;
};

void make_mounts(const std::vector<std::string>& paths, const OwnGroups& groups) {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up("make the mounts private");
  const auto kept = take_along(paths);
  groups.mount();
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) give_up("mount /proc");
  for (const char* directory : kFresh)
    if (mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0) give_up(directory);
  for (const KeptDirectory& directory : kept) {
    fs::create_directories(directory.path);
    if (syscall(SYS_move_mount, directory.tree.get(), "", AT_FDCWD, directory.path.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH) != 0)
      give_up("keep " + directory.path);
  }
}

void raise_loopback() {
  const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (ioctl(socket_fd.get(), SIOCSIFFLAGS, &request) != 0) give_up("raise the loopback");
}

pid_t process_one = -1;

[[noreturn]] void wait_and_exit(pid_t child, OwnGroups& groups) {
  // Whoever wants to end us ends the machine; the groups have to be removed after it.
  process_one = child;
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    std::signal(number, [](int) { kill(process_one, SIGKILL); });
  int status = 0;
  waitpid(child, &status, 0);
  groups.remove();
  std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace

void enter_private_machine(const std::vector<std::string>& kept) {
  static OwnGroups groups;
  if (unshare(CLONE_NEWPID) != 0) give_up("make a machine of our own (this needs root)");
  const pid_t child = fork();
  if (child < 0) give_up("fork");
  if (child > 0) wait_and_exit(child, groups);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Not before the fork: the parent still has to reach the real control groups.
  if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) != 0) give_up("make a machine of our own");
  make_mounts(kept, groups);
  raise_loopback();
}

std::set<std::string> files_of_the_machine() {
  std::set<std::string> found;
  for (const char* directory : kFresh) {
    struct stat top, each;
    if (stat(directory, &top) != 0) continue;
    std::error_code none;
    for (auto entry = fs::recursive_directory_iterator(directory, none), end = fs::end(entry); entry != end;
         entry.increment(none)) {
      if (lstat(entry->path().c_str(), &each) != 0) continue;
      if (each.st_dev != top.st_dev)
        entry.disable_recursion_pending();
      else
        found.insert(entry->path());
    }
  }
  return found;
}

void reap_orphans() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

}  // namespace devenv::test
