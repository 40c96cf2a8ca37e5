// The kinds of things a snapshot holds, one function a kind. Private to tests/support.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace devenv::test {

using Items = std::set<std::string>;

/// Processes that are ours: children and their children, and whoever carries our mark. "pid" strings.
Items our_processes();
/// The mark's presence in the environment: put there on first use, before anything is spawned.
void mark_environment();

Items descriptors();
Items mounts();
Items links();
Items nft_tables();  ///< "family name"
Items network_namespaces(const Items& processes);
Items listening_ports(const Items& processes);
Items process_names(const Items& processes);
Items cgroups(const Items& processes);
Items session_files();

/// A holder or a reaper, by its command line.
struct Helper {
  std::string pid, runtime_dir, session;
};
std::vector<Helper> helpers();

}  // namespace devenv::test
