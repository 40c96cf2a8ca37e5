// The storm's machine: its state before and after, and what stands for "the next start".
#pragma once

#include <string>

#include "devenv/deadline.h"
#include "tests/support/leak_check.h"

namespace devenv::test {

/// A minute, in which everything here comes true, on a usual machine: times DEVENV_SLOWDOWN.
Deadline soon();
/// So many seconds of a usual machine's, as a number of this one's.
std::string usual_seconds(int seconds);

/// snapshot() of a machine of our own, with every file outside the store. Reaps orphans: call it without children.
HostState machine_state();

/// Fails the test unless the machine is as in `before` within two seconds.
void expect_machine(const HostState& before);

/// The same where a program was killed that may have been writing to the store: what it had in the store's tmp goes
/// with the next start, which this makes if there is something.
void expect_machine_after_kill(const HostState& before);

/// The same, where whoever would have swept was killed as well: processes, mounts, namespaces, links and ports are
/// gone within two seconds, directories with the next start, which this makes.
void expect_machine_after_next_start(const HostState& before);

}  // namespace devenv::test
