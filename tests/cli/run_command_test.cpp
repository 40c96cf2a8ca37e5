#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "command_fixture.h"

namespace devenv::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

using RunCommand = CommandTest;

TEST_F(RunCommand, KeepsStreamsApartAndReturnsTheExitCode) {
  const auto result =
      devenv({"run", "--rm", "small", "sh", "-c", "echo out; echo err >&2; printf tail; exit 42"});
  EXPECT_EQ(result.exit_code, 42);
  EXPECT_EQ(result.output, "out\ntail");
  EXPECT_EQ(result.errors, "err\n");
}

TEST_F(RunCommand, PassesEveryByteThrough) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7 % 256);
  const auto result = devenv({"run", "--rm", "-i", "small", "cat"}, bytes);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, bytes);
}

TEST_F(RunCommand, ArgumentsAndVariablesMayHoldAnyBytes) {
  const std::string bytes = "not \xff\xfe utf-8";
  const auto result =
      devenv({"run", "--name", "bytes", "-e", "BYTES=" + bytes, "small", "sh", "-c", "printf '%s|%s' \"$1\" \"$BYTES\"",
              "sh", bytes});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, bytes + "|" + bytes);
  EXPECT_THAT(devenv({"inspect", "bytes"}).output, testing::HasSubstr("not \xEF\xBF\xBD\xEF\xBF\xBD utf-8"));
  EXPECT_EQ(devenv({"ps", "-a", "--format", "{{.Names}}"}).output, "bytes\n");
  EXPECT_EQ(devenv({"rm", "bytes"}).exit_code, 0);
}

TEST_F(RunCommand, KilledWithItsHolderOrBeforeItStarted) {
  ASSERT_EQ(devenv({"run", "--name", "cut", "small", "echo", "last words"}).exit_code, 0);
  const std::string id = devenv({"ps", "-aq", "--no-trunc"}).output.substr(0, 64);
  const std::string record = dir() + "/store/containers/" + id;
  const auto shown = [] { return devenv({"ps", "-a", "--format", "{{.Names}}: {{.Status}}"}).output; };
  // What SIGKILL to the holder leaves: a log without an exit, or neither.
  ASSERT_EQ(unlink((record + "/exit").c_str()), 0);
  EXPECT_THAT(shown(), MatchesRegex("cut: Exited \\(137\\) .* seconds? ago\n"));
  EXPECT_EQ(devenv({"wait", "cut"}).output, "137\n");
  EXPECT_EQ(devenv({"logs", "cut"}).output, "last words\n");
  ASSERT_EQ(unlink((record + "/log").c_str()), 0);
  EXPECT_EQ(shown(), "cut: Created\n");
  for (const char* verb : {"wait", "logs"})
    EXPECT_EQ(devenv({verb, "cut"}).errors,
              "devenv: use container cut: it never started, devenv was killed before; remove it: devenv rm cut\n");
  EXPECT_EQ(devenv({"rm", "cut"}).output, "cut\n");
}

TEST_F(RunCommand, ExitCodesOfWhatCannotRun) {
  EXPECT_EQ(devenv({"run", "--rm", "small", "no-such-program"}).exit_code, 127);
  EXPECT_EQ(devenv({"run", "--rm", "small", "/etc/passwd"}).exit_code, 126);
  const auto missing = devenv({"run", "--rm", "--pull", "never", "no-such-image"});
  EXPECT_EQ(missing.exit_code, 125);
  EXPECT_THAT(missing.errors, testing::StartsWith("devenv: "));
  EXPECT_EQ(devenv({"run", "--rm", "small", "sh", "-c", "kill -9 $$"}).exit_code, 137);
}

TEST_F(RunCommand, FlagsReachTheContainer) {
  const auto result =
      devenv({"run", "--rm", "-e", "A=b c", "-w", "/www", "--hostname", "box", "--tmpfs", "/scratch:size=1m",
              "--add-host", "db:10.9.8.7", "--entrypoint", "sh", "small", "-c",
              "echo $A; pwd; hostname; grep -c ' /scratch tmpfs ' /proc/mounts; grep db /etc/hosts"});
  EXPECT_THAT(result.output, MatchesRegex("b c\n/www\nbox\n1\n10.9.8.7[ \t]+db\n")) << result.errors;
}

TEST_F(RunCommand, ATermSignalIsPassedOn) {
  std::string path = DEVENV_COMMAND;
  std::string script = "trap 'exit 9' TERM; echo ready; while :; do sleep 1000 & wait; done";
  std::vector<std::string> words{path, "run", "--rm", "small", "sh", "-c", script};
  auto env = environment();
  std::vector<char*> argv, envp;
  for (auto& word : words) argv.push_back(word.data());
  for (auto& entry : env) envp.push_back(entry.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  int out[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  pid_t pid = -1;
  ASSERT_EQ(posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), envp.data()), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  char line[6] = {};
  ASSERT_EQ(read(out[0], line, 6), 6) << "the container says when its trap is set";
  kill(pid, SIGTERM);
  int status = 0;
  waitpid(pid, &status, 0);
  close(out[0]);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 9);
}

TEST_F(RunCommand, WithoutRmItStaysUntilRemoved) {
  EXPECT_EQ(devenv({"run", "--name", "kept", "small", "sh", "-c", "echo words; exit 4"}).exit_code, 4);
  EXPECT_EQ(devenv({"ps", "-q"}).output, "");
  EXPECT_THAT(devenv({"ps", "-a", "--format", "{{.Names}} {{.Status}}"}).output,
              HasSubstr("kept Exited (4) "));
  EXPECT_EQ(devenv({"logs", "kept"}).output, "words\n");
  EXPECT_EQ(devenv({"wait", "kept"}).output, "4\n");
  EXPECT_EQ(devenv({"rm", "kept"}).output, "kept\n");
  EXPECT_EQ(devenv({"rm", "kept"}).exit_code, 1);
}

TEST_F(RunCommand, CidFileIsWrittenOnce) {
  const std::string path = dir() + "/cid";
  const auto first = devenv({"run", "--rm", "--cidfile", path, "small", "true"});
  EXPECT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_EQ(read_file(path).size(), 64u);
  EXPECT_THAT(devenv({"run", "--rm", "--cidfile", path, "small", "true"}).errors,
              HasSubstr("the file exists"));
}

TEST_F(RunCommand, AVolumeOutlivesItsContainersAndIsSeeded) {
  EXPECT_EQ(devenv({"run", "--rm", "-v", "site:/www", "small", "sh", "-c", "cat /www/a; echo more > /www/b"})
                .output,
            "served\n");
  EXPECT_EQ(devenv({"run", "--rm", "-v", "site:/www:ro", "small", "cat", "/www/b"}).output, "more\n");
  EXPECT_NE(devenv({"run", "--rm", "-v", "site:/www:ro", "small", "touch", "/www/c"}).exit_code, 0);
  EXPECT_THAT(devenv({"volume", "ls"}).output, HasSubstr("DRIVER    VOLUME NAME\nlocal     site\n"));
  EXPECT_EQ(devenv({"volume", "rm", "site"}).output, "site\n");
  EXPECT_EQ(devenv({"volume", "rm", "site"}).exit_code, 1);
}

TEST_F(RunCommand, AnAnonymousVolumeGoesWithRm) {
  EXPECT_EQ(devenv({"run", "--rm", "-v", "/data", "small", "touch", "/data/x"}).exit_code, 0);
  EXPECT_EQ(devenv({"volume", "ls", "-q"}).output, "");
}

TEST_F(RunCommand, ABindMountShowsTheHostsFiles) {
  const std::string path = dir() + "/bound";
  make_directories(path);
  replace_file(path + "/f", "from the host\n");
  EXPECT_EQ(devenv({"run", "--rm", "-v", path + ":/b:ro", "small", "cat", "/b/f"}).output, "from the host\n");
  const auto missing = devenv({"run", "--rm", "-v", "/no/such/source:/b", "small", "true"});
  EXPECT_EQ(missing.exit_code, 125);
  EXPECT_THAT(missing.errors, HasSubstr("/no/such/source"));
}

}  // namespace
}  // namespace devenv::cli
