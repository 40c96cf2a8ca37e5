// The container's namespaces from inside, in the order of the runtime specification.
#include "sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/kernel/credentials.h"
#include "runtime/kernel/mounts.h"
#include "runtime/kernel/namespaces.h"
#include "runtime/kernel/process_setup.h"
#include "runtime/kernel/rootfs.h"
#include "runtime/kernel/seccomp_install.h"

namespace devenv::launch {

namespace {

Failure failed(Step step, int negative_errno, std::uint32_t index = 0) noexcept {
  return {step, -negative_errno, index};
}

int write_file(int dirfd, const char* name, const char* text) noexcept {
  const int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return -errno;
  const std::size_t length = std::strlen(text);
  const ssize_t written = write(fd, text, length);
  const int error = written == static_cast<ssize_t>(length) ? 0 : written < 0 ? -errno : -ENOSPC;
  close(fd);
  return error;
}

int attach_file(int root, int dirfd, const char* name, const char* target, const char* text) noexcept {
  if (const int error = write_file(dirfd, name, text); error < 0) return error;
  const int tree = kernel::clone_tree(dirfd, name, false);
  if (tree < 0) return tree;
  kernel::MountEntry entry;
  entry.kind = kernel::MountKind::detached;
  entry.source_fd = tree;
  entry.target = target;
  const int error = kernel::attach_in_root(root, entry);
  close(tree);
  return error;
}

// Where the root will cover it: before 6.15 only what is mounted in our own namespace can be cloned, or be a
// layer.
int mount_below_root(const char* mount_point, std::uint64_t size_bytes, std::uint64_t attributes) noexcept {
  const int memory = kernel::tmpfs_mount(size_bytes, 0755, attributes);
  if (memory < 0) return memory;
  const int error = kernel::attach_root(memory, mount_point);
  if (error < 0) close(memory);
  return error < 0 ? error : memory;
}

// Three small files of our own over the image's, on a tmpfs of theirs: the image's stay untouched, also in a
// layer made from this container.
int mount_etc_files(int root, int files, const ChildContext& context, int& hosts) noexcept {
  int error = attach_file(root, files, "hosts", "/etc/hosts", context.hosts_file);
  if (error == 0) error = attach_file(root, files, "hostname", "/etc/hostname", context.hostname_file);
  if (error == 0 && context.resolv_file != nullptr)
    error = attach_file(root, files, "resolv.conf", "/etc/resolv.conf", context.resolv_file);
  if (error == 0) hosts = openat(files, "hosts", O_WRONLY | O_APPEND | O_CLOEXEC);
  return error;
}

Failure mount_of_plan(int root, const SandboxPlan& plan) noexcept {
  std::uint32_t index = 0;
  for (const MountPlan& mount : plan.mounts) {
    kernel::MountEntry entry;
    entry.kind = mount.kind == MountPlan::Kind::bind ? kernel::MountKind::bind : kernel::MountKind::tmpfs;
    entry.flags = kernel::kMountRecursive | (mount.read_only ? kernel::kMountReadOnly : 0u);
    if (mount.kind == MountPlan::Kind::tmpfs)
      entry.flags =
          kernel::kMountNoSuid | kernel::kMountNoDev | (mount.read_only ? kernel::kMountReadOnly : 0u);
    entry.source = mount.source.c_str();
    entry.target = mount.target.c_str();
    entry.size_bytes = mount.size_bytes;
    entry.mode = mount.mode;
    if (const int error = kernel::attach_in_root(root, entry); error < 0)
      return failed(Step::mount, error, index);
    ++index;
  }
  return {};
}

int mount_memory(const char* mount_point) noexcept {
  const int memory = mount_below_root(mount_point, 0, 0);
  if (memory < 0) return memory;
  const bool made = mkdirat(memory, "upper", 0755) == 0 && mkdirat(memory, "work", 0700) == 0;
  const int error = made ? 0 : -errno;
  close(memory);
  return error;
}

int mount_root(const ChildContext& context) noexcept {
  const RootfsPlan& rootfs = context.plan->rootfs;
  if (rootfs.in_memory)
    if (const int error = mount_memory(context.mount_point); error < 0) return error;
  kernel::OverlayLayers layers;
  layers.lower = context.lower;
  layers.lower_count = context.lower_count;
  layers.upper = context.upper;
  layers.work = context.work;
  layers.volatile_upper = rootfs.volatile_upper;
  return kernel::overlay_mount(layers);
}

Failure mask(int root, int dev, const SandboxPlan& plan) noexcept {
  std::uint32_t index = 0;
  for (const std::string& path : plan.masked_paths) {
    if (const int error = kernel::mask_path(root, dev, path.c_str()); error < 0)
      return failed(Step::mask, error, index);
    ++index;
  }
  index = 0;
  for (const std::string& path : plan.read_only_paths) {
    if (const int error = kernel::make_path_read_only(root, path.c_str()); error < 0)
      return failed(Step::read_only, error, index);
    ++index;
  }
  return {};
}

}  // namespace

Failure set_up_limits(const SandboxPlan& plan) noexcept {
  for (const RlimitPlan& limit : plan.rlimits)
    if (const int error = kernel::set_limit(limit.resource, limit.soft, limit.hard); error < 0)
      return failed(Step::limits, error);
  kernel::set_oom_score(0);  // a holder protected by its user must not protect what it runs
  if (const int error = kernel::new_session_keyring(); error < 0 && error != -ENOSYS)
    return failed(Step::keyring, error);
  return {};
}

Failure mount_sandbox(const ChildContext& context, Sandbox& sandbox) noexcept {
  const SandboxPlan& plan = *context.plan;
  if (const int error = kernel::make_mounts_private(); error < 0) return failed(Step::private_mounts, error);
  sandbox.root = mount_root(context);
  if (sandbox.root < 0) return failed(Step::root, sandbox.root);
  const int etc_files = mount_below_root(context.mount_point, 1 << 20,
                                         MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  if (etc_files < 0) return failed(Step::etc_files, etc_files);
  if (const int error = kernel::attach_root(sandbox.root, context.mount_point); error < 0)
    return failed(Step::root, error);
  if (const int error = kernel::mount_proc(sandbox.root); error < 0) return failed(Step::proc, error);
  if (const int error = kernel::mount_sys(sandbox.root, plan.privileged); error < 0)
    return failed(Step::sys, error);
  const kernel::DevMounts mounts = kernel::mount_dev(sandbox.root, {.shm_size_bytes = plan.shm_size_bytes});
  if (mounts.error < 0) return failed(Step::dev, mounts.error);
  sandbox.dev = mounts.dev;
  sandbox.pts = mounts.pts;
  if (const int error = kernel::mount_mqueue(sandbox.root); error < 0 && error != -ENODEV)
    return failed(Step::mqueue, error);
  const int error = mount_etc_files(sandbox.root, etc_files, context, sandbox.hosts);
  close(etc_files);
  if (error < 0) return failed(Step::etc_files, error);
  return mount_of_plan(sandbox.root, plan);
}

Failure close_sandbox(const ChildContext& context, Sandbox& sandbox) noexcept {
  const SandboxPlan& plan = *context.plan;
  if (const int error = kernel::unshare_namespaces(CLONE_NEWCGROUP); error < 0)
    return failed(Step::cgroup_namespace, error);
  if (context.cgroups) {
    const int error = kernel::mount_cgroups(sandbox.root, context.cgroup_hierarchies,
                                            context.cgroup_hierarchy_count, plan.privileged);
    if (error < 0) return failed(Step::cgroups, error);
  }
  if (const int error = kernel::set_hostname(context.hostname); error < 0)
    return failed(Step::hostname, error);
  if (plan.process.tty) {
    const kernel::Terminal terminal = kernel::open_terminal(sandbox.pts);
    if (terminal.error < 0) return failed(Step::terminal, terminal.error);
    sandbox.master = terminal.master;
    sandbox.peer = terminal.peer;
    if (const int error = kernel::attach_console(sandbox.dev, terminal.peer); error < 0)
      return failed(Step::console, error);
  }
  if (const Failure failure = mask(sandbox.root, sandbox.dev, plan); failure.failed()) return failure;
  if (plan.rootfs.read_only)
    if (const int error = kernel::make_root_read_only(sandbox.root); error < 0)
      return failed(Step::read_only, error);
  if (const int error = kernel::enter_root(sandbox.root); error < 0) return failed(Step::enter_root, error);
  return {};
}

void add_own_host(Sandbox& sandbox, const char* address, const char* hostname) noexcept {
  const iovec parts[] = {{const_cast<char*>(address), std::strlen(address)},
                         {const_cast<char*>("\t"), 1},
                         {const_cast<char*>(hostname), std::strlen(hostname)},
                         {const_cast<char*>("\n"), 1}};
  if (sandbox.hosts >= 0 && *address != '\0') (void)!writev(sandbox.hosts, parts, 4);
  if (sandbox.hosts >= 0) close(sandbox.hosts);
  sandbox.hosts = -1;
}

Failure confine(const SandboxPlan& plan) noexcept {
  if (const int error = kernel::drop_bounding(plan.capabilities); error < 0)
    return failed(Step::confine, error);
  if (const int error = kernel::clear_ambient(); error < 0) return failed(Step::confine, error);
  if (plan.no_new_privileges)
    if (const int error = kernel::set_no_new_privileges(); error < 0) return failed(Step::confine, error);
  if (!plan.seccomp.empty()) {
    const int error = kernel::install_seccomp(plan.seccomp.data(), plan.seccomp.size());
    if (error < 0) return failed(Step::seccomp, error);
  }
  if (const int error = kernel::set_capabilities(plan.capabilities | kernel::kInitCapabilities); error < 0)
    return failed(Step::confine, error);
  if (const int error = kernel::make_undumpable(); error < 0) return failed(Step::confine, error);
  return {};
}

}  // namespace devenv::launch
