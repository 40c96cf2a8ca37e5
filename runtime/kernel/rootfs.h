// A container's root: mounts, devices and masks, built from data by a process in its own mount namespace.
//
// Every path inside the root is resolved with openat2(RESOLVE_IN_ROOT, no magic links) from its descriptor
// and every mount is attached to the descriptor that was checked, so neither the image nor a container
// sharing a volume can redirect one (CVE-2021-30465, CVE-2023-27561, CVE-2025-31133). Everything is
// child-safe and returns a descriptor (CLOEXEC) or 0, else -errno.
//
// Order: make_mounts_private, attach_root, mount_proc, mount_sys, mount_cgroups, mount_dev, mount_mqueue,
// attach_in_root for each mount of the plan, attach_console, mask_default_paths, make_root_read_only,
// enter_root.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace devenv::kernel {

/// The calling process's mounts no longer reach, or hear from, the rest of the system.
int make_mounts_private();

/// Attaches the detached root mount over `where`, any existing host directory; only this namespace sees it.
int attach_root(int root_fd, const char* where);

// --- Paths inside the root ---

/// openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS): symlinks stay inside. Flags as open(2); CLOEXEC is
/// added.
int open_in_root(int root_fd, const char* path, int flags, mode_t mode = 0);

/// mkdir -p inside the root; a symlink on the way leads where it leads inside the root. O_PATH descriptor of
/// the directory. -ENOTDIR when something else is there.
int make_directory_in_root(int root_fd, const char* path, mode_t mode);

/// An empty file (and its parents) unless something that is not a directory is there. O_PATH descriptor.
int make_file_in_root(int root_fd, const char* path, mode_t mode);

// --- The fixed mounts ---

/// procfs on /proc, which must be a real directory (made when missing): -ELOOP for a symlink.
int mount_proc(int root_fd);

/// sysfs on /sys, read-only unless `writable` (privileged). Needs the network namespace to be the
/// container's.
int mount_sys(int root_fd, bool writable);

/// The cgroup hierarchies, seen from the caller's cgroup namespace, at /sys/fs/cgroup. Read-only unless
/// `writable`. v2 alone: mounted there. Otherwise a tmpfs with a directory per entry of `hierarchies`:
/// a v1 option string ("memory", "cpu,cpuacct", "name=systemd") or "unified".
int mount_cgroups(int root_fd, const char* const* hierarchies, unsigned count, bool writable);

int mount_mqueue(int root_fd);  ///< after mount_dev: on /dev/mqueue

struct DevSpec {
  std::uint64_t shm_size_bytes = 64u << 20;
  bool bind_devices = false;  ///< bind the host's nodes: a user namespace may not mknod
  gid_t tty_gid = 5;          ///< of the terminals in /dev/pts
};

/// Descriptors of the container's own /dev and /dev/pts; valid when error is 0. The caller closes them.
struct DevMounts {
  int error = 0;
  int dev = -1;
  int pts = -1;
};

/// tmpfs on /dev (never through a symlink) with null zero full random urandom tty, the usual links, pts, shm.
DevMounts mount_dev(int root_fd, const DevSpec& spec);

/// A new terminal of the container's own devpts. `peer` is O_NOCTTY.
struct Terminal {
  int error = 0;
  int master = -1;
  int peer = -1;
};
Terminal open_terminal(int pts_fd);

/// Binds the terminal to /dev/console, by descriptor (CVE-2025-52565).
int attach_console(int dev_fd, int terminal_peer);

// --- The mounts of a plan ---

enum class MountKind : std::uint32_t {
  bind,      ///< source_fd, or host path `source`; a file when the source is not a directory
  detached,  ///< source_fd is a detached mount already
  tmpfs,     ///< size_bytes, mode
};

enum MountFlag : std::uint32_t {
  kMountReadOnly = 1,
  kMountRecursive = 2,  ///< bind: with what is mounted below; read-only then covers that too
  kMountNoSuid = 4,
  kMountNoDev = 8,
  kMountNoExec = 16,
};

/// Flat, for wire formats. Pointers must outlive the call only.
struct MountEntry {
  MountKind kind = MountKind::bind;
  std::uint32_t flags = 0;
  const char* source = nullptr;
  int source_fd = -1;  ///< used instead of `source` when >= 0
  const char* target = nullptr;
  std::uint64_t size_bytes = 0;
  std::uint32_t mode = 01777;
};

/// Makes the target when missing and mounts there. -EPERM for a target that is the root itself or on procfs.
int attach_in_root(int root_fd, const MountEntry& entry);

// --- Closing it up ---

/// Hides a file with the container's /dev/null (checked to be char 1:3), a directory with an empty read-only
/// tmpfs. A missing path is fine.
int mask_path(int root_fd, int dev_fd, const char* path);
/// A missing path is fine.
int make_path_read_only(int root_fd, const char* path);
/// docker's masked and read-only paths under /proc and /sys.
int mask_default_paths(int root_fd, int dev_fd);

int make_root_read_only(int root_fd);

/// pivot_root(".", "."), lets go of the old root, chdir("/"). Afterwards host paths are out of reach.
int enter_root(int root_fd);

/// Changes to a directory that is below the root: refuses "/proc/self/fd/N" tricks (CVE-2024-21626). Made
/// with `mode` when missing; 0 does not make it: -ENOENT. Call after enter_root.
int enter_workdir(const char* path, mode_t mode);

int set_hostname(const char* name);

/// Whether `name` ("net.ipv4.ip_local_port_range") is namespaced, so that a container may set it
/// (CVE-2022-0811: names with '/' or '..' never are).
bool sysctl_allowed(const char* name);
/// Writes a sysctl of the container through its /proc; -EPERM when not allowed. After mount_proc.
int set_sysctl(int root_fd, const char* name, const char* value);

}  // namespace devenv::kernel
