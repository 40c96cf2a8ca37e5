#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#include "command_fixture.h"
#include "runtime/base/unique_fd.h"

namespace devenv::cli {
namespace {

using testing::HasSubstr;

/// The program on a terminal of its own, as in a shell's foreground.
class OnTerminal {
 public:
  explicit OnTerminal(std::vector<std::string> args) {
    args.insert(args.begin(), DEVENV_COMMAND);
    auto env = CommandTest::environment();
    std::vector<char*> argv, envp;
    for (auto& word : args) argv.push_back(word.data());
    for (auto& entry : env) envp.push_back(entry.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    winsize size{.ws_row = 30, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    int master = -1, slave = -1;
    openpty(&master, &slave, nullptr, nullptr, &size);
    master_ = UniqueFd(master);
    slave_ = UniqueFd(slave);
    pid_ = fork();
    if (pid_ == 0) {
      login_tty(slave);
      close(master);
      execve(argv[0], argv.data(), envp.data());
      _exit(125);
    }
  }
  ~OnTerminal() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  void type(const std::string& text) { write_all(master_.get(), text, "the terminal"); }

  void resize(unsigned short rows, unsigned short columns) {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(master_.get(), TIOCSWINSZ, &size);
    kill(pid_, SIGWINCH);
  }

  /// Reads until `text` has been shown; what was shown so far, whether or not it came within 20 s.
  std::string until(const std::string& text) {
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    while (shown_.find(text, searched_) == std::string::npos) {
      pollfd fd{master_.get(), POLLIN, 0};
      if (poll(&fd, 1, deadline.poll_timeout_ms()) <= 0) return shown_ + "\n[nothing more came]";
      char bytes[4096];
      const auto n = read(master_.get(), bytes, sizeof bytes);
      if (n <= 0) return shown_ + "\n[the terminal ended]";
      shown_.append(bytes, static_cast<std::size_t>(n));
    }
    searched_ = shown_.find(text, searched_) + text.size();
    return shown_;
  }

  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  /// Whether the terminal is as a shell expects it.
  bool cooked() const {
    termios mode{};
    tcgetattr(slave_.get(), &mode);
    return (mode.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG) && (mode.c_oflag & OPOST) != 0;
  }

 private:
  UniqueFd master_, slave_;
  pid_t pid_ = -1;
  std::string shown_;
  std::size_t searched_ = 0;
};

using Terminal = CommandTest;

TEST_F(Terminal, AShellHasARealTerminal) {
  OnTerminal shell({"run", "--rm", "-it", "small", "sh"});
  EXPECT_THAT(shell.until("# "), HasSubstr("# "));
  shell.type("tty; stty size; echo d''one\n");
  EXPECT_THAT(shell.until("done"), HasSubstr("/dev/pts/0\r\n30 100\r\n"));
  EXPECT_FALSE(shell.cooked());
  shell.type("exit 5\n");
  EXPECT_EQ(shell.wait(), 5);
  EXPECT_TRUE(shell.cooked());
}

TEST_F(Terminal, ResizesFollow) {
  OnTerminal shell({"run", "--rm", "-it", "small", "sh"});
  shell.until("# ");
  shell.resize(41, 123);
  // The size arrives before what is typed after it, or not at all.
  for (int i = 0; i < 50; ++i) {
    shell.type("stty size; echo r''ound\n");
    if (shell.until("round").find("41 123") != std::string::npos) break;
  }
  shell.type("stty size; echo l''ast\n");
  EXPECT_THAT(shell.until("last"), HasSubstr("41 123\r\n"));
  shell.type("exit\n");
  EXPECT_EQ(shell.wait(), 0);
}

TEST_F(Terminal, ControlCReachesTheProgramInside) {
  OnTerminal shell({"run", "--rm", "-it", "small", "sh", "-c",
                    "trap 'echo caught; exit 8' INT; echo ready; while :; do sleep 1; done"});
  shell.until("ready");
  shell.type("\x03");
  EXPECT_THAT(shell.until("caught"), HasSubstr("caught"));
  EXPECT_EQ(shell.wait(), 8);
  EXPECT_TRUE(shell.cooked());
}

TEST_F(Terminal, DetachKeysLeaveItRunning) {
  OnTerminal shell({"run", "-it", "--name", "left", "small", "sh"});
  shell.until("# ");
  shell.type("\x10\x11");
  EXPECT_EQ(shell.wait(), 0);
  EXPECT_TRUE(shell.cooked());
  EXPECT_EQ(devenv({"ps", "--format", "{{.Names}}"}).output, "left\n");
  {
    OnTerminal again({"attach", "left"});
    again.type("echo a''gain\n");
    EXPECT_THAT(again.until("again"), HasSubstr("again"));
    again.type("exit 2\n");
    EXPECT_EQ(again.wait(), 2);
  }
  EXPECT_EQ(devenv({"rm", "-f", "left"}).exit_code, 0);
}

TEST_F(Terminal, ExecHasOneToo) {
  const Detached container({"small", "sleep", "1000"});
  OnTerminal shell({"exec", "-it", container.id, "sh"});
  shell.until("# ");
  shell.type("tty; stty size; exit 4\n");
  EXPECT_THAT(shell.until("30 100"), HasSubstr("/dev/pts/"));
  EXPECT_EQ(shell.wait(), 4);
  EXPECT_TRUE(shell.cooked());
}

}  // namespace
}  // namespace devenv::cli
