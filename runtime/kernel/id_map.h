// Which host ids a container's users are. Today the identity (no user namespace); the seam for rootless.
#pragma once

#include <sys/types.h>

#include <vector>

namespace devenv::kernel {

struct IdRange {
  unsigned inside = 0, outside = 0, count = 0;
};

struct IdMap {
  std::vector<IdRange> uids, gids;
  bool deny_setgroups = false;  ///< what an unprivileged writer of gid_map must do first

  bool identity() const { return uids.empty() && gids.empty(); }
};

/// No user namespace when root; else the caller alone as root (0 → euid, 0 → egid, setgroups denied).
IdMap choose_id_map();

/// The host id of a container's id. Throws Error when it is not mapped.
uid_t outside_uid(const IdMap& map, uid_t inside);
gid_t outside_gid(const IdMap& map, gid_t inside);

/// Writes setgroups, gid_map, uid_map of a child in a new user namespace. Throws SystemError. Nothing for
/// the identity.
void write_id_map(pid_t child, const IdMap& map);

}  // namespace devenv::kernel
