// A build that is interrupted in the middle of RUN and of COPY: nothing is left of it, and the next one
// works.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "mistakes.h"

namespace devenv::errors {
namespace {

namespace fs = std::filesystem;

/// `devenv build` of a context, running beside the test.
class RunningBuild {
 public:
  explicit RunningBuild(const std::string& context) {
    std::vector<std::string> words{DEVENV_COMMAND, "build",       "--progress", "plain",
                                   "-t",           "interrupted", context};
    std::vector<std::string> env = cli::CommandTest::environment();
    std::vector<char*> argv, envp;
    for (auto& word : words) argv.push_back(word.data());
    for (auto& entry : env) envp.push_back(entry.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    errors_ = UniqueFd(ends[0]);
    const UniqueFd write_end(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
    EXPECT_EQ(posix_spawn(&pid_, DEVENV_COMMAND, &actions, nullptr, argv.data(), envp.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
  }

  /// Until it has said this.
  void wait_for(const std::string& text) {
    std::string said;
    char byte = 0;
    while (said.find(text) == std::string::npos && read(errors_.get(), &byte, 1) == 1) said += byte;
    EXPECT_THAT(said, testing::HasSubstr(text));
  }

  /// Its wait status.
  int end_by(int signal) {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  UniqueFd errors_;
  pid_t pid_ = -1;
};

class InterruptedBuild : public Mistakes {
 protected:
  static void expect_nothing_left() {
    EXPECT_EQ(devenv({"ps", "-aq"}).output, "");  // opening the store sweeps
    const Deadline deadline = Deadline::after(std::chrono::seconds(10));
    for (const char* directory : {"/store/tmp", "/store/sessions", "/run/sessions"})
      while (!is_empty(dir() + directory) && !deadline.passed()) poll(nullptr, 0, 5);
    for (const char* directory : {"/store/tmp", "/store/sessions", "/run/sessions"})
      EXPECT_TRUE(is_empty(dir() + directory)) << directory;
    expect_whole_store();
  }

  static bool is_empty(const std::string& path) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(path, none))
      if (!entry.path().filename().string().starts_with('.')) return false;
    return true;
  }

  static void expect_a_build_of(const std::string& where) {
    const auto built = devenv({"build", "-t", "interrupted", where});
    EXPECT_EQ(built.exit_code, 0) << built.errors;
    const auto run = devenv({"run", "--rm", "interrupted", "cat", "/done"});
    EXPECT_EQ(run.output, "done\n") << run.errors;
  }

  /// A RUN that does not end by itself the first time.
  static std::string endless_step() {
    const std::string where =
        context("endless",
                "FROM small\nCOPY gate /\nRUN echo half > /done; [ -s /gate ] || { echo "
                "running; sleep 1000; }; echo done > /done\n");
    replace_file(where + "/gate", "");
    return where;
  }

  static std::string large_copy() {
    const std::string where = context("large", "FROM small\nCOPY . /data/\nRUN echo done > /done\n");
    for (int i = 0; i < 200; ++i)
      replace_file(where + "/" + std::to_string(i), std::string(200'000, static_cast<char>(i)));
    return where;
  }

  static void interrupt_a_step(int signal) {
    const std::string where = endless_step();
    RunningBuild build(where);
    build.wait_for("| running");
    EXPECT_EQ(WTERMSIG(build.end_by(signal)), signal);
    expect_nothing_left();
    replace_file(where + "/gate", "open");
    expect_a_build_of(where);
  }

  static void interrupt_a_copy(int signal) {
    const std::string where = large_copy();
    RunningBuild build(where);
    build.wait_for("COPY . /data/");
    build.end_by(signal);  // in the middle, or just after
    expect_nothing_left();
    expect_a_build_of(where);
  }
};

TEST_F(InterruptedBuild, StepBySigint) { interrupt_a_step(SIGINT); }
TEST_F(InterruptedBuild, StepBySigkill) { interrupt_a_step(SIGKILL); }
TEST_F(InterruptedBuild, CopyBySigint) { interrupt_a_copy(SIGINT); }
TEST_F(InterruptedBuild, CopyBySigkill) { interrupt_a_copy(SIGKILL); }

}  // namespace
}  // namespace devenv::errors
