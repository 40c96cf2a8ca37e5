// "The machine is as it was": what a test may not leave behind, as a snapshot to compare.
//
// Linking devenv_leak_check (or devenv_leak_check_per_program) makes every TEST (the whole program) end with
// the comparison. Programs that run beside this one do not count: processes, sockets and namespaces are ours
// when they descend from us, carry our mark in their environment or hold a session below a TempDir of ours,
// so also after their parent's death; what others use is recognised by the journals of their sessions and by
// their locks.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "devenv/deadline.h"

namespace devenv::test {

/// Kind ("descriptor", "mount", "link", "nft table", …) → what there is of it, as text for a person.
using HostState = std::map<std::string, std::set<std::string>>;

HostState snapshot();

/// A line per thing that is in one and not the other: "+ mount /x" for a leak, "- link eth0" for a loss.
/// Empty when equal.
std::string difference(const HostState& before, const HostState& after);

/// Polls until the state equals `before`; at the deadline what still differs. Empty: nothing leaked.
std::string leaks_since(const HostState& before, Deadline deadline);

/// leaks_since() as a GoogleTest expectation.
void expect_same(const HostState& before, Deadline deadline = Deadline::after(std::chrono::seconds(5)));

}  // namespace devenv::test
