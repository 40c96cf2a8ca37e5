#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "cgroup.h"
#include "cgroup_files.h"
#include "runtime/base/fields.h"
#include "runtime/base/files.h"
#include "systemd_unit.h"

namespace devenv::kernel {
namespace {

struct Mount {
  std::string root, point, type, options, super_options;
};

/// mountinfo writes blanks and backslashes as \040 and the like.
std::string unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<Mount> cgroup_mounts(const std::string& root) {
  std::vector<Mount> mounts;
  const std::string text = read_control(root + "/proc/self", "mountinfo");
  for (const std::string_view line : lines(text)) {
    // "id parent device root point options [optional…] - type source super-options" (proc(5))
    const auto words = fields(line, " ");
    const auto dash = std::find(words.begin(), words.end(), "-") - words.begin();
    if (dash < 6 || static_cast<std::size_t>(dash) + 3 >= words.size()) continue;
    const auto word = [&](auto index) { return std::string(words[static_cast<std::size_t>(index)]); };
    if (word(dash + 1) != "cgroup" && word(dash + 1) != "cgroup2") continue;
    mounts.push_back({unescape(word(3)), unescape(word(4)), word(dash + 1), word(5), word(dash + 3)});
  }
  return mounts;
}

bool contains(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

std::string top_of(const std::string& root, const Mount& mount) {
  return (root == "/" ? "" : root) + mount.point;
}

/// The directory of a group below a mount, which may show only a part of the hierarchy: its root field says
/// which.
std::string directory_of(const std::string& root, const Mount& mount, std::string group) {
  if (mount.root != "/" && group.starts_with(mount.root)) group.erase(0, mount.root.size());
  const bool outside = group.starts_with("/..");  // of our cgroup namespace
  return group == "/" || outside ? top_of(root, mount) : top_of(root, mount) + group;
}

/// Where groups of ours may go below a mount: anywhere for root, else only what was delegated to us.
/// systemd's rule is the same: a group belongs to whoever may write it.
std::string start_of(const std::string& root, const Mount& mount, const std::string& controller) {
  return geteuid() == 0 ? top_of(root, mount) : directory_of(root, mount, own_group(root, controller));
}

bool usable(const Mount& mount, const std::string& start, std::string& reason) {
  if (contains(mount.options, "ro")) {
    reason = mount.point + " is mounted read-only";
    return false;
  }
  if (access(start.c_str(), W_OK) != 0) {
    reason = start + " is not delegated to this user";
    return false;
  }
  return true;
}

/// One control file, bound over itself: systemd does so with memory.pressure where all else is read-only.
bool is_file(const std::string& root, const Mount& mount) {
  struct stat status;
  return stat(top_of(root, mount).c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

void use_v2(CgroupLayout& layout, const std::string& start) {
  layout.v2 = start;
  layout.v2_controllers.clear();
  const std::string controllers = read_control(start, "cgroup.controllers");
  for (const std::string_view controller : fields(controllers))
    layout.v2_controllers.emplace_back(controller);
}

}  // namespace

const char* name_of(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::v1:
      return "v1";
    case CgroupMode::hybrid:
      return "hybrid";
    case CgroupMode::v2:
      return "v2";
    case CgroupMode::none:
      break;
  }
  return "none";
}

CgroupLayout detect_cgroups(const std::string& root) {
  CgroupLayout layout;
  std::string unit_directory;
  for (const Mount& mount : cgroup_mounts(root)) {
    if (is_file(root, mount)) continue;
    std::string reason;
    if (mount.type == "cgroup2") {
      const std::string start = start_of(root, mount, "");
      if (!usable(mount, start, reason)) {
        layout.reason = reason;
        continue;
      }
      use_v2(layout, start);
      layout.own = directory_of(root, mount, own_group(root, ""));
      if (const SystemdUnit unit = own_unit(root); !unit.name.empty())
        unit_directory = directory_of(root, mount, unit.group);
      continue;
    }
    for (const std::string_view view : fields(mount.super_options, ",")) {
      const std::string option(view);
      const bool flag = option == "rw" || option == "ro" || option == "xattr" || option == "noprefix" ||
                        option == "clone_children" || option.rfind("release_agent=", 0) == 0;
      const std::string start = start_of(root, mount, option);
      if (!flag && usable(mount, start, reason)) layout.v1[option] = start;
      if (!flag && !reason.empty()) layout.reason = reason;
    }
  }
  const bool v1_controllers = std::any_of(layout.v1.begin(), layout.v1.end(), [](const auto& entry) {
    return entry.first.rfind("name=", 0) != 0;
  });
  if (!layout.v2.empty())
    layout.mode = v1_controllers ? CgroupMode::hybrid : CgroupMode::v2;
  else if (!layout.v1.empty())
    layout.mode = CgroupMode::v1;
  else if (layout.reason.empty())
    layout.reason = "no cgroup file system is mounted";
  // Below the unit around us its limits hold for our containers, and they end with it.
  if (layout.mode == CgroupMode::v2 && !unit_directory.empty() && is_delegated(unit_directory))
    use_v2(layout, unit_directory);
  return layout;
}

std::vector<std::string> cgroup_hierarchies(const CgroupLayout& layout) {
  if (layout.mode == CgroupMode::v2 || layout.mode == CgroupMode::none) return {};
  // Controllers that share a mount are one hierarchy: "cpu,cpuacct".
  std::map<std::string, std::string> by_mount;
  for (const auto& [controller, directory] : layout.v1) {
    std::string& joined = by_mount[directory];
    joined += (joined.empty() ? "" : ",") + controller;
  }
  std::vector<std::string> hierarchies;
  for (const auto& [directory, joined] : by_mount) hierarchies.push_back(joined);
  if (!layout.v2.empty()) hierarchies.push_back("unified");
  return hierarchies;
}

}  // namespace devenv::kernel
