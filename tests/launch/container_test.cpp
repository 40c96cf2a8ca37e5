#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "launch_fixture.h"
#include "runtime/base/files.h"

namespace devenv::test {
namespace {

using Container = LaunchTest;

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

TEST_F(Container, PrintsAndExits) {
  const Ran ran = run(plan({"echo", "hello"}));
  EXPECT_EQ(ran.exit.code, 0);
  EXPECT_EQ(ran.out, "hello\n");
}

TEST_F(Container, ReportsExitCodesAndSignals) {
  EXPECT_EQ(run_shell("exit 42").exit.code, 42);
  const Ran killed = run_shell("kill -TERM $$");
  EXPECT_EQ(killed.exit.code, 128 + SIGTERM);
  EXPECT_EQ(killed.exit.signal, SIGTERM);
}

TEST_F(Container, CommandThatDoesNotExistIs127) {
  try {
    holder().start(plan({"no-such-command"}));
    FAIL() << "it started";
  } catch (const CommandError& error) {
    EXPECT_EQ(error.exit_code(), 127);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("no-such-command"));
  }
  EXPECT_TRUE(holder().list().empty());
}

TEST_F(Container, FileThatIsNotExecutableIs126) {
  try {
    holder().start(plan({"/etc/passwd"}));
    FAIL() << "it started";
  } catch (const CommandError& error) {
    EXPECT_EQ(error.exit_code(), 126);
  }
}

TEST_F(Container, KeepsStreamsApartAndBytesExact) {
  const Ran ran = run_shell("printf 'a\\nb'; printf 'no newline' >&2; printf 'c\\n\\n'");
  EXPECT_EQ(ran.out, "a\nbc\n\n");
  EXPECT_EQ(ran.err, "no newline");
}

TEST_F(Container, LogOfMegabytesIsComplete) {
  const Ran ran = run_shell("dd if=/dev/zero bs=1000 count=3000 2>/dev/null");
  EXPECT_EQ(ran.out, std::string(3000000, '\0'));
}

TEST_F(Container, EnvironmentIsWhatThePlanSaysAndHome) {
  auto wanted = plan({"env"});
  wanted.process.env = {"PATH=/bin", "A=b c"};
  EXPECT_EQ(run(wanted).out, "PATH=/bin\nA=b c\nHOME=/root\n");
}

TEST_F(Container, RunsAsUserFromItsOwnPasswd) {
  auto wanted = shell("id -u; id -g; id -G; echo $HOME; pwd");
  wanted.process.user = "alice";
  wanted.process.cwd = "/made/here";
  wanted.process.create_cwd = true;
  EXPECT_EQ(run(wanted).out, "1000\n1000\n1000 10\n/home/alice\n/made/here\n");
}

TEST_F(Container, UnknownUserIsAnErrorThatNamesIt) {
  auto wanted = plan({"true"});
  wanted.process.user = "bob";
  try {
    holder().start(wanted);
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("\"bob\""));
  }
}

TEST_F(Container, InitIsPidOneAndPayloadSeesNoOthers) {
  EXPECT_EQ(run_shell("echo $$; set -- /proc/[0-9]*; echo $#").out, "2\n2\n");
}

TEST_F(Container, OrphansAreReaped) {
  EXPECT_EQ(run_shell("(sleep 0.01 &) ; (sleep 0.01 &) ; sleep 0.1; set -- /proc/[0-9]*; echo $#").out,
            "2\n");
}

TEST_F(Container, BackgroundProcessesEndWithTheMainOne) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(run_shell("sleep 1000 & sleep 1000 & exit 3").exit.code, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

TEST_F(Container, HasHostnameHostsAndOwnDevices) {
  auto wanted = shell(
      "hostname; cat /etc/hostname; grep -c localhost /etc/hosts; cat /dev/null; ls /dev/pts/ptmx /dev/shm "
      "-d");
  wanted.hostname = "db.test";
  EXPECT_EQ(run(wanted).out, "db.test\ndb.test\n2\n/dev/pts/ptmx\n/dev/shm\n");
}

TEST_F(Container, WritesGoToItsOwnLayer) {
  EXPECT_EQ(run_shell("echo changed > /etc/passwd; touch /new; cat /etc/passwd").out, "changed\n");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/new"));
  EXPECT_THAT(slurp(root_ + "/etc/passwd"), ::testing::HasSubstr("alice"));
}

TEST_F(Container, LayerInMemoryLeavesTheDiskAlone) {
  auto wanted = shell(
      "echo changed > /etc/passwd && rm /etc/group && mkdir /etc/new && cat /etc/passwd && ls /etc; "
      "grep -c ' / overlay ' /proc/mounts; grep -c upper /proc/mounts");
  wanted.rootfs.in_memory = true;
  wanted.rootfs.upper = wanted.rootfs.work = "";
  holder().start(wanted);
  EXPECT_EQ(holder().wait(wanted.id, Deadline::after(std::chrono::seconds(20))).value().code, 0);
  EXPECT_THAT(output(holder(), wanted),
              ::testing::MatchesRegex("changed\nhostname\nhosts\n.*new\npasswd\n.*1\n1\n"));
  std::vector<std::string> kept;
  for (const auto& entry : std::filesystem::directory_iterator(wanted.scratch_dir))
    kept.push_back(entry.path().filename());
  EXPECT_THAT(kept, ::testing::ElementsAre("log"));
  holder().remove(wanted.id);
  EXPECT_TRUE(std::filesystem::exists(root_ + "/etc/group"));
}

TEST_F(Container, BindMountsAndTmpfs) {
  dir_.write("shared/in", "from the host");
  auto wanted = shell(
      "cat /data/in; echo out > /data/out; echo x > /ro/y || echo refused; echo t > /t/f && cat /t/f; cat "
      "/one");
  const std::string shared = dir_ / "shared";
  using Kind = launch::MountPlan::Kind;
  wanted.mounts = {{Kind::bind, shared, "/data", false, 0, 0},
                   {Kind::bind, shared, "/ro", true, 0, 0},
                   {Kind::bind, shared + "/in", "/one", true, 0, 0},
                   {Kind::tmpfs, "", "/t", false, 1 << 20, 01777}};
  const Ran ran = run(wanted);
  EXPECT_EQ(ran.out, "from the hostrefused\nt\nfrom the host");
  EXPECT_EQ(slurp(dir_ / "shared/out"), "out\n");
}

TEST_F(Container, MissingMountSourceIsNamed) {
  auto wanted = plan({"true"});
  wanted.mounts = {{launch::MountPlan::Kind::bind, "/no/such/source", "/data", false, 0, 0}};
  try {
    holder().start(wanted);
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/no/such/source"));
  }
}

TEST_F(Container, ReadOnlyRoot) {
  auto wanted = shell("echo x > /file || echo refused; echo y > /dev/shm/file && echo shm");
  wanted.rootfs.read_only = true;
  EXPECT_EQ(run(wanted).out, "refused\nshm\n");
}

TEST_F(Container, StdinReachesItAndEnds) {
  auto wanted = plan({"cat"});
  wanted.stdin_mode = launch::StdinMode::once;
  auto started = holder().start(wanted);
  ASSERT_TRUE(started.input);
  write_all(started.input.get(), "one\ntwo", "stdin");
  started.input.reset();
  EXPECT_TRUE(holder().wait(wanted.id, soon()).has_value());
  EXPECT_EQ(output(holder(), wanted), "one\ntwo");
}

TEST_F(Container, KeptStdinCanBeAttachedLater) {
  auto wanted = shell("read line; echo got $line");
  wanted.stdin_mode = launch::StdinMode::keep;
  holder().start(wanted).input.reset();
  const UniqueFd input = holder().attach_input(wanted.id);
  write_all(input.get(), "late\n", "stdin");
  EXPECT_TRUE(holder().wait(wanted.id, soon()).has_value());
  EXPECT_EQ(output(holder(), wanted), "got late\n");
}

TEST_F(Container, TerminalIsControllingAndSized) {
  auto wanted =
      shell("tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo terminal; ls /dev/console");
  wanted.process.tty = true;
  wanted.process.rows = 33;
  wanted.process.columns = 101;
  const auto started = holder().start(wanted);
  EXPECT_TRUE(started.input);
  EXPECT_EQ(holder().wait(wanted.id, soon()).value_or(ExitStatus{}).code, 0);
  EXPECT_EQ(output(holder(), wanted), "/dev/pts/0\r\n33 101\r\nterminal\r\n/dev/console\r\n");
}

TEST_F(Container, SignalsReachTheMainProcess) {
  const auto wanted = shell("trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
  holder().start(wanted);
  const auto log = launch::open_log(wanted.log_path, holder().follow_log(wanted.id));
  EXPECT_EQ(log->next(soon()).value_or(LogLine{}).text, "ready");
  holder().signal(wanted.id, SIGTERM);
  EXPECT_EQ(log->next(soon()).value_or(LogLine{}).text, "caught");
  EXPECT_EQ(holder().wait(wanted.id, soon()).value_or(ExitStatus{}).code, 7);
  holder().signal(wanted.id, SIGTERM);  // no effect any more
}

TEST_F(Container, WaitGivesUpAtItsDeadline) {
  const auto wanted = plan({"sleep", "1000"});
  holder().start(wanted);
  EXPECT_FALSE(holder().wait(wanted.id, Deadline::after(std::chrono::milliseconds(20))).has_value());
  EXPECT_TRUE(holder().remove(wanted.id));
  EXPECT_FALSE(holder().remove(wanted.id));
  EXPECT_TRUE(holder().wait(wanted.id, soon()).has_value());  // asked before it was removed
  EXPECT_THROW(holder().wait(wanted.id, soon()), NotFound);
}

TEST_F(Container, RemoveKillsARunningOneAndItsFiles) {
  const auto wanted = shell("trap '' TERM INT HUP; sleep 1000");
  const auto started = holder().start(wanted);
  EXPECT_TRUE(holder().remove(wanted.id));
  pollfd gone{started.pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&gone, 1, 0), 1);
  EXPECT_TRUE(holder().list().empty());
}

TEST_F(Container, AutoRemoveForgetsItAfterItsEnd) {
  auto wanted = plan({"sleep", "0.2"});
  wanted.auto_remove = true;
  holder().start(wanted);
  EXPECT_EQ(holder().wait(wanted.id, soon()).value_or(ExitStatus{9, 0, false}).code, 0);
  EXPECT_FALSE(holder().inspect(wanted.id).has_value());
}

TEST_F(Container, NameIsTakenOnce) {
  auto first = plan({"sleep", "1000"}), second = plan({"true"});
  second.name = first.name;
  holder().start(first);
  EXPECT_THROW(holder().start(second), Conflict);
  holder().remove(first.id);
  holder().start(second);
}

TEST_F(Container, IsListedWithItsMetadataAndEnd) {
  auto wanted = shell("exit 5");
  wanted.metadata = "{\"any\": \"thing\"}";
  wanted.exit_path = dir_ / "exit";
  holder().start(wanted);
  holder().wait(wanted.id, soon());
  const auto record = holder().inspect(wanted.id);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->metadata, wanted.metadata);
  EXPECT_EQ(record->state, ContainerState::exited);
  EXPECT_EQ(record->exit.value_or(ExitStatus{}).code, 5);
  EXPECT_EQ(record->process.argv, wanted.process.argv);
  EXPECT_EQ(slurp(wanted.exit_path).substr(0, 6), "5 0 0 ");
}

TEST_F(Container, ManyStartSideBySide) {
  holder();
  std::vector<launch::SandboxPlan> plans;
  for (int i = 0; i < 8; ++i) plans.push_back(shell("echo " + std::to_string(i)));
  std::vector<std::thread> threads;
  for (const auto& one : plans) threads.emplace_back([&] { holder_->start(one); });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    EXPECT_TRUE(holder().wait(plans[i].id, soon()).has_value());
    EXPECT_EQ(output(holder(), plans[i]), std::to_string(i) + "\n");
  }
}

TEST_F(Container, MemoryLimitKillsAndSaysSo) {
  auto wanted = shell("x=a; while :; do x=$x$x; done");
  wanted.limits.memory_bytes = 16u << 20;
  const Ran ran = run(wanted);
  EXPECT_NE(ran.exit.code, 0);
  EXPECT_TRUE(ran.exit.out_of_memory);
}

}  // namespace
}  // namespace devenv::test
