// Builds of the same Dockerfile in several processes: the work is done once, and taken over from whoever dies
// over it.
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "command_fixture.h"
#include "runtime/base/json.h"
#include "tests/support/temp_dir.h"

namespace devenv::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// `devenv …` beside the test, its progress in a file.
class Started {
 public:
  Started(const std::vector<std::string>& args, std::string log) : log_(std::move(log)) {
    std::vector<std::string> words = args, environment = CommandTest::environment();
    words.insert(words.begin(), DEVENV_COMMAND);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    EXPECT_EQ(posix_spawn(&pid_, DEVENV_COMMAND, &actions, nullptr, pointers(words).data(),
                          pointers(environment).data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Started() {
    if (pid_ > 0) kill();
  }

  std::string log() const { return test::slurp(log_); }
  /// Until its progress contains `text`.
  bool said(const std::string& text) const {
    const Deadline deadline = Deadline::after(std::chrono::seconds(60));
    while (log().find(text) == std::string::npos) {
      if (deadline.passed()) return false;
      poll(nullptr, 0, 1);
    }
    return true;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    exit_code();
  }
  int exit_code() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (std::string& string : strings) result.push_back(string.data());
    result.push_back(nullptr);
    return result;
  }
  std::string log_;
  pid_t pid_ = -1;
};

/// A step that counts its executions where the host sees them, and goes on when the gate is opened.
class ConcurrentBuild : public CommandTest {
 protected:
  ConcurrentBuild() {
    make_directories(context_);
    // A key of this test's own, so that no other test's result is found.
    replace_file(
        context_ + "/Dockerfile",
        "FROM small\n"
        "RUN --mount=type=cache,id=" +
            name_ +
            ",target=/gate echo run >> /gate/runs; "
            "until [ -e /gate/open ]; do sleep 0.01; done; head -c 16 /dev/urandom | od -x > /unique\n"
            "RUN wc -c /unique\n");
  }

  Started build(const std::string& tag) {
    return Started({"build", "--progress", "plain", "-t", tag, context_}, dir() + "/" + name_ + tag + ".log");
  }
  /// The directory of the cache mount, once a step has it.
  std::string gate() const {
    const Deadline deadline = Deadline::after(std::chrono::seconds(60));
    while (!deadline.passed()) {
      std::error_code none;
      for (const auto& mount : std::filesystem::directory_iterator(dir() + "/store/cache/mounts", none))
        if (std::filesystem::exists(mount.path() / "runs") && !std::filesystem::exists(mount.path() / "open"))
          return mount.path();
      poll(nullptr, 0, 1);
    }
    return "/nowhere";
  }
  static std::string unique_of(const std::string& tag) {
    return devenv({"run", "--rm", tag, "cat", "/unique"}).output;
  }

  const std::string name_ = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string context_ = dir() + "/" + name_;
};

TEST_F(ConcurrentBuild, DoesTheWorkOnce) {
  Started first = build("one");
  const std::string gate = this->gate();
  Started second = build("two"), third = build("three");
  EXPECT_TRUE(second.said("waiting for another build of the same step: RUN")) << second.log();
  EXPECT_TRUE(third.said("waiting for another build of the same step: RUN")) << third.log();
  replace_file(gate + "/open", "");
  EXPECT_EQ(first.exit_code(), 0) << first.log();
  EXPECT_EQ(second.exit_code(), 0) << second.log();
  EXPECT_EQ(third.exit_code(), 0) << third.log();
  EXPECT_EQ(test::slurp(gate + "/runs"), "run\n");
  EXPECT_THAT(first.log(), Not(HasSubstr("[stage-0 2/3] CACHED RUN")));
  EXPECT_THAT(second.log(), HasSubstr("[stage-0 2/3] CACHED RUN"));
  EXPECT_THAT(third.log(), HasSubstr("[stage-0 2/3] CACHED RUN"));
  EXPECT_THAT(unique_of("one"), StartsWith("0000000 "));
  EXPECT_EQ(unique_of("one"), unique_of("two"));
  EXPECT_EQ(unique_of("one"), unique_of("three"));
}

TEST_F(ConcurrentBuild, ADeadWorkersStepIsTakenOver) {
  Started first = build("dead");
  const std::string gate = this->gate();
  Started second = build("living");
  EXPECT_TRUE(second.said("waiting for another build of the same step: RUN")) << second.log();
  first.kill();
  replace_file(gate + "/open", "");
  EXPECT_EQ(second.exit_code(), 0) << second.log();
  EXPECT_EQ(test::slurp(gate + "/runs"), "run\nrun\n");
  EXPECT_THAT(second.log(), Not(HasSubstr("CACHED RUN")));
  EXPECT_THAT(unique_of("living"), StartsWith("0000000 "));
  EXPECT_EQ(devenv({"run", "--rm", "dead", "true"}).exit_code, 125) << "it was never finished";
}

TEST_F(ConcurrentBuild, AFailedStageEndsTheOthers) {
  replace_file(context_ + "/Dockerfile",
               "FROM small AS endless\nRUN sleep 100000\nFROM small AS failing\nRUN exit 3\n"
               "FROM small\nCOPY --from=endless /www /a\nCOPY --from=failing /www /b\n");
  const auto built = devenv({"build", "-t", "never", context_});
  EXPECT_EQ(built.exit_code, 1);
  EXPECT_THAT(built.errors, HasSubstr("Dockerfile:4: RUN exit 3: the command exited with code 3"));
}

}  // namespace
}  // namespace devenv::cli
