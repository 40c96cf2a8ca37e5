// Who "USER name[:group]" is inside an image: read from its own /etc/passwd and /etc/group, never through
// NSS.
//
// resolve_identity_at() is child-safe and streams: a huge file costs no memory, a fifo or device is not
// waited on, symlinks stay inside the root, a number is never looked up as a name.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace devenv::kernel {

/// Flat, about 12 KB: keep it out of deep stacks.
struct FlatIdentity {
  uid_t uid = 0;
  gid_t gid = 0;
  unsigned group_count = 0;
  gid_t groups[2048] = {};  ///< supplementary, the primary group first
  char home[4096] = "/";    ///< "/" when no passwd line matches
};

/// Why it did not resolve; 0 = fine.
enum class IdentityError : int {
  none = 0,
  malformed,     ///< "", "+0", "1:", "-1", "a:b:c"
  out_of_range,  ///< above 2^31-1 (CVE-2024-40635)
  unknown_user,
  unknown_group,
  too_many_groups,
  unreadable,  ///< passwd or group is not a regular file, or cannot be read
};

/// `user` is "name|uid[:group|gid]". "" is root's 0:0 only when `allow_empty` (no USER was given).
IdentityError resolve_identity_at(int root_fd, const char* user, bool allow_empty, FlatIdentity& result);

/// "user \"x\" is not in the image's /etc/passwd" and the like: for messages on either side of a pipe.
const char* reason_of(IdentityError error);

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string home = "/";
};

/// The same for the library. Empty: root. Throws Error.
Identity resolve_identity(int root_fd, const std::string& user);

}  // namespace devenv::kernel
