// The same for the command: a container in the foreground dies with it; a detached one with its holder.
#include <gtest/gtest.h>

#include <csignal>

#include "runtime/base/random_id.h"
#include "tests/storm/machine.h"
#include "tests/storm/victim_process.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {
namespace {

constexpr const char* kImage = "debian:bookworm-slim";
constexpr const char* kScript = "echo up; exec sleep 1000";

VictimProcess command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), DEVENV_COMMAND);
  return VictimProcess(arguments);
}

std::string output_of(std::vector<std::string> arguments) {
  VictimProcess process = command(std::move(arguments));
  EXPECT_EQ(process.finish(), 0) << process.output();
  return process.output();
}

/// The 64 digits that name the anonymous volume of a running container.
std::string anonymous_volume_of(const std::string& container) {
  const std::string record = output_of({"inspect", container});
  const std::string before = "\"Name\": \"";
  const std::size_t at = record.find(before, record.find("\"Mounts\""));
  return at == std::string::npos ? "" : record.substr(at + before.size(), 64);
}

class Run : public testing::Test {
 protected:
  /// A container in the foreground that has said "up".
  VictimProcess foreground(std::vector<std::string> flags) {
    flags.insert(flags.begin(), "run");
    flags.insert(flags.end(), {"-p", "80", kImage, "sh", "-c", kScript});
    VictimProcess run = command(flags);
    EXPECT_TRUE(run.says("up", soon())) << run.output();
    return run;
  }
  /// A detached one; its name.
  std::string detached() {
    const std::string name = free_name();
    output_of({"run", "-d", "--name", name, "-p", "80", kImage, "sleep", "1000"});
    return name;
  }
  /// The store, and with it the names of kept containers, is not our own alone.
  static std::string free_name() { return "storm-" + random_id(12); }
  static void expect_killed_container(const std::string& name) {
    const std::string record = output_of({"inspect", name});
    EXPECT_NE(record.find("\"Status\": \"exited\""), std::string::npos) << record;
    EXPECT_NE(record.find("\"ExitCode\": 137"), std::string::npos) << record;
  }

  const HostState before_ = machine_state();
};

TEST_F(Run, KilledInTheForegroundLeavesNothing) {
  {
    VictimProcess run = foreground({"--rm"});
    run.signal(SIGKILL);
    EXPECT_EQ(run.finish(), 128 + SIGKILL);
  }
  expect_machine(before_);
}

TEST_F(Run, KilledInTheForegroundLeavesNoAnonymousVolume) {
  const std::string name = free_name();
  std::string volume;
  {
    VictimProcess run = foreground({"--rm", "--name", name, "-v", "/data"});
    volume = anonymous_volume_of(name);
    EXPECT_EQ(volume.find_first_not_of("0123456789abcdef"), std::string::npos) << volume;
    EXPECT_EQ(volume.size(), 64u);
    run.signal(SIGKILL);
    EXPECT_EQ(run.finish(), 128 + SIGKILL);
  }
  expect_machine(before_);
  EXPECT_EQ(output_of({"volume", "ls", "-q"}).find(volume), std::string::npos);
}

TEST_F(Run, KilledInTheForegroundKeepsTheContainerThatWasToBeKept) {
  const std::string name = free_name();
  {
    VictimProcess run = foreground({"--name", name});
    run.signal(SIGKILL);
    EXPECT_EQ(run.finish(), 128 + SIGKILL);
  }
  expect_machine(before_);
  expect_killed_container(name);
  output_of({"rm", name});
  expect_machine(before_);
}

TEST_F(Run, InterruptedInTheForegroundLeavesNothing) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    {
      VictimProcess run = foreground({"--rm"});
      run.signal(number);
      EXPECT_EQ(run.finish(), 128 + number) << run.output();
    }
    expect_machine(before_);
  }
}

TEST_F(Run, HolderKilledInTheForegroundEndsTheCommand) {
  {
    VictimProcess run = foreground({"--rm"});
    const Supervisors parts = supervisors_below(run.pid());
    ASSERT_EQ(parts.holders.size(), 1u);
    ASSERT_EQ(parts.inits.size(), 1u);
    kill(parts.holders[0], SIGKILL);
    const int code = run.finish();
    EXPECT_TRUE(code != 0 && code != 255) << code << run.output();
  }
  expect_machine(before_);
}

TEST_F(Run, DetachedOneGoesWithItsHolder) {
  const std::string name = detached();
  const Supervisors parts = supervisors_below(getpid());
  ASSERT_EQ(parts.holders.size(), 1u);
  EXPECT_NE(difference(before_, machine_state()).find("+ listening port"), std::string::npos);
  kill(parts.holders[0], SIGKILL);
  expect_machine(before_);
  expect_killed_container(name);
  output_of({"rm", name});
  expect_machine(before_);
}

TEST_F(Run, DetachedOneWhoseSupervisorsWereKilledIsSweptByTheNextStart) {
  const std::string name = detached();
  const Supervisors parts = supervisors_below(getpid());
  ASSERT_EQ(parts.reapers.size(), 1u);
  ASSERT_EQ(parts.holders.size(), 1u);
  ASSERT_EQ(parts.inits.size(), 1u);
  kill(parts.reapers[0], SIGKILL);
  kill(parts.holders[0], SIGKILL);
  expect_machine_after_next_start(before_);
  output_of({"rm", name});
}

TEST_F(Run, DetachedOneEndsWithItsLastContainer) {
  const std::string name = detached();
  output_of({"rm", "-f", name});
  // The holder waits a second for the next command.
  const Deadline deadline = soon();
  while (!supervisors_below(getpid()).holders.empty() && !deadline.passed()) machine_state();
  expect_machine(before_);
}

// In the middle of a RUN, with a layer half made.
TEST_F(Run, KilledBuildIsSweptByTheNextStart) {
  {
    const TempDir context;
    context.write("Dockerfile", std::string("FROM ") + kImage +
                                    "\nRUN echo half > /half; echo building; exec sleep 1000\n");
    VictimProcess build = command({"build", "--progress", "plain", context.path()});
    EXPECT_TRUE(build.says("building", soon())) << build.output();
    build.signal(SIGKILL);
    EXPECT_EQ(build.finish(), 128 + SIGKILL);
  }
  expect_machine_after_next_start(before_);
}

}  // namespace
}  // namespace devenv::test
