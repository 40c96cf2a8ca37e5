#include "runtime/build/builder.h"

#include <gmock/gmock.h>
#include <utime.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "builder_fixture.h"
#include "runtime/base/process.h"

namespace devenv::build {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Builder, ConfigOfEveryInstruction) {
  build(
      "FROM base\nENV A=1 B=$A$V\nLABEL l=\"x y\"\nEXPOSE 80 90-91/udp\nVOLUME /v\nUSER app\nWORKDIR sub\n"
      "STOPSIGNAL SIGINT\nSHELL [\"/bin/bash\",\"-c\"]\nENTRYPOINT [\"e\"]\nHEALTHCHECK --retries=2 CMD t\n"
      "ONBUILD RUN later\nMAINTAINER me\nCMD run it\n");
  EXPECT_EQ(config()["Env"], (Json{"PATH=/bin", "V=1", "A=1", "B=1"}));
  EXPECT_EQ(config()["Labels"]["l"], "x y");
  EXPECT_EQ(config()["ExposedPorts"].size(), 3u);
  EXPECT_EQ(config()["WorkingDir"], "/w/sub");
  EXPECT_EQ(config()["Cmd"], (Json{"/bin/bash", "-c", "run it"}));
  EXPECT_EQ(config()["OnBuild"], Json{"RUN later"});
  EXPECT_EQ(stat_of("w/sub").st_uid, 7u);
  EXPECT_EQ(stat_of("w/sub").st_mode & 07777u, 0755u);
}

TEST_F(Builder, EntrypointClearsAnInheritedCmdOnly) {
  build("FROM base\nENTRYPOINT [\"e\"]\n");
  EXPECT_FALSE(config().contains("Cmd") && !config()["Cmd"].empty());
  build("FROM base\nCMD [\"c\"]\nENTRYPOINT [\"e\"]\n");
  EXPECT_EQ(config()["Cmd"], Json{"c"});
}

TEST_F(Builder, RunSeesArgsEnvUserAndWorkdir) {
  RunRequest seen;
  backend_.on_run = [&](const RunRequest& request, const fs::path&) {
    seen = request;
    return 0;
  };
  build("ARG G=g\nFROM base\nARG G\nARG D=d\nARG U\nENV D=env\nUSER app\nRUN x $D\n",
        {.build_args = {{"U", "given"}, {"HTTP_PROXY", "p"}}});
  EXPECT_THAT(seen.argv, ElementsAre("/bin/sh", "-c", "x $D"));
  EXPECT_THAT(seen.env, AllOf(Contains(std::pair<std::string, std::string>("G", "g")),
                              Contains(std::pair<std::string, std::string>("D", "env")),
                              Contains(std::pair<std::string, std::string>("U", "given")),
                              Contains(std::pair<std::string, std::string>("HTTP_PROXY", "p"))));
  EXPECT_EQ(seen.user, "app");
  EXPECT_EQ(seen.workdir, "/w");
  EXPECT_EQ(backend_.config_json.find("HTTP_PROXY"), std::string::npos);
}

TEST_F(Builder, EveryUnchangedInstructionIsACacheHit) {
  context_.write("a.txt", "1");
  const std::string dockerfile = "FROM base\nRUN one\nCOPY a.txt /x/\nRUN two\n";
  const std::string id = build(dockerfile).id;
  EXPECT_EQ(build(dockerfile).id, id);
  EXPECT_EQ(cached(), 3);
  EXPECT_THAT(backend_.runs, ElementsAre("one", "two"));
  utime((context_.path() / "a.txt").c_str(), nullptr);
  build(dockerfile);
  EXPECT_EQ(cached(), 3) << "times are not content";
  context_.write("a.txt", "2");
  build(dockerfile);
  EXPECT_EQ(cached(), 1);
  EXPECT_EQ(backend_.file("x/a.txt"), "2");
  fs::permissions(context_.path() / "a.txt", fs::perms::owner_all);
  build(dockerfile);
  EXPECT_EQ(cached(), 1) << "a mode is content";
  build(dockerfile, {.no_cache = true});
  EXPECT_EQ(cached(), 0);
  build("FROM base\nARG X\nRUN one\n", {.build_args = {{"X", "1"}}});
  EXPECT_EQ(cached(), 0) << "a declared ARG is part of the key";
}

TEST_F(Builder, ADamagedCacheEntryIsAMiss) {
  build("FROM base\nRUN one\n");
  for (const char* damage : {"", "{", "[1]", "{\"chain_id\":\"../x\"}", "{\"chain_id\":7}"}) {
    for (auto& [key, value] : backend_.cache) value = damage;
    build("FROM base\nRUN one\n");
    EXPECT_EQ(cached(), 0) << damage;
  }
}

TEST_F(Builder, CopyPutsDirectoriesContents) {
  context_.write("d/a", "a");
  context_.write("d/sub/b", "b");
  context_.write("e.txt", "e");
  build(
      "FROM base\nCOPY d /out\nCOPY e.txt /new\nCOPY e.txt d/a /dir/\nCOPY *.txt .\nCOPY --chown=app:staff "
      "--chmod=600 d /own/\n");
  EXPECT_EQ(backend_.file("out/a"), "a");
  EXPECT_EQ(backend_.file("out/sub/b"), "b");
  EXPECT_EQ(backend_.file("new"), "e");
  EXPECT_EQ(backend_.file("dir/e.txt"), "e");
  EXPECT_EQ(backend_.file("w/e.txt"), "e");
  EXPECT_EQ(stat_of("own/sub/b").st_uid, 7u);
  EXPECT_EQ(stat_of("own/sub/b").st_gid, 9u);
  EXPECT_EQ(stat_of("own/sub/b").st_mode & 07777u, 0600u);
  EXPECT_EQ(stat_of("out/a").st_uid, 0u);
}

TEST_F(Builder, IgnoredFilesAreNotCopied) {
  context_.write(".dockerignore", "# c\nd\n!d/keep\n*.log\n");
  context_.write("d/keep", "k");
  context_.write("d/drop", "x");
  context_.write("a.log", "x");
  build("FROM base\nCOPY . /out\n");
  EXPECT_EQ(backend_.file("out/d/keep"), "k");
  EXPECT_EQ(backend_.file("out/d/drop"), "missing");
  EXPECT_EQ(backend_.file("out/a.log"), "missing");
  EXPECT_THAT(error_of("FROM base\n\nCOPY a.log /x\n"),
              AllOf(HasSubstr("Dockerfile:3: COPY: \"/a.log\": not found"), HasSubstr("pattern \"*.log\"")));
}

TEST_F(Builder, AMissingSourceNamesItsNeighbours) {
  context_.write("server.py", "");
  EXPECT_THAT(error_of("FROM base\nCOPY sever.py /x\n"),
              AllOf(HasSubstr("\"/sever.py\": not found"), HasSubstr("server.py?")));
  EXPECT_THAT(error_of("FROM base\nCOPY *.rs /x/\n"), HasSubstr("nothing matches"));
  EXPECT_THAT(error_of("FROM base\nCOPY a b /x\n"), HasSubstr("more than one source file"));
}

TEST_F(Builder, NothingOutsideTheContextCanBeRead) {
  TemporaryDirectory outside;
  outside.write("secret", "s");
  fs::create_symlink(outside.path() / "secret", context_.path() / "link");
  fs::create_directory_symlink(outside.path(), context_.path() / "dirlink");
  EXPECT_THAT(error_of("FROM base\nCOPY link /x\n"), HasSubstr("not found"));
  EXPECT_THAT(error_of("FROM base\nCOPY dirlink/secret /x\n"), HasSubstr("not found"));
  EXPECT_THAT(error_of("FROM base\nCOPY ../" + outside.path().filename().string() + "/secret /x\n"),
              HasSubstr("not found"));
  build("FROM base\nCOPY . /out\n");
  EXPECT_TRUE(fs::is_symlink(backend_.result() / "out/link"));
}

TEST_F(Builder, DestinationSymlinksStayInsideTheRoot) {
  TemporaryDirectory outside;
  context_.write("a", "a");
  fs::create_directory_symlink(outside.path(), backend_.dir_of("sha256:base") / "out");
  fs::create_directory_symlink("etc", backend_.dir_of("sha256:base") / "conf");
  build("FROM base\nCOPY a /out/x\nCOPY a /conf/y\n");
  EXPECT_THAT(std::vector<fs::path>(fs::directory_iterator(outside.path()), {}), IsEmpty());
  EXPECT_EQ(backend_.file("etc/y"), "a");
}

TEST_F(Builder, StagesAreBuiltOnDemandAndCopiedFrom) {
  backend_.on_run = [](const RunRequest& request, const fs::path& root) {
    std::ofstream(root / "made") << request.argv.back();
    return 0;
  };
  build(
      "FROM base AS one\nRUN one\nFROM base AS two\nRUN two\nFROM scratch\nCOPY --from=one /made /etc/passwd "
      "/x/\n");
  EXPECT_EQ(backend_.file("x/made"), "one");
  EXPECT_THAT(backend_.runs, ElementsAre("one"));
  build(
      "FROM base AS one\nRUN one\nFROM scratch\nCOPY --from=0 /made /x/\nCOPY --from=base /etc/passwd /p\n");
  EXPECT_THAT(backend_.file("p"), HasSubstr("app"));
}

const char* const kTwoBranches =
    "FROM base AS one\nRUN one\nFROM base AS two\nRUN two\n"
    "FROM scratch\nCOPY --from=one /etc/passwd /1\nCOPY --from=two /etc/passwd /2\n";

TEST_F(Builder, IndependentStagesAreBuiltSideBySide) {
  std::mutex mutex;
  std::condition_variable arrived;
  int waiting = 0;
  backend_.on_run = [&](const RunRequest&, const fs::path&) {
    std::unique_lock lock(mutex);
    ++waiting;
    arrived.notify_all();
    return arrived.wait_for(lock, std::chrono::seconds(20), [&] { return waiting == 2; }) ? 0 : 1;
  };
  EXPECT_EQ(error_of(kTwoBranches), "no error");
  EXPECT_THAT(backend_.file("2"), HasSubstr("app"));
}

TEST_F(Builder, AFailedStageStopsTheOthers) {
  backend_.on_run = [&](const RunRequest& request, const fs::path&) {
    if (request.argv.back() == "two") return 3;
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    while (!backend_.stopped && !deadline.passed()) std::this_thread::yield();
    return backend_.stopped ? 137 : 0;
  };
  EXPECT_THAT(error_of(kTwoBranches), HasSubstr("Dockerfile:4: RUN two: the command exited with code 3"));
  EXPECT_TRUE(backend_.stopped);
}

TEST_F(Builder, OnbuildTriggersRunRightAfterFrom) {
  build("FROM base AS parent\nONBUILD RUN trigger\nFROM parent\nRUN own\n");
  EXPECT_THAT(backend_.runs, ElementsAre("trigger", "own"));
  EXPECT_FALSE(config().contains("OnBuild") && !config()["OnBuild"].empty());
}

TEST_F(Builder, HeredocsAreScriptsAndFiles) {
  RunRequest seen;
  std::string script;
  backend_.on_run = [&](const RunRequest& request, const fs::path&) {
    seen = request;
    if (!request.mounts.empty()) script = read_file(request.mounts[0].source);
    return 0;
  };
  build("FROM base\nRUN <<-E\n\ta\n\tb\nE\n");
  EXPECT_EQ(seen.argv.back(), "a\nb\n");
  build("FROM base\nRUN cat <<E > f\na\nE\n");
  EXPECT_EQ(seen.argv.back(), "cat <<E > f\na\nE");
  build("FROM base\nRUN <<E\n#!/usr/bin/env python\nx\nE\n");
  EXPECT_THAT(seen.argv, ElementsAre("/dev/pipes/script"));
  EXPECT_EQ(script, "#!/usr/bin/env python\nx\n");
  build("FROM base\nCOPY <<A <<\"B\" /d/\nv=$V 'q'\nA\nv=$V\nB\n");
  EXPECT_EQ(backend_.file("d/A"), "v=1 'q'\n");
  EXPECT_EQ(backend_.file("d/B"), "v=$V\n");
  EXPECT_EQ(stat_of("d/A").st_mode & 07777u, 0644u);
}

TEST_F(Builder, MountsAreCopiesSecretsAndCaches) {
  context_.write("src/a", "original");
  context_.write("key", "hush");
  std::map<std::string, std::string> seen;
  backend_.on_run = [&](const RunRequest& request, const fs::path&) {
    for (const RunMount& mount : request.mounts) {
      seen[mount.target] = fs::is_directory(mount.source) ? "directory" : read_file(mount.source);
      if (mount.target == "/src") std::ofstream(fs::path(mount.source) / "a") << "changed";
    }
    for (const auto& [name, value] : request.env)
      if (name == "KEY") seen["env"] = value;
    return 0;
  };
  build(
      "FROM base\nRUN --mount=source=src,target=/src,rw --mount=type=secret,id=k "
      "--mount=type=secret,id=k,env=KEY "
      "--mount=type=cache,target=/c x\n",
      {.secrets = {{"k", (context_.path() / "key").string()}}});
  EXPECT_EQ(seen["/src"], "directory");
  EXPECT_EQ(seen["/run/secrets/k"], "hush");
  EXPECT_EQ(seen["env"], "hush");
  EXPECT_EQ(seen["/c"], "directory");
  EXPECT_EQ(read_file((context_.path() / "src/a").string()), "original");
  for (const auto& [key, value] : backend_.cache) EXPECT_EQ(value.find("hush"), std::string::npos);
  EXPECT_THAT(error_of("FROM base\nRUN --mount=type=secret,id=no,required x\n"),
              HasSubstr("secret no was not given"));
}

TEST_F(Builder, AFailedRunShowsPlaceCommandCodeAndOutput) {
  backend_.on_run = [](const RunRequest& request, const fs::path&) {
    request.on_line(LogStream::err, "boom");
    return 3;
  };
  EXPECT_THAT(
      error_of("FROM base\n\nRUN make it\n"),
      AllOf(HasSubstr("Dockerfile:3: RUN make it"), HasSubstr("exited with code 3"), HasSubstr("  boom")));
  for (const auto& entry : fs::directory_iterator(backend_.store.path()))
    EXPECT_EQ(entry.path().filename().string().find("scratch"), std::string::npos)
        << "left behind: " << entry;
}

TEST_F(Builder, ParentsKeepsDirectoriesBehindThePivot) {
  context_.write("a/b/c.txt", "c");
  context_.write("a/x/d.txt", "d");
  build("FROM base\nCOPY --parents a/b/c.txt a/**/d.txt /all/\nCOPY --parents a/./b /cut/\n");
  EXPECT_EQ(backend_.file("all/a/b/c.txt"), "c");
  EXPECT_EQ(backend_.file("all/a/x/d.txt"), "d");
  EXPECT_EQ(backend_.file("cut/b/c.txt"), "c");
}

TEST_F(Builder, AddUnpacksLocalArchivesByContent) {
  context_.write("in/f", "packed");
  context_.write("plain.tar.gz", "no archive");
  run_process({.argv = {"tar", "-C", context_.path() / "in", "-czf", context_.path() / "data", "f"}});
  build("FROM base\nADD data plain.tar.gz /d/\nADD --unpack=false data /kept\nADD --chown=7:9 data /own/\n");
  EXPECT_EQ(backend_.file("d/f"), "packed");
  EXPECT_EQ(backend_.file("d/plain.tar.gz"), "no archive");
  EXPECT_NE(backend_.file("kept"), "missing");
  EXPECT_EQ(stat_of("own/f").st_uid, 7u);
}

TEST_F(Builder, ExcludesAndExistingDirectoriesKeepTheirMode) {
  context_.write("d/a.o", "o");
  context_.write("d/a.c", "c");
  context_.write("d/etc/new", "n");
  fs::permissions(backend_.dir_of("sha256:base") / "etc", fs::perms::owner_all);
  build("FROM base\nCOPY --exclude=*.o d /\n");
  EXPECT_EQ(backend_.file("a.o"), "missing");
  EXPECT_EQ(backend_.file("a.c"), "c");
  EXPECT_EQ(backend_.file("etc/new"), "n");
  EXPECT_EQ(stat_of("etc").st_mode & 07777u, 0700u);
}

TEST_F(Builder, AnUnchangedStageIsNotOpenedForACachedCopy) {
  const std::string dockerfile = "FROM base AS s\nRUN x\nFROM base\nCOPY --from=s /etc/passwd /p\n";
  build(dockerfile);
  const int opened = backend_.opened;
  build(dockerfile);
  EXPECT_EQ(backend_.opened, opened);
  EXPECT_EQ(cached(), 2);
}

TEST_F(Builder, AFileOntoADirectoryIsAnError) {
  context_.write("f", "x");
  context_.write("d/etc/passwd/x", "y");
  EXPECT_THAT(error_of("FROM base\nCOPY d/etc /etc\n"), HasSubstr("cannot copy a directory onto file"));
  context_.write("e/passwd", "x");
  fs::create_directories(backend_.dir_of("sha256:base") / "srv/f");
  EXPECT_THAT(error_of("FROM base\nCOPY f /srv/\n"), HasSubstr("onto directory"));
}

TEST_F(Builder, AMissingDockerfileNamesThePathsLookedFor) {
  BuildSpec spec;
  spec.context_dir = context_.path();
  try {
    run_build(spec, backend_, nullptr);
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("/Dockerfile and "), HasSubstr("/dockerfile")));
  }
}

TEST_F(Builder, WarnsOfUndefinedVariablesAndUnusedArguments) {
  build("FROM base\nLABEL a=$VX\n", {.build_args = {{"NOPE", "1"}}});
  EXPECT_THAT(said_, Contains(AllOf(HasSubstr("UndefinedVar"), HasSubstr("'$VX'"), HasSubstr("$V?"))));
  EXPECT_THAT(said_, Contains(HasSubstr("not used by any ARG: NOPE")));
}

}  // namespace
}  // namespace devenv::build
