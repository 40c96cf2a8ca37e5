#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "cgroup.h"
#include "device_filter.h"
#include "devenv/error.h"
#include "mounts.h"
#include "probe_network.h"
#include "rootfs.h"
#include "runtime/base/files.h"
#include "runtime/base/scope_exit.h"
#include "syscalls.h"
#include "systemd_unit.h"
#include "try_in_child.h"

namespace devenv::kernel {
namespace {

std::string reason_for(int code) {
  // Without its usual hint: a feature has its own.
  const std::string text = SystemError(code, "").what();
  return text.substr(2, text.find("; ") - 2);
}

Feature outcome(const char* name, const char* needed_for, int result, const char* fix, bool required = true) {
  Feature feature{name, needed_for, result >= 0, required, "", ""};
  if (result < 0) {
    feature.reason = reason_for(-result);
    feature.fix = fix;
  }
  return feature;
}

Feature probe_namespaces() {
  const int made =
      try_in_child(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC, [](void*) { return 0; });
  return outcome("namespaces", "every container", made,
                 "run as root; inside another container, give it --privileged");
}

Feature probe_user_namespaces() {
  const int made = try_in_child(CLONE_NEWUSER, [](void*) { return 0; });
  return outcome(
      "user namespaces", "containers without root", made,
      "raise /proc/sys/user/max_user_namespaces; on Debian set kernel.unprivileged_userns_clone=1, on "
      "Ubuntu kernel.apparmor_restrict_unprivileged_userns=0",
      false);
}

Feature probe_cgroup_namespace() {
  const int made = try_in_child(CLONE_NEWCGROUP, [](void*) { return 0; });
  return outcome("cgroup namespace", "hiding the host's cgroup paths", made,
                 "use a kernel with CONFIG_CGROUPS");
}

Feature probe_mount_api() {
  const int mounted = tmpfs_mount(0, 0755, 0);
  if (mounted >= 0) close(mounted);
  return outcome("mount API", "mounts that nobody else sees", mounted,
                 "use Linux 5.2 or newer and run as root");
}

Feature probe_openat2() {
  const int opened = open_in_root(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  if (opened >= 0) close(opened);
  return outcome("openat2", "resolving paths inside images safely", opened, "use Linux 5.6 or newer");
}

/// As a container does it, on layers in a tmpfs: what the caller's file systems are shall not matter. Old
/// kernels want layers that are mounted; any directory serves as the place, in a namespace that is gone with
/// the trial.
int try_overlay(void*) {
  const char* const place = "/dev";
  if (const int error = make_mounts_private(); error < 0) return error;
  const ScopedFd tmpfs(tmpfs_mount(0, 0755, 0));
  if (tmpfs.failed()) return tmpfs.error();
  if (const int error = attach_root(tmpfs.get(), place); error < 0) return error;
  for (const char* name : {"lower", "upper", "work"})
    if (mkdirat(tmpfs.get(), name, 0755) != 0) return -errno;
  const char* const lower[] = {"/dev/lower"};
  const ScopedFd overlay(overlay_mount({lower, 1, "/dev/upper", "/dev/work"}));
  return overlay.failed() ? overlay.error() : 0;
}

Feature probe_overlay() {
  const int mounted = try_in_child(CLONE_NEWNS, try_overlay);
  return outcome("overlay", "images with layers", mounted,
                 mounted == -ENODEV ? "load the module: modprobe overlay" : "run as root");
}

Feature probe_single_layers() {
  return outcome("overlay layers one by one", "overlays without a helper thread",
                 overlay_takes_single_layers(),
                 "use Linux 6.7 or newer; until then mount(2) in a namespace of its own does it", false);
}

/// By the call itself: set_mount_attributes() would fall back.
Feature probe_mount_attributes() {
  const ScopedFd tmpfs(tmpfs_mount(0, 0755, 0));
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  int set = tmpfs.error();
  if (!tmpfs.failed())
    set = system_call(SYS_mount_setattr, tmpfs.get(), "", AT_EMPTY_PATH, &read_only, sizeof read_only);
  return outcome("mount attributes", "read-only mounts with all that is mounted below them", set,
                 "use Linux 5.12 or newer; until then what is mounted below stays writable", false);
}

Feature probe_device_filter() {
  const char* needed_for = "device nodes that containers make";
  const char* fix = "use a kernel with CONFIG_CGROUP_BPF; until then containers cannot make any";
  if (detect_cgroups().v2.empty()) return {"device filter", needed_for, false, false, "no cgroup v2", fix};
  try {
    load_device_filter();
    return outcome("device filter", needed_for, 0, fix, false);
  } catch (const SystemError& error) {
    return outcome("device filter", needed_for, -error.code(), fix, false);
  }
}

Feature probe_cgroups() {
  const CgroupLayout layout = detect_cgroups();
  Feature feature{"cgroups",
                  "limits, and finding every process of a container",
                  layout.mode != CgroupMode::none,
                  true,
                  layout.reason,
                  ""};
  if (feature.works) {
    feature.reason = name_of(layout.mode) + std::string(layout.v2.empty() ? "" : ": v2 at " + layout.v2);
    std::string limits;
    const auto add = [&](const std::string& name) { limits += (limits.empty() ? "; limits: " : " ") + name; };
    for (const std::string& name : layout.v2_controllers) add(name);
    for (const char* name : {"memory", "cpu", "pids"})
      if (layout.v1.contains(name)) add(std::string(name) + " (v1)");
    feature.reason += limits;
    if (const std::string left = limit_left_behind(layout); !left.empty()) feature.reason += "; " + left;
  } else {
    feature.fix = "mount cgroup2 on /sys/fs/cgroup, or have systemd delegate a group to this user";
  }
  return feature;
}

Feature probe_cgroup_files(const char* name, const char* needed_for, const char* file, const char* fix) {
  const CgroupLayout layout = detect_cgroups();
  if (layout.v2.empty()) return {name, needed_for, false, false, "no cgroup v2", fix};
  try {
    Cgroup group(layout, "probe-" + std::to_string(getpid()) + "/probe", {});
    const int found = faccessat(group.v2_fd(), file, W_OK, 0);
    const int result = found == 0 ? 0 : -errno;
    group.destroy(Deadline::after(std::chrono::seconds(1)));
    return outcome(name, needed_for, result, fix, false);
  } catch (const SystemError& error) {
    return outcome(name, needed_for, -error.code(), fix, false);
  }
}

Feature probe_clone_into_cgroup() {
  const char* needed_for = "starting a process inside its group";
  const CgroupLayout layout = detect_cgroups();
  if (layout.v2.empty())
    return {"clone into cgroup", needed_for, false, false, "no cgroup v2", "mount cgroup2"};
  return outcome("clone into cgroup", needed_for, clone3_knows_cgroups(),
                 "use Linux 5.7 or newer; until then processes are moved there", false);
}

Feature probe_seccomp() {
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  const int found = system_call(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
  return outcome("seccomp", "refusing dangerous system calls", found,
                 "use a kernel with CONFIG_SECCOMP_FILTER");
}

Feature probe_pidfd() {
  const int opened = system_call(SYS_pidfd_open, getpid(), 0);
  if (opened >= 0) close(opened);
  return outcome("pidfd", "waiting for processes without races", opened, "use Linux 5.3 or newer");
}

std::vector<Feature> probe_all() {
  const char* net_fix = "run as root with the modules veth, bridge and nf_tables available";
  return {probe_namespaces(),
          probe_user_namespaces(),
          probe_cgroup_namespace(),
          probe_pidfd(),
          probe_openat2(),
          probe_mount_api(),
          probe_overlay(),
          probe_single_layers(),
          probe_mount_attributes(),
          probe_cgroups(),
          probe_clone_into_cgroup(),
          probe_cgroup_files("cgroup.kill", "ending a whole container at once", "cgroup.kill",
                             "use Linux 5.14 or newer; until then its processes are killed one by one"),
          probe_device_filter(),
          probe_seccomp(),
          outcome("network namespace", "a network of its own per container",
                  try_in_child(CLONE_NEWNET, [](void*) { return 0; }), net_fix),
          outcome("veth", "connecting containers", try_in_child(CLONE_NEWNET, make_veth), net_fix),
          outcome("bridge", "networks of containers", try_in_child(CLONE_NEWNET, make_bridge), net_fix),
          outcome("nftables", "outbound connections of containers", try_in_child(CLONE_NEWNET, ask_nftables),
                  net_fix)};
}

}  // namespace

const std::vector<Feature>& probe_features() {
  static const std::vector<Feature> features = probe_all();
  return features;
}

const Feature& probe_feature(const std::string& name) {
  for (const Feature& feature : probe_features())
    if (feature.name == name) return feature;
  throw Error("probe \"" + name + "\": no such feature");
}

}  // namespace devenv::kernel
