// Control groups: what the machine has (v2, v1, or v1 with a v2 mount beside), and one container's groups.
//
// A Cgroup is a directory "devenv/<session>/<container>" in the v2 hierarchy, and, only when limits ask for
// it, in v1 controllers. Write paths() to the journal before constructing. Not thread-safe. Static-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "devenv/deadline.h"
#include "runtime/base/unique_fd.h"

namespace devenv::kernel {

enum class CgroupMode { none, v1, hybrid, v2 };

/// Where the hierarchies are mounted and where groups of ours go.
struct CgroupLayout {
  CgroupMode mode = CgroupMode::none;
  std::string v2;                           ///< directory our groups start from; empty: no v2
  std::string own;                          ///< directory of the group we run in; empty: no v2
  std::vector<std::string> v2_controllers;  ///< what `v2` can give its children
  std::map<std::string, std::string> v1;  ///< controller ("memory", "freezer", …) → directory to start from
  std::string reason;                     ///< why mode is none, or why a hierarchy is not used
};

/// Reads /proc/self/mountinfo and /proc/self/cgroup below `root` (a fake tree in tests). As root groups start
/// at the top of each mount, but with v2 alone below the systemd unit around us if that delegated its group;
/// otherwise at our own cgroup, which must be delegated to us (writable).
CgroupLayout detect_cgroups(const std::string& root = "/");

const char* name_of(CgroupMode mode);

/// The `hierarchies` of mount_cgroups(): empty for v2 alone.
std::vector<std::string> cgroup_hierarchies(const CgroupLayout& layout);

struct CgroupLimits {
  std::uint64_t memory_bytes = 0;  ///< 0: none, as for the others
  double cpus = 0;
  std::int64_t pids = 0;

  bool any() const { return memory_bytes > 0 || cpus > 0 || pids > 0; }
};

struct CgroupUsage {
  std::uint64_t memory_bytes = 0, memory_peak_bytes = 0;
  std::uint64_t cpu_us = 0;
  std::uint64_t pids = 0;
};

class Cgroup {
 public:
  /// What the constructor would make, in order: for the journal. `name` is "<session>/<container>".
  static std::vector<std::string> paths(const CgroupLayout& layout, const std::string& name,
                                        const CgroupLimits& limits);

  /// Makes the directories and sets the limits. Throws SystemError; then nothing is left.
  Cgroup(const CgroupLayout& layout, const std::string& name, const CgroupLimits& limits);
  Cgroup(Cgroup&& other) noexcept { *this = std::move(other); }
  Cgroup& operator=(Cgroup&& other) noexcept;
  ~Cgroup();  ///< destroys what destroy() did not, without waiting

  /// Limits that the machine does not offer, each a sentence for a person. Not an error.
  const std::vector<std::string>& unmet_limits() const { return unmet_; }
  const std::vector<std::string>& directories() const { return directories_; }

  /// Descriptor of the v2 directory for clone_process(); -1 without v2. Stays owned here.
  int v2_fd() const { return v2_fd_.get(); }

  /// Moves a process into every hierarchy. `born_inside`: it already is in the v2 one. Throws SystemError.
  void attach(pid_t pid, bool born_inside = false);

  bool empty() const;         ///< no process, not even below
  bool oom_killed() const;    ///< the OOM killer struck inside; false where no memory controller counts
  CgroupUsage usage() const;  ///< zeros for what is not counted

  /// SIGKILL to every process inside and below, frozen ones included. Returns before they are gone.
  void kill();

  /// kill(), waits until empty, removes it with nested groups and then parents of ours that are empty.
  /// Idempotent. Throws Timeout when a process does not die, SystemError.
  void destroy(Deadline deadline);

 private:
  void set_limits(const CgroupLayout& layout, const CgroupLimits& limits);
  void discard() noexcept;

  std::vector<std::string> directories_;  ///< v2 first
  std::vector<std::string> bases_;        ///< where each starts: not ours to remove
  std::string name_;                      ///< "devenv/<session>/<container>"
  std::vector<std::string> unmet_;
  std::string v2_dir_, memory_dir_, cpu_dir_, pids_dir_;
  UniqueFd v2_fd_;
};

/// destroy() for a directory named by a journal, whoever made it. Missing is fine. Refuses (Error) a path
/// without a "devenv" component. Also removes empty parents up to and including "devenv".
void destroy_cgroup(const std::string& directory, Deadline deadline);

}  // namespace devenv::kernel
