#include "tests/support/leak_check.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "tests/support/host_state.h"

namespace devenv::test {

HostState snapshot() {
  mark_environment();
  const Items processes = our_processes();
  return {{"descriptor", descriptors()},
          {"mount", mounts()},
          {"link", links()},
          {"nft table", nft_tables()},
          {"network namespace", network_namespaces(processes)},
          {"listening port", listening_ports(processes)},
          {"process", process_names(processes)},
          {"cgroup", cgroups(processes)},
          {"file", session_files()}};
}

std::string difference(const HostState& before, const HostState& after) {
  std::string lines;
  const auto report = [&](const char* sign, const HostState& from, const HostState& other) {
    for (const auto& [kind, items] : from) {
      const auto found = other.find(kind);
      for (const std::string& item : items)
        if (found == other.end() || !found->second.contains(item))
          lines += std::string(sign) + kind + " " + item + "\n";
    }
  };
  report("+ ", after, before);
  // What only ours can be may well go while a test runs: the reaper of an earlier test's killed holder.
  HostState lasting = before;
  for (const char* ours : {"cgroup", "process", "network namespace", "listening port", "file"})
    lasting.erase(ours);
  report("- ", lasting, after);
  return lines;
}

std::string leaks_since(const HostState& before, Deadline deadline) {
  for (;;) {
    const std::string differences = difference(before, snapshot());
    if (differences.empty() || deadline.passed()) return differences;
    poll(nullptr, 0, 10);
  }
}

void expect_same(const HostState& before, Deadline deadline) {
  const std::string leaks = leaks_since(before, deadline);
  EXPECT_TRUE(leaks.empty()) << "the machine is not as it was before the test (+ left behind, - lost):\n"
                             << leaks;
}

}  // namespace devenv::test
