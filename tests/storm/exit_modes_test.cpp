// However a test program ends, nothing of its services is left.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/storm/machine.h"
#include "tests/storm/victim_process.h"

namespace devenv::test {
namespace {

struct Ending {
  const char* filter;
  int code;
};
void PrintTo(const Ending& ending, std::ostream* out) { *out << ending.filter; }

class ExitMode : public testing::TestWithParam<Ending> {};

TEST_P(ExitMode, LeavesNothing) {
  const HostState before = machine_state();
  {
    VictimProcess victim = VictimProcess::running(GetParam().filter);
    EXPECT_EQ(victim.finish(), GetParam().code) << victim.output();
  }
  expect_machine(before);
}

INSTANTIATE_TEST_SUITE_P(OfATest, ExitMode,
                         testing::Values(Ending{"Victim.Passes", 0}, Ending{"Victim.Fails", 1},
                                         Ending{"ThrowsInSetUp.*", 1}, Ending{"ThrowsInConstructor.*", 1},
                                         Ending{"Victim.Exits", 7}, Ending{"Victim.ExitsAtOnce", 7},
                                         Ending{"ExitsWhileStarting.*", 9}, Ending{"Victim.Aborts", 128 + SIGABRT},
                                         Ending{"Victim.Crashes", 128 + SIGSEGV},
                                         Ending{"VictimDeathTest.Fast", 0}, Ending{"VictimDeathTest.Threadsafe", 0},
                                         Ending{"VictimDeathTest.UsesTheServiceInTheChild", 0},
                                         Ending{"SuiteDeathTest.*", 0}, Ending{"ProcessDeathTest.*", 0}),
                         [](const auto& each) {
                           std::string name;
                           for (const char c : std::string(each.param.filter))
                             if (std::isalnum(static_cast<unsigned char>(c))) name += c;
                           return name;
                         });

class Signal : public testing::TestWithParam<int> {};

TEST_P(Signal, LeavesNothing) {
  const HostState before = machine_state();
  {
    VictimProcess victim = VictimProcess::running("Victim.LivesUntilItsInputEnds");
    ASSERT_TRUE(victim.says("in use", soon())) << victim.output();
    victim.signal(GetParam());
    EXPECT_EQ(victim.finish(), 128 + GetParam());
  }
  expect_machine(before);
}

// As Ctrl-C at a terminal does.
TEST_P(Signal, ToTheProcessGroupLeavesNothing) {
  const HostState before = machine_state();
  {
    VictimProcess victim = VictimProcess::running("Victim.LivesUntilItsInputEnds");
    ASSERT_TRUE(victim.says("in use", soon())) << victim.output();
    kill(-victim.pid(), GetParam());
    EXPECT_EQ(victim.finish(), 128 + GetParam());
  }
  expect_machine(before);
}

INSTANTIATE_TEST_SUITE_P(OfATest, Signal, testing::Values(SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGKILL),
                         [](const auto& each) { return std::string("SIG") + sigabbrev_np(each.param); });

// The child holds copies of the test's descriptors, the holder's socket among them.
TEST(ExitModes, AForkedChildThatLivesOnKeepsNothing) {
  const HostState before = machine_state();
  pid_t child = 0;
  {
    VictimProcess victim = VictimProcess::running("Victim.AbortsWithAForkedChild");
    EXPECT_EQ(victim.finish(), 128 + SIGABRT) << victim.output();
    const std::string output = victim.output();
    const std::size_t at = output.find("child ");
    ASSERT_NE(at, std::string::npos) << output;
    child = std::stoi(output.substr(at + 6));
  }
  HostState with_child = before;
  const HostState now = machine_state();
  for (const std::string& process : now.at("process"))
    if (std::stoi(process) == child) with_child["process"].insert(process);
  EXPECT_EQ(with_child["process"].size(), before.at("process").size() + 1);
  expect_machine(with_child);
  kill(child, SIGKILL);
  expect_machine(before);
}

}  // namespace
}  // namespace devenv::test
