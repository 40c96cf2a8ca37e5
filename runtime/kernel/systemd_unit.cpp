#include "systemd_unit.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "cgroup_files.h"
#include "devenv/error.h"
#include "runtime/base/fields.h"

namespace devenv::kernel {
namespace {

bool is_unit(std::string_view name) { return name.ends_with(".service") || name.ends_with(".scope"); }

SystemdUnit innermost_unit(std::string group) {
  for (; !group.empty(); group.erase(std::min(group.rfind('/'), group.size()))) {
    const std::string name = group.substr(group.rfind('/') + 1);
    if (is_unit(name)) return {name, group};
  }
  return {};
}

bool limits_memory(const std::string& directory) {
  const std::string limit = read_control(directory, "memory.max");
  return !limit.empty() && limit != "max\n";
}

}  // namespace

SystemdUnit own_unit(const std::string& root) {
  // With v1 the hierarchy of systemd's own has no controllers, and v2 may be there without units.
  for (const char* hierarchy : {"", "name=systemd"})
    if (SystemdUnit unit = innermost_unit(own_group(root, hierarchy)); !unit.name.empty()) return unit;
  return {};
}

bool is_delegated(const std::string& directory) {
  char value[2] = {};
  for (const char* name : {"trusted.delegate", "user.delegate"})
    if (getxattr(directory.c_str(), name, value, sizeof value) == 1 && value[0] == '1') return true;
  return false;
}

void leave_inner_group() {
  const CgroupLayout layout = detect_cgroups();
  if (layout.mode != CgroupMode::v2 || layout.own != layout.v2 || !is_delegated(layout.own)) return;
  if (read_control(layout.own, "cgroup.procs") != std::to_string(getpid()) + "\n") return;
  try {
    make_group(layout.own, "supervisor");
  } catch (const SystemError&) {
    return;
  }
  write_control(layout.own + "/supervisor", "cgroup.procs", "0");
}

std::string limit_left_behind(const CgroupLayout& layout) {
  if (layout.mode != CgroupMode::v2 || !layout.own.starts_with(layout.v2 + "/")) return {};
  for (std::string at = layout.own; at.size() > layout.v2.size(); at.erase(at.rfind('/')))
    if (limits_memory(at))
      return "the memory limit of " + at.substr(at.rfind('/') + 1) +
             " does not hold for its containers, whose groups may not be made there; set Delegate=yes in the unit";
  return {};
}

}  // namespace devenv::kernel
