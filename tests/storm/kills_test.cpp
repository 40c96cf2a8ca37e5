// SIGKILL, and SIGSTOP, of everything that holds or supervises a session.
#include <gtest/gtest.h>

#include <csignal>

#include "runtime/kernel/cgroup.h"
#include "tests/storm/machine.h"
#include "tests/storm/victim_process.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {
namespace {

void send(int number, const std::vector<pid_t>& processes) {
  ASSERT_FALSE(processes.empty());
  for (const pid_t pid : processes) EXPECT_EQ(kill(pid, number), 0) << pid;
}

/// A victim that uses its services until its input ends.
class Kill : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(victim_.says("in use", soon())) << victim_.output();
    parts_ = supervisors_below(victim_.pid());
    ASSERT_EQ(parts_.holders.size(), 1u);
    ASSERT_EQ(parts_.reapers.size(), 1u);
    ASSERT_EQ(parts_.inits.size(), 2u);
  }
  void ends_with(int code) {
    victim_.end_input();
    EXPECT_EQ(victim_.finish(), code) << victim_.output();
  }

  const HostState before_ = machine_state();
  VictimProcess victim_ = VictimProcess::running("Victim.LivesUntilItsInputEnds");
  Supervisors parts_;
};

TEST_F(Kill, OfTheHolderFailsTheTestAndLeavesNothing) {
  send(SIGKILL, parts_.holders);
  ends_with(1);
  expect_machine(before_);
}

TEST_F(Kill, OfTheReaperIsNotNoticed) {
  send(SIGKILL, parts_.reapers);
  ends_with(0);
  expect_machine(before_);
}

TEST_F(Kill, OfReaperAndTestLeavesTheSweepToTheHolder) {
  send(SIGKILL, parts_.reapers);
  victim_.signal(SIGKILL);
  ends_with(128 + SIGKILL);
  expect_machine(before_);
}

TEST_F(Kill, OfAContainersInitFailsTheTestAndLeavesNothing) {
  send(SIGKILL, parts_.inits);
  ends_with(1);
  expect_machine(before_);
}

TEST_F(Kill, OfEveryoneIsSweptByTheNextStart) {
  send(SIGKILL, parts_.reapers);
  send(SIGKILL, parts_.holders);
  victim_.signal(SIGKILL);
  ends_with(128 + SIGKILL);
  expect_machine_after_next_start(before_);
}

// The machine was switched off: /run is empty afterwards, the store is not.
TEST_F(Kill, OfTheMachineIsSweptByTheNextStart) {
  send(SIGKILL, parts_.reapers);
  send(SIGKILL, parts_.holders);
  victim_.signal(SIGKILL);
  ends_with(128 + SIGKILL);
  std::filesystem::remove_all("/run/devenv");
  const HostState now = machine_state();
  for (const std::string& group : now.at("cgroup")) kernel::destroy_cgroup(group, soon());
  expect_machine_after_next_start(before_);
}

TEST_F(Kill, OfTheTestWhileItsHolderIsStopped) {
  send(SIGSTOP, parts_.holders);
  victim_.signal(SIGKILL);
  ends_with(128 + SIGKILL);
  expect_machine(before_);
}

TEST_F(Kill, OfTheHolderWhileTheReaperIsStopped) {
  send(SIGSTOP, parts_.reapers);
  send(SIGKILL, parts_.holders);
  ends_with(1);
  send(SIGCONT, parts_.reapers);
  expect_machine(before_);
}

TEST_F(Kill, StoppedReaperDoesNotHoldUpTheEnd) {
  send(SIGSTOP, parts_.reapers);
  ends_with(0);
  expect_machine(before_);
}

/// A directory with one ctest test.
std::string ctest_directory(const TempDir& dir, const std::string& filter, const std::string& timeout) {
  dir.write("CTestTestfile.cmake", "add_test(victim \"" DEVENV_STORM_VICTIM "\" \"--gtest_filter=" + filter +
                                       "\")\nset_tests_properties(victim PROPERTIES TIMEOUT " + timeout + ")\n");
  return dir.path();
}

// ctest kills every descendant of the test it finds, the holder and the reaper too.
TEST(Ctest, TimeoutIsSweptByTheNextStart) {
  const HostState before = machine_state();
  {
    const TempDir dir;
    VictimProcess ctest({DEVENV_CTEST, "--output-on-failure"}, ctest_directory(dir, "Victim.Hangs", usual_seconds(2)));
    EXPECT_NE(ctest.finish(), 0);
    EXPECT_NE(ctest.output().find("***Timeout"), std::string::npos) << ctest.output();
    EXPECT_NE(ctest.output().find("in use"), std::string::npos) << ctest.output();
  }
  expect_machine_after_next_start(before);
}

// The test goes on without it, to its own end.
TEST(Ctest, KillOfItLeavesNothing) {
  const HostState before = machine_state();
  {
    const TempDir dir;
    VictimProcess ctest({DEVENV_CTEST}, ctest_directory(dir, "Victim.Passes", "60"));
    const Deadline deadline = soon();
    while (supervisors_below(ctest.pid()).inits.empty() && !deadline.passed()) continue;
    ASSERT_FALSE(supervisors_below(ctest.pid()).inits.empty()) << "nothing was there yet: " << ctest.output();
    ctest.signal(SIGKILL);
    EXPECT_EQ(ctest.finish(), 128 + SIGKILL);
  }
  expect_machine(before);
}

}  // namespace
}  // namespace devenv::test
