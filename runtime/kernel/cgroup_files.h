// Control files and directory trees of cgroup file systems, for this module's cgroup files. Static-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "devenv/deadline.h"

namespace devenv::kernel {

/// 0 or the errno.
int write_control(const std::string& directory, const char* file, const std::string& value);
bool has_control(const std::string& directory, const char* file);
/// Empty when it cannot be read.
std::string read_control(const std::string& directory, const char* file);
/// The number after `key` in a file of "key number" lines, or the file's only number for an empty key; else
/// 0.
std::uint64_t control_number(const std::string& directory, const char* file, const std::string& key = {});

/// Our own group in the hierarchy of `controller` ("" = v2), from /proc/self/cgroup below `root`; "/" when unknown.
std::string own_group(const std::string& root, const std::string& controller);

/// Directories directly below.
std::vector<std::string> child_groups(const std::string& directory);
/// Processes inside and below.
std::vector<pid_t> processes_in(const std::string& directory);
bool group_empty(const std::string& directory);

/// SIGKILL to all inside and below, by cgroup.kill where there is one. A missing directory is fine.
void kill_group(const std::string& directory);
/// kill_group() until it is empty, then removes it and what is below. Throws Timeout, SystemError.
void remove_group(const std::string& directory, Deadline deadline);
/// Removes it and what is below if nothing runs there; true when it is gone.
bool try_remove_group(const std::string& directory);

/// mkdir -p from `base` (which exists) to base/name, against others who remove empty parents meanwhile.
void make_group(const std::string& base, const std::string& name);
/// Removes the empty directories between base/name and base, both excluded.
void remove_empty_parents(const std::string& base, const std::string& name);

}  // namespace devenv::kernel
