// The real `devenv` program on a store of its own, with an image of busybox built by it. Needs root.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/base/files.h"
#include "runtime/base/process.h"
#include "runtime/base/random_id.h"

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
