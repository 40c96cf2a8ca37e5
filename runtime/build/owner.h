// --chown and the owner of WORKDIR: names looked up in the image's own passwd and group. No host lookup.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

namespace devenv::build {

using Owner = std::pair<uid_t, gid_t>;

/// "user[:group]" of --chown. A number is taken as it is; without a group a number's group is the same
/// number, a name's its primary one. Throws Error for an unknown name or a number above 2^31-1.
Owner resolve_owner(int root_fd, const std::string& text);

/// The owner a USER stands for: as above, but a number's group is its primary one in passwd, else 0.
Owner resolve_user(int root_fd, const std::string& user);

}  // namespace devenv::build
