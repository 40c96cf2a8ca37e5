#include "adapters/cli/verbs/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/cli/dispatch.h"
#include "adapters/cli/verbs/run_options.h"
#include "captured.h"

namespace devenv::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Command kCommands[] = {
    {"run", "", run_run, kUsage},    {"exec", "", run_exec}, {"ps", "", run_ps},
    {"images", "", run_images},      {"stop", "", run_stop}, {"logs", "", run_logs},
    {"build", "", run_build},        {"rm", "", run_rm},     {"volume ls", "", run_volume_ls},
    {"volume rm", "", run_volume_rm}};
constexpr Alias kAliases[] = {{"container ls", "ps"}};

int devenv(Captured& captured, const Args& args) {
  return dispatch(kCommands, kAliases, captured.context(), args);
}

struct Outcome {
  int code;
  std::string out, err;
};

Outcome devenv(const Args& args) {
  Captured captured;
  const int code = devenv(captured, args);
  return {code, captured.out(), captured.err()};
}

TEST(Dispatch, HintsAtTheNearestVerb) {
  const auto typo = devenv({"lgos", "x"});
  EXPECT_EQ(typo.code, 125);
  EXPECT_EQ(
      typo.err,
      "devenv: run \"lgos\": there is no such command; did you mean `devenv logs`? see `devenv --help`\n");
  EXPECT_THAT(devenv({"volume", "list"}).err,
              HasSubstr("did you mean `devenv volume ls`? see `devenv volume --help`"));
  EXPECT_THAT(devenv({"images", "ls"}).err, HasSubstr("write `devenv images` or `devenv image ls`"));
}

TEST(Dispatch, HelpGoesToStandardOutput) {
  EXPECT_THAT(devenv({}).out, StartsWith("Usage: devenv COMMAND"));
  EXPECT_THAT(devenv({"volume"}).out, HasSubstr("volume rm"));
  const auto help = devenv({"run", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("-p, --publish PORT"));
  EXPECT_EQ(help.err, "");
}

TEST(Dispatch, MisuseOfFlagsIsExplained) {
  EXPECT_EQ(
      devenv({"ps", "--al"}).err,
      "devenv: read \"--al\": devenv ps has no such flag; did you mean --all? see `devenv ps --help`\n");
  EXPECT_EQ(devenv({"run", "--name"}).err,
            "devenv: read --name: it needs a value; write --name VALUE, as in `devenv run --help`\n");
  EXPECT_EQ(devenv({"run"}).err,
            "devenv: read arguments of run: none given, at least 1 needed; usage: devenv run [flags] IMAGE "
            "[COMMAND] "
            "[ARG...]\n");
  EXPECT_EQ(devenv({"ps", "x"}).code, 125);
  EXPECT_THAT(devenv({"run", "--cpus", "many", "x"}).err, HasSubstr("read --cpus \"many\": not a number"));
}

TEST(Run, FlagsAfterTheImageBelongToTheCommand) {
  Captured captured;
  EXPECT_EQ(devenv(captured, {"run", "-d", "app", "ls", "-l", "--rm", "[a,b]"}), 0);
  EXPECT_THAT(captured.engine->started->command, ElementsAre("ls", "-l", "--rm", "[a,b]"));
  EXPECT_FALSE(captured.engine->started->auto_remove);
  EXPECT_EQ(captured.out(), std::string(64, 'a') + "\n");
}

TEST(Run, FillsTheSpec) {
  Captured captured;
  ASSERT_EQ(devenv(captured, {"run",
                              "-dit",
                              "--rm",
                              "--name=web",
                              "-p80:8080",
                              "-e",
                              "A=[1,2]",
                              "-e=B=",
                              "-v",
                              "data:/d:ro",
                              "--entrypoint=",
                              "-m",
                              "64m",
                              "--cpus",
                              "1.5",
                              "-w",
                              "/w",
                              "-u",
                              "1:2",
                              "--pull",
                              "never",
                              "--stop-timeout",
                              "3",
                              "-l",
                              "k=v",
                              "--network",
                              "n",
                              "--",
                              "img",
                              "--",
                              "x"}),
            0)
      << captured.err();
  const ContainerSpec& spec = *captured.engine->started;
  EXPECT_EQ(spec.image, "img");
  EXPECT_THAT(spec.command, ElementsAre("--", "x"));
  EXPECT_EQ(spec.name, "web");
  EXPECT_THAT(spec.env, ElementsAre(Pair("A", "[1,2]"), Pair("B", "")));
  EXPECT_EQ(spec.entrypoint, Args{});
  EXPECT_EQ(spec.ports.at(0).host_port, 80);
  EXPECT_EQ(spec.mounts.at(0).source, "data");
  EXPECT_EQ(spec.limits.memory_bytes, 64u << 20);
  EXPECT_EQ(spec.limits.cpus, 1.5);
  EXPECT_EQ(spec.stop_grace, std::chrono::seconds(3));
  EXPECT_TRUE(spec.tty && spec.open_stdin && spec.auto_remove);
  EXPECT_EQ(captured.engine->pull_policy, PullPolicy::never);
  EXPECT_EQ(captured.engine->lifetime, Lifetime::detached);
}

TEST(Run, ForegroundShowsTheLogExactlyAndReturnsItsCode) {
  Captured captured;
  FakeEngine& engine = captured.prepare();
  engine.log = {
      {0, LogStream::out, "one", true}, {0, LogStream::err, "two", true}, {0, LogStream::out, "thr", false}};
  engine.end = {.code = 42};
  EXPECT_EQ(devenv(captured, {"run", "--rm", "-v", "/anonymous", "img"}), 42);
  EXPECT_EQ(captured.out(), "one\nthr");
  EXPECT_EQ(captured.err(), "two\n");
  EXPECT_EQ(captured.engine->lifetime, Lifetime::session);
  EXPECT_EQ(captured.engine->removed.size(), 1u);
  EXPECT_EQ(captured.engine->removed_volumes.size(), 1u);
}

TEST(Run, ExitCodesAreDockers) {
  EXPECT_EQ(devenv({"run", "missing"}).code, 125);
  EXPECT_EQ(devenv({"run", "missing"}).err, "devenv: find image missing: not in the store; bootstrap one\n");
  for (const int code : {126, 127}) {
    Captured captured;
    captured.prepare().command_error = code;
    EXPECT_EQ(devenv(captured, {"run", "img", "nope"}), code);
  }
  EXPECT_EQ(devenv({"exec", "nobody", "true"}).code, 1);
}

TEST(Run, ATerminalNeedsATerminal) {
  EXPECT_THAT(devenv({"run", "-it", "img"}).err, HasSubstr("-t with -i needs a terminal as standard input"));
}

TEST(Ps, ShowsDockersColumns) {
  Captured captured;
  captured.prepare().known = {{.id = std::string(64, 'c'),
                               .name = "db",
                               .image = "pg",
                               .command = {"postgres"},
                               .state = ContainerState::exited,
                               .exit = ExitStatus{.code = 1}}};
  EXPECT_EQ(devenv(captured, {"ps"}), 0);
  EXPECT_EQ(captured.out(), "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n");
  EXPECT_EQ(devenv(captured, {"container", "ls", "-aq"}), 0);
  EXPECT_THAT(captured.out(), HasSubstr("\ncccccccccccc\n"));
  EXPECT_EQ(devenv(captured, {"ps", "-a", "--format", "{{.Names}}", "-f", "name=zzz"}), 0);
  EXPECT_THAT(devenv({"ps", "-f", "colour=red"}).err, HasSubstr("the key \"colour\" is not known"));
}

TEST(Images, SplitTagsAndPorts) {
  Captured captured;
  captured.prepare().present = {{.id = "sha256:" + std::string(64, 'd'),
                                 .references = {"localhost:5000/app", "debian:bookworm"},
                                 .size_bytes = 1}};
  EXPECT_EQ(devenv(captured, {"images", "--format", "{{.Repository}} {{.Tag}} {{.ID}}"}), 0);
  EXPECT_EQ(captured.out(), "localhost:5000/app <none> dddddddddddd\ndebian bookworm dddddddddddd\n");
}

TEST(Stop, OneFailureLeavesTheOthersTheirTurn) {
  Captured captured;
  captured.prepare().known = {{.id = "1", .name = "a"}, {.id = "2", .name = "b"}};
  EXPECT_EQ(devenv(captured, {"stop", "a", "nobody", "b", "-t", "1"}), 1);
  EXPECT_EQ(captured.out(), "a\nb\n");
  EXPECT_THAT(captured.err(), HasSubstr("devenv: find container nobody"));
  EXPECT_THAT(captured.engine->stopped, ElementsAre("a", "b"));
}

std::vector<LogLine> numbered_log() {
  return {{1'000'000'000, LogStream::out, "one", true},
          {2'000'000'000, LogStream::out, "tw", false},
          {2'000'000'001, LogStream::out, "o", true},
          {3'000'000'000, LogStream::err, "three", true}};
}

TEST(Logs, TailCountsLinesNotRecords) {
  Captured captured;
  captured.prepare().log = numbered_log();
  EXPECT_EQ(devenv(captured, {"logs", "--tail", "2", "x"}), 0);
  EXPECT_EQ(captured.out(), "two\n");
  EXPECT_EQ(captured.err(), "three\n");
}

TEST(Logs, TimestampsAndSince) {
  Captured captured;
  captured.prepare().log = numbered_log();
  EXPECT_EQ(devenv(captured, {"logs", "-t", "--since", "1970-01-01T00:00:02Z", "x"}), 0);
  EXPECT_EQ(captured.out(), "1970-01-01T00:00:02.000000000Z two\n");
  EXPECT_EQ(devenv({"logs", "--tail", "few", "x"}).code, 125);
}

TEST(Build, ReadsADockerfileFromStandardInput) {
  Captured captured("FROM scratch\n");
  EXPECT_EQ(devenv(captured, {"build", "-t", "a", "--build-arg", "V=1", "-q", "-"}), 0);
  EXPECT_EQ(captured.engine->built->dockerfile_text, "FROM scratch\n");
  EXPECT_THAT(captured.engine->built->build_args, ElementsAre(Pair("V", "1")));
  EXPECT_EQ(captured.out(), "sha256:0123456789abcdef\n");
  EXPECT_THAT(devenv({"build", "/etc/passwd"}).err, HasSubstr("a Dockerfile is named with -f"));
  EXPECT_THAT(devenv({"build", "/nowhere"}).err, HasSubstr("build /nowhere: no such file or directory; "));
}

}  // namespace
}  // namespace devenv::cli
