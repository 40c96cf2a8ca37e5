// The real `devenv` program on a store of its own, with an image of busybox built by it. Needs root.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/base/files.h"
#include "runtime/base/process.h"
#include "runtime/base/random_id.h"
#include "runtime/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace devenv::cli {

class CommandTest : public testing::Test {
 public:
  static void SetUpTestSuite() {
    dir() = "/var/tmp/devenv-cli-test-" + random_id(12);
    make_directories(dir() + "/context");
    replace_file(dir() + "/context/busybox", read_file("/bin/busybox"), 0755);
    replace_file(dir() + "/context/Dockerfile",
                 "FROM scratch\n"
                 "COPY busybox /bin/busybox\n"
                 "RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
                 "RUN mkdir -p /etc /tmp /www && echo 'root:x:0:0::/root:/bin/sh' > /etc/passwd && echo "
                 "served > /www/a\n"
                 "CMD [\"/bin/sh\"]\n");
    const auto built = devenv({"build", "-t", "small", dir() + "/context"});
    ASSERT_EQ(built.exit_code, 0) << built.errors;
  }
  static void TearDownTestSuite() {
    const auto left = devenv({"ps", "-aq"}).output;
    EXPECT_EQ(left, "") << "every test removes its containers";
    expect_no_helpers();
    remove_tree(dir());
  }

  /// Runs the program to its end.
  static ProcessResult devenv(std::vector<std::string> args, const std::string& input = "") {
    args.insert(args.begin(), DEVENV_COMMAND);
    return run_process({.argv = std::move(args),
                        .input = input,
                        .env = environment(),
                        .deadline = Deadline::after(std::chrono::seconds(60))});
  }

  static std::vector<std::string> environment() {
    return {"DEVENV_STORE=" + dir() + "/store", "DEVENV_RUNTIME_DIR=" + dir() + "/run", "PATH=/usr/bin:/bin",
            "HOME=/root", "TERM=xterm"};
  }

  static std::string& dir() {
    static std::string path;
    return path;
  }

 private:
  /// Holders and reapers name the store they work on; with nothing left to hold they end.
  static void expect_no_helpers() {
    const Deadline deadline = Deadline::after(std::chrono::seconds(10));
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos || std::stoi(name) == getpid()) continue;
      const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, std::stoi(name), 0)));
      const std::string command = test::slurp(entry.path() / "cmdline");
      if (!process || command.find(dir()) == std::string::npos) continue;
      pollfd gone{process.get(), POLLIN, 0};
      EXPECT_EQ(poll(&gone, 1, deadline.poll_timeout_ms()), 1) << "still there: " << command.c_str();
    }
  }
};

/// A started container that is removed with its scope.
class Detached {
 public:
  explicit Detached(std::vector<std::string> args) {
    args.insert(args.begin(), {"run", "-d"});
    const auto result = CommandTest::devenv(args);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    id = result.output.substr(0, result.output.find('\n'));
  }
  ~Detached() { CommandTest::devenv({"rm", "-f", "-v", id}); }

  std::string id;
};

}  // namespace devenv::cli
