#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "launch_fixture.h"
#include "runtime/base/files.h"

namespace devenv::test {
namespace {

class Exec : public LaunchTest {
 protected:
  Exec() : main_(plan({"sleep", "1000"})) { holder().start(main_); }

  launch::ProcessPlan process(const std::string& script) {
    launch::ProcessPlan process;
    process.argv = {"sh", "-c", script};
    process.env = {"PATH=/bin"};
    return process;
  }

  struct Result {
    ExitStatus exit;
    std::string out;
  };
  Result exec(const launch::ProcessPlan& process) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    const auto started = holder().exec(main_.id, process, -1, write_end.get(), write_end.get());
    write_end.reset();
    std::string out = read_all(read_end.get(), "exec output");
    const auto exit =
        holder().wait_exec(main_.id, started.exec_id, Deadline::after(std::chrono::seconds(20)));
    EXPECT_TRUE(exit.has_value());
    return {exit.value_or(ExitStatus{}), out};
  }

  launch::SandboxPlan main_;
};

TEST_F(Exec, RunsInTheContainer) {
  const Result result = exec(process("echo out; ls / -d; hostname; exit 3"));
  EXPECT_EQ(result.out, "out\n/\n" + main_.id.substr(0, 12) + "\n");
  EXPECT_EQ(result.exit.code, 3);
}

TEST_F(Exec, IsAChildOfInitUnderTheSameFilter) {
  const Result result =
      exec(process("while read k v; do case $k in PPid:|Seccomp:|CapBnd:|CapInh:) echo $k $v;; esac; done < "
                   "/proc/self/status"));
  EXPECT_EQ(result.out, "PPid: 1\nCapInh: 0000000000000000\nCapBnd: 00000000a80425fb\nSeccomp: 2\n");
}

TEST_F(Exec, MissingCommandIs127) {
  auto missing = process("");
  missing.argv = {"nope"};
  EXPECT_THROW(
      {
        try {
          holder().exec(main_.id, missing, -1, -1, -1);
        } catch (const CommandError& error) {
          EXPECT_EQ(error.exit_code(), 127);
          throw;
        }
      },
      CommandError);
}

TEST_F(Exec, UserWorkdirAndInput) {
  auto wanted = process("id -u; pwd; cat");
  wanted.user = "1000:10";
  wanted.cwd = "/tmp";
  int in[2], out[2];
  ASSERT_EQ(pipe2(in, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  UniqueFd in_read(in[0]), in_write(in[1]), out_read(out[0]), out_write(out[1]);
  const auto started = holder().exec(main_.id, wanted, in_read.get(), out_write.get(), -1);
  in_read.reset();
  out_write.reset();
  write_all(in_write.get(), "typed", "input");
  in_write.reset();
  EXPECT_EQ(read_all(out_read.get(), "output"), "1000\n/tmp\ntyped");
  EXPECT_EQ(
      holder().wait_exec(main_.id, started.exec_id, Deadline::never()).value_or(ExitStatus{9, 0, false}).code,
      0);
}

TEST_F(Exec, TerminalOfItsOwn) {
  auto wanted = process("tty; stty size; sleep 1000");
  wanted.tty = true;
  wanted.rows = 10;
  wanted.columns = 20;
  const auto started = holder().exec(main_.id, wanted, -1, -1, -1);
  ASSERT_TRUE(started.terminal);
  std::string seen;
  while (seen.find("10 20\r\n") == std::string::npos) {
    pollfd ready{started.terminal.get(), POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, 20000), 1);
    char buffer[256];
    const ssize_t got = read(started.terminal.get(), buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    seen.append(buffer, static_cast<std::size_t>(got));
  }
  EXPECT_EQ(seen, "/dev/pts/0\r\n10 20\r\n");
  holder().signal_exec(main_.id, started.exec_id, SIGKILL);
  EXPECT_EQ(holder().wait_exec(main_.id, started.exec_id, Deadline::never()).value_or(ExitStatus{}).signal,
            SIGKILL);
}

TEST_F(Exec, InheritsNoDescriptorOfOurs) {
  EXPECT_EQ(exec(process("ls /proc/self/fd | wc -l")).out, "4\n");  // 0, 1, 2 and ls's own
}

TEST_F(Exec, EndsWithTheContainer) {
  const auto started = holder().exec(main_.id, process("sleep 1000"), -1, -1, -1);
  holder().signal(main_.id, SIGKILL);
  EXPECT_EQ(holder().wait_exec(main_.id, started.exec_id, Deadline::never()).value_or(ExitStatus{}).signal,
            SIGKILL);
  EXPECT_THROW(holder().exec(main_.id, process("true"), -1, -1, -1), Conflict);
}

TEST_F(Exec, AHundredInARow) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(exec(process("exit 0")).exit.code, 0);
}

TEST_F(Exec, ManyAtOnceAllRun) {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n)
        if (exec(process("exit 4")).exit.code == 4) ++good;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace devenv::test
