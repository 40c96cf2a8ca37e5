#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "tests/probes/report.h"

namespace devenv::probe {
namespace {

std::string outcome(long result) { return result >= 0 ? "ok" : strerrorname_np(errno); }

/// In a child, so that an attempt that succeeds changes nothing here. Its exit code is the errno.
std::string attempt(const std::function<long()>& call) {
  const pid_t child = fork();
  if (child < 0) return "fork failed";
  if (child == 0) {
    errno = 0;
    const long result = call();
    _exit(result >= 0 ? 0 : errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return std::string("SIG") + sigabbrev_np(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "ok" : strerrorname_np(WEXITSTATUS(status));
}

long ptrace_a_child() {
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(errno);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  errno = WEXITSTATUS(status);
  return errno == 0 ? 0 : -1;
}

long clone_with(unsigned long flags) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, 0L, 0L, 0L, 0L);
  if (pid == 0) _exit(0);
  return pid;
}

/// Arguments are wrong on purpose where success would hurt, so that the probe does no harm outside a
/// container either. Filters and capability checks refuse with EPERM before the kernel looks at them.
Json system_calls() {
  Json calls = Json::object();
  const auto try_call = [&](const char* name, const std::function<long()>& call) {
    calls[name] = attempt(call);
  };
  try_call("unshare_user", [] { return unshare(CLONE_NEWUSER); });
  try_call("unshare_mount", [] { return unshare(CLONE_NEWNS); });
  try_call("clone_newuser", [] { return clone_with(CLONE_NEWUSER); });
  try_call("clone_plain", [] { return clone_with(0); });
  try_call("clone3", [] { return syscall(SYS_clone3, nullptr, sizeof(clone_args)); });
  try_call("setns", [] { return setns(-1, 0); });
  try_call("mount", [] { return mount("none", "/", "no such type", 0, nullptr); });
  try_call("umount2", [] { return umount2("/proc/self/status", 0); });
  try_call("fsopen", [] { return syscall(SYS_fsopen, "tmpfs", 0); });
  try_call("open_tree", [] { return syscall(SYS_open_tree, AT_FDCWD, "/", 1); });
  try_call("pivot_root", [] { return syscall(SYS_pivot_root, "/", "/"); });
  try_call("chroot", [] { return chroot("/"); });
  try_call("bpf", [] { return syscall(SYS_bpf, BPF_PROG_LOAD, nullptr, 0); });
  try_call("perf_event_open", [] { return syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); });
  try_call("userfaultfd", [] { return syscall(SYS_userfaultfd, 1); });
  try_call("io_uring_setup", [] { return syscall(SYS_io_uring_setup, 0, nullptr); });
  try_call("keyctl", [] { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0); });
  try_call("add_key", [] { return syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_PROCESS_KEYRING); });
  try_call("request_key", [] { return syscall(SYS_request_key, "user", "probe", nullptr, 0); });
  try_call("kexec_load", [] { return syscall(SYS_kexec_load, 0, 0, nullptr, ~0ul); });
  try_call("init_module", [] { return syscall(SYS_init_module, nullptr, 0, ""); });
  try_call("finit_module", [] { return syscall(SYS_finit_module, -1, "", 0); });
  try_call("delete_module", [] { return syscall(SYS_delete_module, "none such", 0); });
  try_call("reboot", [] { return syscall(SYS_reboot, 0, 0, 0, nullptr); });
  try_call("swapon", [] { return swapon("/none such", 0); });
  try_call("swapoff", [] { return swapoff("/none such"); });
  try_call("acct", [] { return syscall(SYS_acct, "/none such"); });
  try_call("settimeofday", [] { return syscall(SYS_settimeofday, reinterpret_cast<void*>(1), nullptr); });
  try_call("open_by_handle_at", [] { return syscall(SYS_open_by_handle_at, -1, nullptr, 0); });
  try_call("sethostname", [] { return syscall(SYS_sethostname, 1, 8); });
  try_call("quotactl", [] { return syscall(SYS_quotactl, 0, nullptr, 0, nullptr); });
  try_call("personality_no_randomize", [] { return syscall(SYS_personality, 0x0040000); });
  try_call("socket_vsock", [] { return socket(AF_VSOCK, SOCK_STREAM, 0); });
  try_call("socket_alg", [] { return socket(AF_ALG, SOCK_SEQPACKET, 0); });
  try_call("socket_inet", [] { return socket(AF_INET, SOCK_STREAM, 0); });
  try_call("socket_raw", [] { return socket(AF_INET, SOCK_RAW, 1); });
  try_call("ptrace", ptrace_a_child);
  try_call("mknod_char", [] { return mknod("/probe-device", S_IFCHR | 0600, (8 << 8) | 0); });
  try_call("openat2",
           [] { return syscall(SYS_openat2, AT_FDCWD, "/", nullptr, 0) >= 0 || errno == EINVAL ? 0 : -1; });
  unlink("/probe-device");
  return calls;
}

/// Opening for writing is enough to know, and changes nothing.
Json writable_paths() {
  Json paths = Json::object();
  for (const char* path :
       {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/kcore",
        "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/irq/default_smp_affinity",
        "/proc/bus/pci/devices", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs",
        "/sys/fs/cgroup/memory/release_agent", "/proc/self/exe", "/proc/1/exe", "/proc/1/mem", "/etc/hosts",
        "/etc/resolv.conf"}) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    paths[path] = outcome(fd);
    if (fd >= 0) close(fd);
  }
  for (const char* directory :
       {"/", "/tmp", "/proc/sys/kernel", "/sys", "/sys/fs/cgroup", "/sys/firmware", "/proc/acpi"})
    paths[std::string(directory) + " (directory)"] = outcome(access(directory, W_OK));
  return paths;
}

/// What masked files let one read: nothing.
Json readable_bytes() {
  Json paths = Json::object();
  for (const char* path :
       {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/interrupts", "/proc/sched_debug"}) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char byte[16];
    paths[path] = fd < 0 ? Json(outcome(fd)) : Json(read(fd, byte, sizeof byte));
    if (fd >= 0) close(fd);
  }
  return paths;
}

/// Can a node of this number be made and opened? A name of its own in /tmp, so that none is in the way.
std::string open_device(mode_t type, unsigned major_number, unsigned minor_number) {
  const char* const node = "/tmp/probe-node";
  unlink(node);
  if (mknod(node, type | 0666, makedev(major_number, minor_number)) != 0)
    return std::string("mknod ") + strerrorname_np(errno);
  const int fd = open(node, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const std::string said = outcome(fd);
  if (fd >= 0) close(fd);
  unlink(node);
  return said;
}

/// By their numbers, as Documentation/admin-guide/devices.txt has them.
Json device_nodes() {
  return {{"null", open_device(S_IFCHR, 1, 3)},
          {"zero", open_device(S_IFCHR, 1, 5)},
          {"urandom", open_device(S_IFCHR, 1, 9)},
          {"mem", open_device(S_IFCHR, 1, 1)},
          {"port", open_device(S_IFCHR, 1, 4)},
          {"kmsg", open_device(S_IFCHR, 1, 11)},
          {"tty0", open_device(S_IFCHR, 4, 0)},
          {"vcs", open_device(S_IFCHR, 7, 0)},
          {"net/tun", open_device(S_IFCHR, 10, 200)},
          {"fuse", open_device(S_IFCHR, 10, 229)},
          {"kvm", open_device(S_IFCHR, 10, 232)},
          {"loop-control", open_device(S_IFCHR, 10, 237)},
          {"dri/card0", open_device(S_IFCHR, 226, 0)},
          {"loop0", open_device(S_IFBLK, 7, 0)},
          {"sda", open_device(S_IFBLK, 8, 0)},
          {"vda", open_device(S_IFBLK, 254, 0)},
          {"device-mapper", open_device(S_IFBLK, 253, 0)}};
}

}  // namespace

Json what_is_allowed() {
  return {{"calls", system_calls()},
          {"writable", writable_paths()},
          {"readable_bytes", readable_bytes()},
          {"device_nodes", device_nodes()}};
}

}  // namespace devenv::probe
