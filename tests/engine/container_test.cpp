#include <signal.h>
#include <sys/stat.h>

#include "small_image.h"

namespace devenv::engine {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "did not throw";
}

TEST(EngineContainer, RunsACommandAndKeepsItsStreamsApart) {
  Running container(script("echo $GREETING; echo oops >&2; exit 3"));
  EXPECT_EQ(container.wait().code, 3);
  EXPECT_EQ(container.output(), "hello\n");
  EXPECT_EQ(container.output(LogStream::err), "oops\n");
}

TEST(EngineContainer, ExecSeesEnvironmentInputAndExitCode) {
  Running container(idle());
  const auto result =
      container.engine().exec(container.info.id,
                              {.command = {"sh", "-c", "cat; echo $EXTRA $GREETING >&2; exit 5"},
                               .env = {{"EXTRA", "more"}},
                               .input = std::string(300000, 'x')},
                              Deadline::after(std::chrono::seconds(20)));
  EXPECT_EQ(result.exit_code(), 5);
  EXPECT_EQ(result.output.size(), 300000u);
  EXPECT_EQ(result.errors, "more hello\n");
}

TEST(EngineContainer, ExecIsKilledAtTheDeadline) {
  Running container(idle());
  EXPECT_THROW(container.engine().exec(container.info.id, {.command = {"sleep", "1000"}},
                                       Deadline::after(std::chrono::milliseconds(50))),
               Timeout);
  EXPECT_EQ(container.exec({"true"}).exit_code(), 0);
}

TEST(EngineContainer, StopSendsTheStopSignalAndReportsTheEnd) {
  Running container(idle());
  container.wait_for_a_line();
  const ExitStatus exit = container.engine().stop(container.info.id, std::nullopt);
  EXPECT_EQ(exit.code, 7);
  EXPECT_EQ(container.engine().stop(container.info.id, std::nullopt).code, 7) << "stopping twice is fine";
}

TEST(EngineContainer, StopKillsWhatDoesNotListen) {
  Running container(script("trap '' TERM; echo ready; while :; do sleep 1000 & wait; done"));
  container.wait_for_a_line();
  const ExitStatus exit = container.engine().stop(container.info.id, std::chrono::milliseconds(30));
  EXPECT_EQ(exit.code, 137);
  EXPECT_EQ(exit.signal, SIGKILL);
}

TEST(EngineContainer, UnknownCommandIs127AndNotExecutableIs126) {
  for (const auto& [command, code] :
       {std::pair<std::string, int>{"no-such-command", 127}, {"/etc/passwd", 126}}) {
    try {
      Running container(ContainerSpec{.command = {command}});
      FAIL() << command << " started";
    } catch (const CommandError& error) {
      EXPECT_EQ(error.exit_code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(command), std::string::npos) << error.what();
    }
  }
  EXPECT_TRUE(Running::engine().containers(true).empty());
}

TEST(EngineContainer, ANameIsTakenOnce) {
  ContainerSpec spec = idle();
  spec.name = "unique";
  Running container(spec);
  EXPECT_THROW(Running{spec}, Conflict);
  EXPECT_EQ(Running::engine().inspect("unique").id, container.info.id);
}

TEST(EngineContainer, AMissingImageNamesTheWayOut) {
  const std::string message = message_of([] { Running{ContainerSpec{.image = "debian:sid"}}; });
  EXPECT_NE(message.find("debian:sid"), std::string::npos) << message;
  EXPECT_NE(message.find("devenv image bootstrap"), std::string::npos) << message;
}

TEST(EngineContainer, AMissingBindSourceIsNamed) {
  ContainerSpec spec = idle();
  spec.mounts = {{.type = MountSpec::Type::bind, .source = "/no/such/source", .target = "/data"}};
  const std::string message = message_of([&] { Running{spec}; });
  EXPECT_NE(message.find("/no/such/source"), std::string::npos) << message;
}

TEST(EngineContainer, AFileBoundReadOnlyCannotBeWritten) {
  const std::string file = SmallImage::shared().dir + "/bound";
  replace_file(file, "from the host\n");
  ContainerSpec spec = script("cat /etc/bound; echo x > /etc/bound || echo refused");
  spec.mounts = {{.type = MountSpec::Type::bind, .source = file, .target = "/etc/bound", .read_only = true}};
  Running container(spec);
  container.wait();
  EXPECT_EQ(container.output(), "from the host\nrefused\n");
}

TEST(EngineContainer, AVolumeIsSeededOnceAndOutlivesItsContainers) {
  ContainerSpec spec = script("cat /seeded/file; echo two >> /seeded/file");
  spec.mounts = {{.type = MountSpec::Type::volume, .source = "seedling", .target = "/seeded"}};
  {
    Running first(spec);
    first.wait();
    EXPECT_EQ(first.output(), "one\n");
    EXPECT_THROW(Running::engine().remove_volume("seedling", false), Conflict);
  }
  {
    Running second(spec);
    second.wait();
    EXPECT_EQ(second.output(), "one\ntwo\n");
  }
  Running::engine().remove_volume("seedling", false);
  EXPECT_TRUE(Running::engine().volumes().empty());
}

TEST(EngineContainer, AFrozenStateIsClonedNotShared) {
  {
    ContainerSpec prepare = script("echo prepared > /prepared");
    Running container(prepare);
    container.wait();
    Running::engine().freeze(container.info.id, "test-state");
  }
  ContainerSpec clone = script("cat /prepared; echo changed > /prepared");
  clone.frozen_state = "test-state";
  for (int i = 0; i < 2; ++i) {
    Running container(clone);
    container.wait();
    EXPECT_EQ(container.output(), "prepared\n");
  }
  Running::engine().remove_state("test-state");
  EXPECT_FALSE(Running::engine().has_state("test-state"));
}

TEST(EngineContainer, WhatIsInMemoryCannotBeFrozen) {
  ContainerSpec spec = script("echo lost > /lost");
  spec.in_memory = true;
  Running container(spec);
  container.wait();
  EXPECT_THROW(Running::engine().freeze(container.info.id, "test-state"), Conflict);
  EXPECT_FALSE(Running::engine().has_state("test-state"));
}

TEST(EngineContainer, TrustOfTheHostsCasIsMountedAndLeavesNoTrace) {
  ContainerSpec spec = script("test -s \"$SSL_CERT_FILE\" && echo trusted; ls -a /etc");
  spec.trust_host_cas = true;
  Running container(spec);
  container.wait();
  EXPECT_EQ(container.output().substr(0, 8), "trusted\n");
}

}  // namespace
}  // namespace devenv::engine
