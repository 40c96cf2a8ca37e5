// trial OPERATION: tries one kernel facility in a mount namespace of its own and prints what came of it: "0"
// or the name of the errno.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>

#include "runtime/base/scope_exit.h"
#include "runtime/base/unique_fd.h"

namespace devenv::deny {
namespace {

template <class... Arguments>
int call(long number, Arguments... arguments) {
  const long result = syscall(number, arguments...);
  return result < 0 ? errno : 0;
}

int open_context(const char* type) { return static_cast<int>(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)); }
int set(int context, const char* key, const std::string& value) {
  return call(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value.c_str(), 0);
}
int create(int context) { return call(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0); }

/// A mounted directory with the directories a, b, upper and work, detached or at /tmp of our own namespace.
UniqueFd tmpfs(bool attached) {
  const UniqueFd context(open_context("tmpfs"));
  create(context.get());
  UniqueFd mounted(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (attached) syscall(SYS_move_mount, mounted.get(), "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH);
  for (const char* name : {"a", "b", "upper", "work"}) mkdirat(mounted.get(), name, 0755);
  return mounted;
}

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

int overlay_option(const char* key) {
  const UniqueFd context(open_context("overlay"));
  return set(context.get(), key, "/");
}

/// The mount, after every option was taken.
int overlay_of(const std::map<std::string, std::string>& options) {
  const UniqueFd context(open_context("overlay"));
  for (const auto& [key, value] : options)
    if (const int error = set(context.get(), key.c_str(), value); error != 0) return -error;
  return create(context.get());
}

int overlay_on(bool attached) {
  const UniqueFd place = tmpfs(attached);
  const std::string path = path_of(place.get());
  return overlay_of(
      {{"lowerdir", path + "/a"}, {"upperdir", path + "/upper"}, {"workdir", path + "/work"}});
}

int mount_overlay_on(bool attached) {
  const UniqueFd place = tmpfs(attached);
  const std::string path = path_of(place.get());
  const std::string options = "lowerdir=" + path + "/a:" + path + "/b";
  mkdir("/tmp/overlay", 0755);
  const ScopeExit remove([] { rmdir("/tmp/overlay"); });
  return mount("overlay", "/tmp/overlay", "overlay", 0, options.c_str()) == 0 ? 0 : errno;
}

int overlay_mount_by(const char* key) {
  const UniqueFd place = tmpfs(true);
  const std::string path = path_of(place.get());
  return overlay_of({{key, path + "/a"}, {"upperdir", path + "/upper"}, {"workdir", path + "/work"}});
}

int clone_of(bool attached) {
  const UniqueFd place = tmpfs(attached);
  return call(SYS_open_tree, place.get(), "a", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
}

int mount_on(bool attached) {
  const UniqueFd place = tmpfs(attached), moved = tmpfs(false);
  return call(SYS_move_mount, moved.get(), "", place.get(), "a", MOVE_MOUNT_F_EMPTY_PATH);
}

int unnamed_file_on_overlay() {
  const UniqueFd place = tmpfs(true);
  const std::string path = path_of(place.get());
  const std::string options = "lowerdir=" + path + "/a,upperdir=" + path + "/upper,workdir=" + path + "/work";
  if (mount("overlay", "/tmp/b", "overlay", 0, options.c_str()) != 0) return errno;
  return UniqueFd(open("/tmp/b", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) ? 0 : errno;
}

/// In a cgroup v2 hierarchy's group of ours.
int control_file(const char* name, bool by_access) {
  const UniqueFd context(open_context("cgroup2"));
  if (const int error = create(context.get()); error != 0) return error;
  const UniqueFd root(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  const std::string group = path_of(root.get()) + "/devenv-trial-" + std::to_string(getpid());
  if (mkdir(group.c_str(), 0755) != 0) return errno;
  const ScopeExit remove([&] { rmdir(group.c_str()); });
  const std::string file = group + "/" + name;
  if (by_access) return access(file.c_str(), F_OK) == 0 ? 0 : errno;
  return UniqueFd(open(file.c_str(), O_WRONLY | O_CLOEXEC)) ? 0 : errno;
}

/// With a byte set that union bpf_attr of 5.17 was the first to reach to, and no command so long.
int bpf_with(unsigned char byte) {
  unsigned char attributes[256] = {};
  attributes[130] = byte;
  return call(SYS_bpf, BPF_OBJ_GET, attributes, sizeof attributes);
}

int attributes_of_a_mount(std::uint64_t set) {
  const UniqueFd place = tmpfs(true);
  struct {
    std::uint64_t set, clear, propagation, userns;
  } attributes{set, 0, 0, 0};
  return call(442, place.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}

const std::map<std::string, std::function<int()>> trials = {
    {"mount_setattr", [] { return attributes_of_a_mount(MOUNT_ATTR_RDONLY); }},
    {"futex_waitv", [] { return call(449, nullptr, 0, 0, nullptr, 0); }},
    {"cachestat", [] { return call(451, -1, nullptr, nullptr, 0); }},
    {"fchmodat2", [] { return call(452, AT_FDCWD, "/nosuch", 0600, 0); }},
    {"statmount", [] { return call(457, nullptr, nullptr, 0, 0); }},
    {"mseal", [] { return call(462, 1, 0, 0); }},
    {"open_tree_attr", [] { return call(467, -1, "", 0, nullptr, 0); }},
    {"MFD_EXEC", [] { return UniqueFd(memfd_create("trial", MFD_CLOEXEC | 16)) ? 0 : errno; }},
    {"PR_SET_MDWE", [] { return prctl(65, 1, 0, 0, 0) == 0 ? 0 : errno; }},
    {"MOVE_MOUNT_BENEATH", [] { return call(SYS_move_mount, -1, "", -1, "", 0x200); }},
    {"CMD_CREATE_EXCL",
     [] {
       const UniqueFd context(open_context("tmpfs"));
       return call(SYS_fsconfig, context.get(), 8, nullptr, nullptr, 0);
     }},
    {"noswap",
     [] {
       const UniqueFd context(open_context("tmpfs"));
       return call(SYS_fsconfig, context.get(), FSCONFIG_SET_FLAG, "noswap", nullptr, 0);
     }},
    {"lowerdir+ option", [] { return overlay_option("lowerdir+"); }},
    {"lowerdir+ mount", [] { return overlay_mount_by("lowerdir+"); }},
    {"lowerdir mount", [] { return overlay_mount_by("lowerdir"); }},
    {"nonsense option", [] { return overlay_option("nonsense"); }},
    {"overlay on a mount", [] { return overlay_on(true); }},
    {"overlay on a detached mount", [] { return overlay_on(false); }},
    {"mount(2) on a mount", [] { return mount_overlay_on(true); }},
    {"mount(2) on a detached mount", [] { return mount_overlay_on(false); }},
    {"clone of a mount", [] { return clone_of(true); }},
    {"clone of a detached mount", [] { return clone_of(false); }},
    {"mount onto a mount", [] { return mount_on(true); }},
    {"mount onto a detached mount", [] { return mount_on(false); }},
    {"O_TMPFILE on overlay", unnamed_file_on_overlay},
    {"cgroup.kill", [] { return control_file("cgroup.kill", false); }},
    {"cgroup.kill by access", [] { return control_file("cgroup.kill", true); }},
    {"cgroup.procs", [] { return control_file("cgroup.procs", false); }},
    {"bpf_attr with zeros", [] { return bpf_with(0); }},
    {"bpf_attr with a rest", [] { return bpf_with(1); }},
};

}  // namespace
}  // namespace devenv::deny

int main(int argc, char** argv) {
  const auto trial = devenv::deny::trials.find(argc == 2 ? argv[1] : "");
  if (trial == devenv::deny::trials.end()) return 99;
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 98;
  const int error = trial->second();
  // Negative: refused when it was set, not by the mount.
  const char* name = error == 0 ? "0" : strerrorname_np(std::abs(error));
  std::printf("%s%s", error < 0 ? "at the option: " : "", name);
  return 0;
}
