#include "cgroup.h"

#include <fcntl.h>

#include <algorithm>
#include <cmath>

#include "cgroup_files.h"
#include "devenv/error.h"
#include "runtime/base/files.h"

namespace devenv::kernel {
namespace {

constexpr const char* kOurs = "devenv";
constexpr long kCpuPeriodUs = 100000;  // docker's

std::string group_name(const std::string& name) { return std::string(kOurs) + "/" + name; }

/// The hierarchy whose only purpose is to find and kill the container's processes where there is no v2.
std::string tracking_v1(const CgroupLayout& layout) {
  for (const char* controller : {"freezer", "name=systemd", "pids", "memory"})
    if (const auto found = layout.v1.find(controller); found != layout.v1.end()) return found->second;
  return layout.v1.empty() ? std::string() : layout.v1.begin()->second;
}

void add_base(std::vector<std::string>& bases, const std::string& base) {
  if (!base.empty() && std::find(bases.begin(), bases.end(), base) == bases.end()) bases.push_back(base);
}

bool in_v2(const CgroupLayout& layout, const char* controller) {
  return std::find(layout.v2_controllers.begin(), layout.v2_controllers.end(), controller) !=
         layout.v2_controllers.end();
}

/// Where each hierarchy starts that these limits need, v2 first.
std::vector<std::string> bases_for(const CgroupLayout& layout, const CgroupLimits& limits) {
  std::vector<std::string> bases;
  if (layout.mode == CgroupMode::none) return bases;
  add_base(bases, layout.v2.empty() ? tracking_v1(layout) : layout.v2);
  const auto add_v1 = [&](bool wanted, const char* controller) {
    const auto found = layout.v1.find(controller);
    if (wanted && !in_v2(layout, controller) && found != layout.v1.end()) add_base(bases, found->second);
  };
  add_v1(limits.memory_bytes > 0, "memory");
  add_v1(limits.cpus > 0, "cpu");
  add_v1(limits.pids > 0, "pids");
  return bases;
}

/// Whether processes in the group that ours lie below keep it from sharing out its controllers. The root may have both.
bool has_inner_processes(const CgroupLayout& layout) {
  return has_control(layout.v2, "cgroup.type") && !read_control(layout.v2, "cgroup.procs").empty();
}

/// A v2 group's controllers must be handed down level by level. What is refused shows later as a missing control
/// file. With processes in the first group nothing may be tried: the kernel lets go of cpu and pids there, and then
/// takes it for the root of a tree of threads, where no process can be put into a group below.
void hand_down_controllers(const CgroupLayout& layout, const std::string& name) {
  if (has_inner_processes(layout)) return;
  std::string directory = layout.v2;
  for (std::size_t begin = 0; begin != std::string::npos;) {
    for (const char* controller : {"memory", "pids", "cpu"})
      if (in_v2(layout, controller))
        write_control(directory, "cgroup.subtree_control", std::string("+") + controller);
    const std::size_t end = name.find('/', begin);
    directory += "/" + name.substr(begin, end == std::string::npos ? end : end - begin);
    begin = end == std::string::npos ? end : end + 1;
  }
}

/// The directory that holds `controller` for this group, empty if none does.
std::string controller_directory(const CgroupLayout& layout, const std::string& name,
                                 const char* controller) {
  if (in_v2(layout, controller)) return layout.v2 + "/" + name;
  const auto found = layout.v1.find(controller);
  return found == layout.v1.end() ? std::string() : found->second + "/" + name;
}

std::string unmet(const CgroupLayout& layout, const std::string& limit, const std::string& directory,
                  const char* controller, int code) {
  const std::string start = limit + " is not enforced: ";
  if (directory.empty()) return start + "this machine offers no " + controller + " controller";
  if (code == ENOENT && in_v2(layout, controller) && has_inner_processes(layout))
    return start + "processes in " + layout.v2 + " itself keep it from being shared out; let the unit start them in " +
           "a group below: DelegateSubgroup=main (systemd 254)";
  if (code == ENOENT) return start + "the " + controller + " controller is not available in " + directory;
  return SystemError(code, start + "set it in " + directory).what();
}

int set_memory(const std::string& directory, std::uint64_t bytes) {
  const std::string value = std::to_string(bytes);
  if (has_control(directory, "memory.max")) {
    const int code = write_control(directory, "memory.max", value);
    // As much swap again, as docker; a kernel without swap accounting has no such file.
    write_control(directory, "memory.swap.max", value);
    return code;
  }
  const int code = write_control(directory, "memory.limit_in_bytes", value);
  write_control(directory, "memory.memsw.limit_in_bytes", std::to_string(2 * bytes));
  return code;
}

int set_cpus(const std::string& directory, double cpus) {
  const long quota = std::max(1000L, std::lround(cpus * static_cast<double>(kCpuPeriodUs)));
  if (has_control(directory, "cpu.max"))
    return write_control(directory, "cpu.max", std::to_string(quota) + " " + std::to_string(kCpuPeriodUs));
  const int code = write_control(directory, "cpu.cfs_period_us", std::to_string(kCpuPeriodUs));
  return code != 0 ? code : write_control(directory, "cpu.cfs_quota_us", std::to_string(quota));
}

}  // namespace

std::vector<std::string> Cgroup::paths(const CgroupLayout& layout, const std::string& name,
                                       const CgroupLimits& limits) {
  std::vector<std::string> paths = bases_for(layout, limits);
  for (std::string& path : paths) path += "/" + group_name(name);
  return paths;
}

Cgroup::Cgroup(const CgroupLayout& layout, const std::string& name, const CgroupLimits& limits)
    : bases_(bases_for(layout, limits)), name_(group_name(name)) {
  try {
    for (const std::string& base : bases_) {
      directories_.push_back(base + "/" + name_);
      make_group(base, name_);
    }
    if (!layout.v2.empty()) {
      hand_down_controllers(layout, name_);
      v2_dir_ = layout.v2 + "/" + name_;
      v2_fd_ = open_file(v2_dir_, O_RDONLY | O_DIRECTORY);
    }
    set_limits(layout, limits);
  } catch (...) {
    discard();
    throw;
  }
}

void Cgroup::set_limits(const CgroupLayout& layout, const CgroupLimits& limits) {
  const auto directory = [&](const char* controller, bool wanted) {
    const std::string found = controller_directory(layout, name_, controller);
    const bool ours = std::find(directories_.begin(), directories_.end(), found) != directories_.end();
    return wanted || ours ? found : std::string();
  };
  memory_dir_ = directory("memory", limits.memory_bytes > 0);
  cpu_dir_ = directory("cpu", limits.cpus > 0);
  pids_dir_ = directory("pids", limits.pids > 0);
  const auto apply = [&](const std::string& text, const std::string& where, const char* controller,
                         const auto& set) {
    const int code = where.empty() ? ENOENT : set(where);
    if (code != 0) unmet_.push_back(unmet(layout, text, where, controller, code));
  };
  if (limits.memory_bytes > 0)
    apply("memory limit of " + std::to_string(limits.memory_bytes) + " bytes", memory_dir_, "memory",
          [&](const std::string& where) { return set_memory(where, limits.memory_bytes); });
  if (limits.cpus > 0)
    apply("cpu limit", cpu_dir_, "cpu",
          [&](const std::string& where) { return set_cpus(where, limits.cpus); });
  if (limits.pids > 0)
    apply("limit of " + std::to_string(limits.pids) + " processes", pids_dir_, "pids",
          [&](const std::string& where) {
            return write_control(where, "pids.max", std::to_string(limits.pids));
          });
}

Cgroup::~Cgroup() { discard(); }

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  std::swap(directories_, other.directories_);
  std::swap(bases_, other.bases_);
  std::swap(name_, other.name_);
  std::swap(unmet_, other.unmet_);
  std::swap(v2_dir_, other.v2_dir_);
  std::swap(memory_dir_, other.memory_dir_);
  std::swap(cpu_dir_, other.cpu_dir_);
  std::swap(pids_dir_, other.pids_dir_);
  std::swap(v2_fd_, other.v2_fd_);
  return *this;
}

void Cgroup::discard() noexcept {
  try {
    for (const std::string& directory : directories_) kill_group(directory);
    for (std::size_t i = 0; i < directories_.size(); ++i)
      if (try_remove_group(directories_[i])) remove_empty_parents(bases_[i], name_);
  } catch (...) {
    // The journal still names it.
  }
  directories_.clear();
}

void Cgroup::attach(pid_t pid, bool born_inside) {
  for (const std::string& directory : directories_) {
    if (born_inside && directory == v2_dir_) continue;
    if (const int code = write_control(directory, "cgroup.procs", std::to_string(pid)); code != 0)
      throw SystemError(code, "move process " + std::to_string(pid) + " into cgroup " + directory);
  }
}

bool Cgroup::empty() const { return directories_.empty() || group_empty(directories_.front()); }

bool Cgroup::oom_killed() const {
  if (memory_dir_.empty()) return false;
  return control_number(memory_dir_, "memory.events", "oom_kill") > 0 ||
         control_number(memory_dir_, "memory.oom_control", "oom_kill") > 0;
}

CgroupUsage Cgroup::usage() const {
  CgroupUsage usage;
  if (has_control(memory_dir_, "memory.current")) {
    usage.memory_bytes = control_number(memory_dir_, "memory.current");
    usage.memory_peak_bytes = control_number(memory_dir_, "memory.peak");
  } else {
    usage.memory_bytes = control_number(memory_dir_, "memory.usage_in_bytes");
    usage.memory_peak_bytes = control_number(memory_dir_, "memory.max_usage_in_bytes");
  }
  usage.cpu_us = control_number(v2_dir_, "cpu.stat", "usage_usec");
  usage.pids = has_control(pids_dir_, "pids.current") ? control_number(pids_dir_, "pids.current")
               : directories_.empty()                 ? 0
                                                      : processes_in(directories_.front()).size();
  return usage;
}

void Cgroup::kill() {
  // One hierarchy holds them all; the others only limit.
  if (!directories_.empty()) kill_group(directories_.front());
}

void Cgroup::destroy(Deadline deadline) {
  kill();
  while (!directories_.empty()) {
    remove_group(directories_.back(), deadline);
    remove_empty_parents(bases_[directories_.size() - 1], name_);
    directories_.pop_back();
  }
  v2_fd_.reset();
}

void destroy_cgroup(const std::string& directory, Deadline deadline) {
  const std::size_t ours = directory.rfind(std::string("/") + kOurs + "/");
  if (ours == std::string::npos || directory.find("/../") != std::string::npos)
    throw Error("remove cgroup " + directory + ": not one of ours");
  if (access(directory.c_str(), F_OK) == 0) {
    kill_group(directory);
    remove_group(directory, deadline);
  }
  remove_empty_parents(directory.substr(0, ours), directory.substr(ours + 1));
}

}  // namespace devenv::kernel
