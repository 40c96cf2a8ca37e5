#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "launch_fixture.h"
#include "runtime/launch/session.h"
#include "runtime/launch/sweep.h"
#include "runtime/launch/systemd_scope.h"

namespace devenv::test {
namespace {

using Session = LaunchTest;

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

bool gone(const UniqueFd& pidfd) {
  pollfd watched{pidfd.get(), POLLIN, 0};
  return poll(&watched, 1, 20000) == 1;
}

// The holder is the parent of a container's init.
pid_t parent_of(pid_t pid) {
  const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
  return std::stoi(stat.substr(stat.rfind(')') + 4));
}

TEST_F(Session, EndsWithItsObject) {
  const auto running = plan({"sleep", "1000"});
  const auto started = holder().start(running);
  const std::string session = holder().session_dir(), scratch = holder().scratch_dir();
  holder_.reset();
  EXPECT_TRUE(gone(started.pidfd));
  EXPECT_FALSE(std::filesystem::exists(session));
  EXPECT_FALSE(std::filesystem::exists(scratch));
}

TEST_F(Session, KilledHolderTakesContainersAlongAndReaperSweeps) {
  const auto running = plan({"sleep", "1000"});
  const auto started = holder().start(running);
  const std::string session = holder().session_dir(), scratch = holder().scratch_dir();
  const auto log = launch::open_log(running.log_path, holder().follow_log(running.id));
  kill(parent_of(started.pid), SIGKILL);
  EXPECT_TRUE(gone(started.pidfd));
  EXPECT_FALSE(log->next(soon()).has_value());
  EXPECT_TRUE(log->ended());
  try {
    holder().wait(running.id, soon());
    FAIL() << "the dead holder answered";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("the devenv holder process died"));
  }
  EXPECT_FALSE(holder().alive());
  holder_.reset();
  // The reaper holds the lock while it sweeps: taking it means that it has finished.
  if (const auto lock =
          launch::claim_dead_session(options_.runtime_dir, session.substr(session.rfind('/') + 1)))
    launch::sweep_session(session, lock->get());
  const Deadline deadline = soon();
  while (std::filesystem::exists(session) && !deadline.passed()) std::this_thread::yield();
  EXPECT_FALSE(std::filesystem::exists(session));
  EXPECT_FALSE(std::filesystem::exists(scratch));
}

TEST_F(Session, NextStartSweepsWhatAKillOfEveryoneLeft) {
  const auto running = plan({"sleep", "1000"});
  const auto started = holder().start(running);
  const std::string session = holder().session_dir();
  const pid_t holder_pid = parent_of(started.pid);
  std::string reaper;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string command = slurp(entry.path() / "cmdline");
    if (command.find(std::string("reap\0", 5)) != std::string::npos &&
        command.find(options_.runtime_dir) != std::string::npos)
      reaper = entry.path().filename();
  }
  ASSERT_FALSE(reaper.empty());
  kill(std::stoi(reaper), SIGKILL);
  kill(holder_pid, SIGKILL);
  EXPECT_TRUE(gone(started.pidfd));
  holder_.reset();
  EXPECT_TRUE(std::filesystem::exists(session));
  holder();
  EXPECT_FALSE(std::filesystem::exists(session));
}

TEST_F(Session, SeveralHoldersDoNotMind) {
  const auto other = launch::Holder::spawn_session(options_);
  auto theirs = plan(*other, {"echo", "theirs"});
  other->start(theirs);
  EXPECT_EQ(run(plan({"echo", "ours"})).out, "ours\n");
  EXPECT_EQ(output(*other, theirs), "theirs\n");
  EXPECT_EQ(launch::Holder::sessions(options_.runtime_dir).size(), 2u);
}

TEST_F(Session, AnotherClientSeesAndStopsAContainer) {
  const auto running = plan({"sleep", "1000"});
  holder().start(running);
  const auto visitor = launch::Holder::connect(holder().session_dir());
  ASSERT_TRUE(visitor);
  ASSERT_EQ(visitor->list().size(), 1u);
  EXPECT_EQ(visitor->list()[0].name, running.name);
  visitor->signal(running.id, SIGKILL);
  EXPECT_EQ(holder().wait(running.id, soon()).value_or(ExitStatus{}).signal, SIGKILL);
}

TEST_F(Session, ARecordHoldsAllOfItBeforeAndAfterTheEnd) {
  auto wanted = plan({"sleep", "1000"});
  wanted.metadata = "{}";
  wanted.network.mode = launch::ContainerNetwork::Mode::bridge;
  const auto started = holder().start(wanted);
  const auto expect_record = [&](bool running) {
    const auto record = holder().inspect(wanted.id).value();
    const auto& [id, name, metadata, log_path, network, ip, state, pid, exit, started_ns, finished_ns,
                 process] = record;  // one field more does not compile until it is looked at here
    EXPECT_EQ(id, wanted.id);
    EXPECT_EQ(name, wanted.name);
    EXPECT_EQ(metadata, "{}");
    EXPECT_EQ(log_path, wanted.log_path);
    EXPECT_EQ(network, "default");
    EXPECT_EQ(ip, running ? started.ip : "");
    EXPECT_EQ(state, running ? ContainerState::running : ContainerState::exited);
    EXPECT_EQ(pid, running ? started.pid : 0);
    EXPECT_EQ(exit.has_value(), !running);
    EXPECT_EQ(started_ns, started.started_unix_ns);
    EXPECT_EQ(finished_ns > started_ns, !running);
    EXPECT_EQ(process.argv, wanted.process.argv);
    EXPECT_EQ(process.env, wanted.process.env);
    if (!exit) return;
    EXPECT_EQ(exit->code, 128 + SIGKILL);
    EXPECT_EQ(exit->signal, SIGKILL);
  };
  EXPECT_NE(started.ip, "");
  expect_record(true);
  holder().signal(wanted.id, SIGKILL);
  ASSERT_TRUE(holder().wait(wanted.id, soon()));
  expect_record(false);
}

TEST_F(Session, DetachedHolderOutlivesItsClientAndEndsWhenIdle) {
  auto detached = launch::Holder::connect_or_spawn_detached(options_);
  auto running = plan(*detached, {"sleep", "1000"});
  const auto started = detached->start(running);
  const std::string session = detached->session_dir();
  detached.reset();
  detached = launch::Holder::connect_or_spawn_detached(options_);
  ASSERT_EQ(detached->list().size(), 1u);
  const int holder_pidfd = static_cast<int>(syscall(SYS_pidfd_open, parent_of(started.pid), 0));
  const UniqueFd holder_process(holder_pidfd);
  EXPECT_TRUE(detached->remove(running.id));
  detached.reset();
  EXPECT_TRUE(gone(holder_process));
  EXPECT_FALSE(std::filesystem::exists(session));
}

TEST_F(Session, DetachedHoldersOfTwoRuntimeDirectoriesDoNotMeet) {
  launch::HolderOptions elsewhere = options_;
  elsewhere.runtime_dir = dir_ / "run2";  // the same store and the same cgroup hierarchy
  auto other = launch::Holder::connect_or_spawn_detached(elsewhere);
  auto detached = launch::Holder::connect_or_spawn_detached(options_);
  ASSERT_NE(other->scratch_dir(), detached->scratch_dir());
  const auto lasting = plan(*other, {"sleep", "1000"});
  const auto brief = plan(*detached, {"sleep", "1000"});
  other->start(lasting);
  const auto started = detached->start(brief);
  const UniqueFd holder_process(static_cast<int>(syscall(SYS_pidfd_open, parent_of(started.pid), 0)));
  detached->remove(brief.id);
  detached.reset();
  EXPECT_TRUE(gone(holder_process));  // and what it swept was its own
  const auto record = other->inspect(lasting.id);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->state, ContainerState::running);
  EXPECT_TRUE(std::filesystem::exists(lasting.scratch_dir));
  EXPECT_TRUE(other->remove(lasting.id));
}

// A shutdown of the machine, or `systemctl stop` of its scope.
TEST_F(Session, ADetachedHolderThatIsToEndStopsItsContainersInOrder) {
  const std::string heard = dir_.make_dir("heard");
  auto detached = launch::Holder::connect_or_spawn_detached(options_);
  const auto listener = [&](int number, const std::string& script) {
    auto wanted = plan(*detached, {"sh", "-c", script});
    wanted.mounts = {{.source = heard, .target = "/heard"}};
    wanted.stop_signal = number;
    wanted.exit_path = heard + "/" + std::to_string(number) + ".exit";
    return wanted;
  };
  const std::string forever = "echo ready; while :; do sleep 0.05; done";
  const auto polite = listener(SIGTERM, "trap 'echo TERM > /heard/polite; exit 3' TERM; " + forever);
  const auto other = listener(SIGUSR1, "trap 'echo TERM > /heard/other' TERM; trap 'echo USR1 >> /heard/other; "
                                       "exit 4' USR1; " + forever);
  auto deaf = listener(SIGINT, "trap '' INT TERM; " + forever);
  deaf.stop_grace_ms = 300;
  UniqueFd holder_process;
  for (const launch::SandboxPlan* wanted : std::initializer_list<const launch::SandboxPlan*>{&polite, &other, &deaf}) {
    const auto started = detached->start(*wanted);
    holder_process = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, parent_of(started.pid), 0)));
    const auto log = launch::open_log(wanted->log_path, detached->follow_log(wanted->id));
    ASSERT_EQ(log->next(soon()).value_or(LogLine{}).text, "ready");
  }
  syscall(SYS_pidfd_send_signal, holder_process.get(), SIGTERM, nullptr, 0);
  EXPECT_TRUE(gone(holder_process));
  EXPECT_EQ(slurp(heard + "/polite"), "TERM\n");
  EXPECT_EQ(slurp(heard + "/other"), "USR1\n");
  EXPECT_THAT(slurp(polite.exit_path), ::testing::StartsWith("3 0 "));
  EXPECT_THAT(slurp(other.exit_path), ::testing::StartsWith("4 0 "));
  EXPECT_THAT(slurp(deaf.exit_path), ::testing::StartsWith("137 9 "));
}

// When all of a service gets SIGTERM, what is in the foreground is ended by who started it.
TEST_F(Session, ASessionsHolderLeavesSignalsToItsOwner) {
  const auto running = plan({"sleep", "1000"});
  const auto started = holder().start(running);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) kill(parent_of(started.pid), number);
  const auto record = holder().inspect(running.id);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->state, ContainerState::running);
}

TEST_F(Session, ASystemdThatCannotBeReachedDoesNotKeepItFromStarting) {
  options_.systemd_dir = dir_.path();  // as if it ran
  setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1);
  const auto detached = launch::Holder::connect_or_spawn_detached(options_);
  unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  EXPECT_EQ(detached->ends_with(), "");  // we are in no service
}

std::string scope_refusal(const std::string& bus, Deadline deadline) {
  setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.c_str(), 1);
  std::string refusal;
  try {
    launch::start_scope({.pid = getpid(), .name = "devenv-test.scope", .needed_dir = "/"}, deadline);
  } catch (const Error& error) {
    refusal = error.what();
  }
  unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  return refusal;
}

TEST_F(Session, AScopeIsRefusedInWordsAndInTime) {
  EXPECT_EQ(scope_refusal("unix:path=/nonexistent", soon()),
            "reach systemd's bus: no such file or directory");
  const UniqueFd silent(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = dir_ / "bus";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(silent.get(), 1), 0);
  EXPECT_EQ(scope_refusal("unix:path=" + path, Deadline::after(std::chrono::milliseconds(200))),
            "start devenv-test.scope: systemd did not answer in time");
}

TEST_F(Session, DieWithConnectionTakesOnlyItsOwn) {
  auto detached = launch::Holder::connect_or_spawn_detached(options_);
  auto foreground = launch::Holder::connect(detached->session_dir());
  ASSERT_TRUE(foreground);
  auto kept = plan(*detached, {"sleep", "1000"});
  auto dying = plan(*detached, {"sleep", "1000"});
  dying.die_with_connection = true;
  detached->start(kept);
  const auto started = foreground->start(dying);
  foreground.reset();
  EXPECT_TRUE(gone(started.pidfd));
  EXPECT_TRUE(detached->inspect(kept.id).has_value());
  EXPECT_TRUE(detached->remove(kept.id));
}

TEST_F(Session, DiesWithAProcessThatIsKilled) {
  int report[2];
  ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
  const UniqueFd read_end(report[0]);
  UniqueFd write_end(report[1]);
  const pid_t child = fork();
  if (child == 0) {
    const auto own = launch::Holder::spawn_session(options_);
    const auto started = own->start(plan(*own, {"sleep", "1000"}));
    (void)!write(report[1], &started.pid, sizeof started.pid);
    pause();
    _exit(0);
  }
  write_end.reset();
  pid_t init = -1;
  ASSERT_EQ(read(read_end.get(), &init, sizeof init), static_cast<ssize_t>(sizeof init));
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, init, 0)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(gone(pidfd));
}

}  // namespace
}  // namespace devenv::test
