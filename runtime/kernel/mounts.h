// Detached mounts: made by fsopen/fsmount or open_tree, seen by nobody until attached by descriptor, gone
// with their last descriptor. Nothing here names a target by path.
//
// Functions returning int are child-safe: no allocation, locks or exceptions; a descriptor (CLOEXEC) or 0,
// else -errno. The others throw SystemError. All are thread-safe.
#pragma once

#include <sys/mount.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::kernel {

/// An overlay of directories, named by absolute paths. `lower` is topmost first, as in mount(8). Without
/// `upper` and `work` it is read-only and needs at least two lowers.
struct OverlayLayers {
  const char* const* lower = nullptr;
  unsigned lower_count = 0;
  const char* upper = nullptr;
  const char* work = nullptr;
  bool userxattr = false;       ///< markers in user.overlay.*: what a user namespace may write
  bool volatile_upper = false;  ///< fsync reaches no disk: for layers nobody needs after a power cut
};

/// A detached overlay with redirects, metacopy, index and xino off. Kernels before 6.7 cannot take layers one
/// by one through fsconfig(2); there the caller must be in a private mount namespace of its own, else
/// -EINVAL, in which all layers are mounted.
int overlay_mount(const OverlayLayers& layers);
int overlay_mount_modern(const OverlayLayers& layers);  ///< only fsconfig: -EOPNOTSUPP or -ENOSYS before 6.7
int overlay_mount_legacy(const OverlayLayers& layers);  ///< only mount(2), see above
int overlay_takes_single_layers();  ///< whether overlay_mount_modern() works: 0, else as it says; mounts
                                    ///< nothing

/// A detached mount of a file system type. `options` is "key=value,flag,…" or null; a value has at most 255
/// bytes. `attributes` are MOUNT_ATTR_*.
int filesystem_mount(const char* type, const char* source, const char* options, std::uint64_t attributes);

/// A detached tmpfs. size 0: the kernel's default, half of memory.
int tmpfs_mount(std::uint64_t size_bytes, unsigned mode, std::uint64_t attributes);

/// A detached clone of the tree at dirfd/path for a bind; an empty path clones the descriptor itself.
/// The last component is not followed when it is a symlink. Before 6.15 only out of a mount that is attached
/// in the caller's mount namespace, else -EINVAL: open_tree(2).
int clone_tree(int dirfd, const char* path, bool recursive);

/// mount_setattr(2): sets MOUNT_ATTR_* bits. On kernels before 5.12 only for an attached mount, not
/// recursive.
int set_mount_attributes(int mount_fd, std::uint64_t attributes, bool recursive);

/// Puts a detached mount on the file or directory that `target_fd` refers to.
int attach_mount(int mount_fd, int target_fd);

struct OverlaySpec {
  std::vector<std::string> lower;  ///< topmost first
  std::string upper, work;         ///< both empty: read-only
  bool userxattr = false;
  bool volatile_upper = false;
};

/// overlay_mount() for the library: usable as a dirfd, visible in no mount table. On old kernels a thread
/// with a mount namespace of its own makes it. One lower without upper gives a clone of that directory.
UniqueFd detached_overlay(const OverlaySpec& spec);

}  // namespace devenv::kernel
