// Becoming the container's user with exactly its capabilities. Raw system calls, child-safe: 0 or -errno.
//
// The container's init: drop_bounding(caps); clear_ambient(); install_seccomp(…); set_capabilities(caps |
// kInitCapabilities): it never execs, so the extra ones stay its own and let it fork children of any user.
// Its children: become(…) as the last step before exec.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace devenv::kernel {

/// Flat: groups points to group_count ids, exactly the supplementary groups it will have.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  unsigned group_count = 0;
};

/// CAP_SETUID, CAP_SETGID, CAP_KILL: what init needs beyond the container's set to start and end processes.
inline constexpr std::uint64_t kInitCapabilities = (1u << 5) | (1u << 6) | (1u << 7);

int drop_bounding(std::uint64_t keep);
int clear_ambient();
/// Effective = permitted = `mask`, inheritable always empty (CVE-2022-24769).
int set_capabilities(std::uint64_t mask);

/// Groups, gid, uid, then capabilities: `capabilities` for uid 0, none for others; ambient cleared. The
/// bounding set is left as it is.
int become(const Credentials& credentials, std::uint64_t capabilities);

}  // namespace devenv::kernel
