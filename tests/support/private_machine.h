// A machine of one's own for a test program: processes, mounts, links, nft tables, ports, control groups, /tmp and
// /run as on a freshly started host; the kernel and the store are the real ones. Whatever is found there was left by
// what the program started, and the kernel removes it with the program.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace devenv::test {

/// Forks: in the child, process 1 of the new machine, it returns; the parent waits and exits with the child's code.
/// `kept` directories stay visible when they are below one of the fresh ones (a build tree in /tmp). Call it first
/// in main(), as root. Exits with 1 and says why when the machine cannot be made.
void enter_private_machine(const std::vector<std::string>& kept);

/// Paths of everything in the directories that are fresh on this machine (/run, /tmp, /var/tmp, /dev/shm), other
/// mounts in them left out.
std::set<std::string> files_of_the_machine();

/// Waits for the orphans that came to us as process 1. The caller has no other children running.
void reap_orphans();

}  // namespace devenv::test
