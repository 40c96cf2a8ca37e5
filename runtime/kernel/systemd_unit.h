// What systemd made of the group this process runs in: the unit, whether groups below it are ours to make, and what
// its limits reach. Read from /proc and the cgroup file system; systemd itself is not asked. Static-safe.
#pragma once

#include <string>

#include "cgroup.h"

namespace devenv::kernel {

struct SystemdUnit {
  std::string name;   ///< "ci.service", "session-3.scope"; empty outside of any
  std::string group;  ///< its cgroup: "/system.slice/ci.service"

  bool is_service() const { return name.ends_with(".service"); }
};

/// The innermost unit this process belongs to, read from /proc/self/cgroup below `root`.
SystemdUnit own_unit(const std::string& root = "/");

/// Whether systemd left the groups below this one to the unit's processes (Delegate=yes). It notes that in an
/// extended attribute: https://systemd.io/CGROUP_DELEGATION
bool is_delegated(const std::string& directory);

/// A group cannot both contain processes and share controllers out to groups below it. Where this process is alone in
/// a group that was delegated to it, it moves to a child, "supervisor". Others' processes are never moved: then
/// limits of single containers stay unmet, and say so. Does nothing anywhere else.
void leave_inner_group();

/// A sentence about a memory limit of a unit around us that does not reach groups of ours, since those have to be made
/// elsewhere; empty when there is none.
std::string limit_left_behind(const CgroupLayout& layout);

}  // namespace devenv::kernel
