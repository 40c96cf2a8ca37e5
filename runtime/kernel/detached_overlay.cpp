#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <thread>

#include "devenv/error.h"
#include "mounts.h"
#include "refusal.h"
#include "rootfs.h"

namespace devenv::kernel {
namespace {

/// Where overlay_mount_modern() does not do: mount(2), in a mount namespace that only a thread of ours ever
/// sees.
int mount_in_own_namespace(const OverlayLayers& layers) {
  int mounted = -EIO;
  std::thread([&] {
    if (unshare(CLONE_NEWNS | CLONE_FS) != 0) {
      mounted = -errno;
      return;
    }
    mounted = make_mounts_private();
    if (mounted == 0) mounted = overlay_mount_legacy(layers);
  }).join();
  return mounted;
}

std::string hint_for(int code, const OverlaySpec& spec) {
  switch (code) {
    case ENODEV:
      return "load the overlay kernel module";
    case EINVAL:
      return "the file system of " + spec.upper + " cannot hold an overlay's upper layer, or layers overlap";
    case E2BIG:
      return "too many layers for this kernel";
    default:
      return refusal_hint(code);
  }
}

}  // namespace

UniqueFd detached_overlay(const OverlaySpec& spec) {
  const std::string name = spec.upper.empty() ? (spec.lower.empty() ? "" : spec.lower.front()) : spec.upper;
  int mounted;
  if (spec.lower.size() == 1 && spec.upper.empty()) {
    mounted = clone_tree(-1, spec.lower[0].c_str(), false);
  } else {
    std::vector<const char*> lower;
    for (const std::string& directory : spec.lower) lower.push_back(directory.c_str());
    OverlayLayers layers;
    layers.lower = lower.data();
    layers.lower_count = static_cast<unsigned>(lower.size());
    layers.upper = spec.upper.empty() ? nullptr : spec.upper.c_str();
    layers.work = spec.work.empty() ? nullptr : spec.work.c_str();
    layers.userxattr = spec.userxattr;
    layers.volatile_upper = spec.volatile_upper;
    mounted = overlay_mount_modern(layers);
    if (mounted == -EOPNOTSUPP || mounted == -ENOSYS) mounted = mount_in_own_namespace(layers);
  }
  if (mounted < 0) throw SystemError(-mounted, "mount overlay on " + name, hint_for(-mounted, spec));
  return UniqueFd(mounted);
}

}  // namespace devenv::kernel
