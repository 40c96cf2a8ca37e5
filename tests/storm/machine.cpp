#include "tests/storm/machine.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cmath>

#include "runtime/base/settings.h"
#include "runtime/store/store.h"
#include "tests/storm/victim_process.h"
#include "tests/support/private_machine.h"

namespace devenv::test {
namespace {

Deadline after_usual(int seconds) {
  return Deadline::after(std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(seconds * settings::slowdown())));
}

HostState without_directories(HostState state) {
  for (const char* kind : {"cgroup", "file", "file outside the store"}) state.erase(kind);
  return state;
}

/// What is different, once that is nothing or the time is over.
template <class Look>
std::string settled_difference(const HostState& before, const Look& look) {
  const Deadline deadline = after_usual(2);
  for (;;) {
    std::string leaks = difference(before, look());
    if (leaks.empty() || deadline.passed()) return leaks;
    poll(nullptr, 0, 5);
  }
}

template <class Look>
void expect_equal(const HostState& before, const Look& look) {
  EXPECT_EQ(settled_difference(before, look), "") << "the machine is not as it was (+ left behind, - lost)";
}

HostState without_temporary(HostState state) {
  const std::string temporary = store::Store::default_root() + "/tmp/";
  std::erase_if(state["file"], [&](const std::string& path) { return path.starts_with(temporary); });
  return state;
}

void next_start() {
  VictimProcess next({DEVENV_COMMAND, "run", "--rm", "debian:bookworm-slim", "true"});
  EXPECT_EQ(next.finish(), 0) << next.output();
}

}  // namespace

Deadline soon() { return after_usual(60); }
std::string usual_seconds(int seconds) { return std::to_string(std::lround(seconds * settings::slowdown())); }

HostState machine_state() {
  reap_orphans();
  HostState state = snapshot();
  state.erase("descriptor");  // our own are no matter of the machine's
  state["file outside the store"] = files_of_the_machine();
  return state;
}

void expect_machine(const HostState& before) { expect_equal(before, machine_state); }

void expect_machine_after_kill(const HostState& before) {
  expect_equal(without_temporary(before), [] { return without_temporary(machine_state()); });
  if (difference(before, machine_state()).empty()) return;
  next_start();
  expect_machine(before);
}

void expect_machine_after_next_start(const HostState& before) {
  expect_equal(without_directories(before), [] { return without_directories(machine_state()); });
  next_start();
  expect_machine(before);
}

}  // namespace devenv::test
