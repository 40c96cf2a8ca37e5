#include "credentials.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "syscalls.h"

namespace devenv::kernel {
namespace {

constexpr unsigned kMostCapabilities = 64;

}  // namespace

int drop_bounding(std::uint64_t keep) {
  for (unsigned cap = 0; cap < kMostCapabilities; ++cap) {
    const int held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
    if (held < 0) break;  // the kernel knows no more
    if (held == 1 && (keep >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) return -errno;
  }
  return 0;
}

int clear_ambient() {
  const int cleared = negative_errno(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  return cleared == -EINVAL ? 0 : cleared;
}

int set_capabilities(std::uint64_t mask) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (unsigned half = 0; half < 2; ++half) {
    const auto bits = static_cast<std::uint32_t>(mask >> (32 * half));
    data[half].effective = bits;
    data[half].permitted = bits;
  }
  return system_call(SYS_capset, &header, data);
}

int become(const Credentials& credentials, std::uint64_t capabilities) {
  // The raw calls: libc's would signal every thread, with locks.
  int error = system_call(SYS_setgroups, credentials.group_count, credentials.groups);
  if (error < 0) return error;
  error = system_call(SYS_setresgid, credentials.gid, credentials.gid, credentials.gid);
  if (error < 0) return error;
  // Going from root to another uid drops all capabilities: what docker gives such a user, too.
  error = system_call(SYS_setresuid, credentials.uid, credentials.uid, credentials.uid);
  if (error < 0) return error;
  if (error = clear_ambient(); error < 0) return error;
  return set_capabilities(credentials.uid == 0 ? capabilities : 0);
}

}  // namespace devenv::kernel
