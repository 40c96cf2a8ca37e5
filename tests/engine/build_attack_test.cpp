// Attacks of hostile Dockerfiles, contexts and stages on whoever builds them, with real steps.
#include "attack_fixture.h"

namespace devenv::engine {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class BuildAttack : public AttackTest {
 protected:
  /// What a built image's command prints.
  std::string show(const std::string& tag, const std::string& command) {
    return run({.image = tag, .command = {"sh", "-c", command}}).output;
  }
  static std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
};

TEST_F(BuildAttack, MountCleanUpDeletesNothingOfTheHostCve2024_23652) {
  // The step moves the directory of its mount away and leaves a link to the host's in its place.
  const auto said =
      build("clean-up", "FROM probe\nRUN --mount=type=tmpfs,target=/m/dir/x mv /m /gone && ln -s " + outside +
                            " /m && ls -d /gone/dir/x\n");
  EXPECT_THAT(joined(said), HasSubstr("/gone/dir/x"));
  build("clean-up",
        "FROM probe\nRUN --mount=type=bind,source=Dockerfile,target=/n/empty mv /n /gone && ln -s "
        "../../../../../../.." +
            outside + " /n\n");
}

TEST_F(BuildAttack, LinksInACacheLeadNowhereCve2024_23651) {
  build("cache-race", "FROM probe\nRUN --mount=type=cache,id=race,target=/c ln -s " + outside +
                          " /c/sub; ln -s ../../../../../../../../.." + outside + " /c/up; ls /c\n");
  for (const char* link : {"sub", "up"}) {
    const std::string name = link;
    // The target is made inside, where the link leads there, and nothing of the outside is there.
    const std::string said =
        joined(build("cache-race", "FROM probe\nRUN --mount=type=cache,id=race,target=/c "
                                   "--mount=type=cache,id=other,target=/c/" +
                                       name + "/new find /c/" + name + "/ && echo x > /c/" + name +
                                       "/new/x\n"));
    EXPECT_THAT(said, AllOf(HasSubstr("/c/" + name + "/new"), Not(HasSubstr("secret"))));
    const std::string bound =
        joined(build("cache-race", "FROM probe\nRUN --mount=type=cache,id=race,source=" + name +
                                       ",target=/s ls /s && echo inside > /s/secret && cat /s/secret\n"));
    EXPECT_THAT(bound, AllOf(HasSubstr("inside\n"), Not(HasSubstr("dir\n"))));
  }
}

TEST_F(BuildAttack, MountSourceAsASymlinkCve2024_1753) {
  const std::string stage = "FROM probe AS s\nRUN ln -s " + outside +
                            " /link && ln -s / /root-link && ln -s "
                            "../../../../../../.." +
                            outside + "/secret /up\nFROM probe\nRUN --mount=type=bind,from=s,";
  EXPECT_THAT(build_error(stage + "source=/link,target=/m,rw cat /m/secret\n"), HasSubstr("not found"));
  EXPECT_THAT(build_error(stage + "source=/up,target=/m,rw cat /m\n"), HasSubstr("not found"));
  const std::string said =
      joined(build("bound-root", stage + "source=/root-link,target=/m,rw ls /m; echo x > /m/x\n"));
  EXPECT_THAT(said, HasSubstr("seeded"));
  EXPECT_FALSE(fs::exists("/x"));
}

TEST_F(BuildAttack, CacheIdsAreNamesCve2024_9675) {
  for (const std::string id : {"..", "../..", "../../../../../../../../../tmp", "a/../../b"})
    EXPECT_THAT(build_error("FROM probe\nRUN --mount=type=cache,id=" + id + ",target=/c ls /c\n"),
                HasSubstr(id));
  // What looks like a path is a name as good as any.
  build("cache-id",
        "FROM probe\nRUN --mount=type=cache,id=" + outside + "/dir,target=/c ls /c && echo x > /c/file\n");
}

TEST_F(BuildAttack, WritesToABoundContextStayInTheStepCve2025_4953) {
  const auto said =
      build("bound-context",
            "FROM probe\nRUN --mount=type=bind,target=/src,rw rm -r /src/kept && echo evil > /src/file && "
            "chmod 777 /src && cat /src/file\nRUN --mount=type=bind,target=/src cat /src/file /src/kept/a\n",
            [](const std::string& context) {
              replace_file(context + "/file", "original\n");
              fs::create_directory(context + "/kept");
              replace_file(context + "/kept/a", "kept\n");
            });
  EXPECT_THAT(joined(said), HasSubstr("evil"));
  EXPECT_THAT(joined(said), HasSubstr("original"));
  EXPECT_THAT(joined(said), HasSubstr("kept"));
}

TEST_F(BuildAttack, IgnoreFilesAsSymlinksAreNotReadOutside) {
  // The outside file holds the pattern "file".
  for (const char* name : {"/.dockerignore", "/Dockerfile.dockerignore"}) {
    build("ignored", "FROM probe\nCOPY file /file\n", [&](const std::string& context) {
      replace_file(context + "/file", "copied\n");
      fs::create_symlink(outside + "/secret", context + name);
    });
    EXPECT_EQ(show("ignored", "cat /file"), "copied\n") << name;
  }
}

TEST_F(BuildAttack, HostEnvironmentDoesNotReachABuild) {
  const auto said =
      build("environment",
            "FROM probe\nARG DEVENV_TEST_SECRET\nRUN env; cat /proc/self/environ /proc/1/environ; echo "
            "got=$DEVENV_TEST_SECRET\nRUN echo expanded=${DEVENV_TEST_SECRET:-nothing}\n");
  EXPECT_THAT(joined(said), AllOf(HasSubstr("PATH="), HasSubstr("got=\n"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(joined(said), HasSubstr("expanded=nothing"));
  EXPECT_THAT(build_error("FROM probe\nENV DEVENV_TEST_SECRET\n"), HasSubstr("ENV must have two arguments"));
}

TEST_F(BuildAttack, CopiesFollowNoLinkOutOfStageOrRoot) {
  const std::string links =
      "RUN ln -s " + outside + " /link && ln -s ../../../../../../../.." + outside + " /up\n";
  for (const char* link : {"link", "up"}) {
    const std::string name = link;
    EXPECT_THAT(
        build_error("FROM probe AS s\n" + links + "FROM probe\nCOPY --from=s /" + name + "/secret /x\n"),
        HasSubstr("not found"));
    const auto context = [](const std::string& path) {
      replace_file(path + "/secret", "from the context\n");
      fs::create_directory(path + "/tree");
      replace_file(path + "/tree/empty", "not empty\n");
    };
    build("copied",
          "FROM probe\n" + links + "COPY secret /" + name + "/\nCOPY tree /" + name + "\nCOPY secret /" +
              name + "/new/dir/\nADD --chown=1:2 --chmod=777 secret /" + name + "/dir/file\n",
          context);
    EXPECT_EQ(show("copied", "cat " + outside + "/secret"), "from the context\n")
        << "inside the image's root";
  }
}

TEST_F(BuildAttack, HostileUserDatabasesNeitherHangNorLead) {
  const auto context = [](const std::string& path) { replace_file(path + "/file", "x"); };
  const auto not_there = HasSubstr("user \"alice\" is not in the image's /etc/passwd");
  EXPECT_THAT(
      build_error("FROM probe\nRUN rm /etc/passwd && mkfifo /etc/passwd\nCOPY --chown=alice file /\n", context),
      not_there);
  EXPECT_THAT(build_error(
                  "FROM probe\nRUN rm /etc/passwd && ln -s /proc/self/environ /etc/passwd\nCOPY --chown=alice "
                  "file /\n",
                  context),
              not_there);
  EXPECT_THAT(build_error("FROM probe\nCOPY --chown=4294967296 file /\n", context),
              HasSubstr("user or group id 4294967296 is out of range"));
}

}  // namespace
}  // namespace devenv::engine
