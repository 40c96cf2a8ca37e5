#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include "command_fixture.h"
#include "runtime/base/json.h"

namespace devenv::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

using DetachedCommand = CommandTest;

const std::vector<std::string> kIdle{"small", "sh", "-c",
                                     "trap 'exit 3' TERM; echo up; while :; do sleep 1000 & wait; done"};

std::vector<std::string> idle(std::vector<std::string> flags) {
  flags.insert(flags.end(), kIdle.begin(), kIdle.end());
  return flags;
}

TEST_F(DetachedCommand, LivesFromRunToRm) {
  const Detached container(idle({"--name", "web"}));
  EXPECT_THAT(container.id, MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(container.id.size(), 64u);
  EXPECT_THAT(
      devenv({"ps"}).output,
      MatchesRegex(
          "CONTAINER ID   IMAGE     COMMAND                  CREATED .* STATUS .* PORTS     NAMES\n" +
          container.id.substr(0, 12) + "   small     \"sh -c 'trap 'exit 3\u2026\" .* ago   Up .* web\n"));
  EXPECT_EQ(devenv({"exec", "web", "sh", "-c", "echo in; echo bad >&2; exit 6"}).exit_code, 6);
  EXPECT_EQ(devenv({"exec", "-i", "web", "cat"}, "through").output, "through");
  EXPECT_EQ(devenv({"exec", "-e", "A=1", "-w", "/www", "web", "sh", "-c", "echo $A; pwd"}).output,
            "1\n/www\n");
  EXPECT_EQ(devenv({"exec", "web", "no-such-program"}).exit_code, 127);
  EXPECT_EQ(devenv({"rm", "web"}).exit_code, 1) << "it is running";
  EXPECT_EQ(devenv({"stop", "web"}).output, "web\n");
  EXPECT_THAT(devenv({"ps", "-a"}).output, HasSubstr("Exited (3) "));
  EXPECT_EQ(devenv({"logs", "web"}).output, "up\n");
  EXPECT_EQ(devenv({"exec", "web", "true"}).exit_code, 1);
}

TEST_F(DetachedCommand, LogsFollowsToTheEnd) {
  const Detached container(
      {"small", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.05; done; echo end >&2"});
  const auto followed = devenv({"logs", "-f", container.id});
  EXPECT_EQ(followed.output, "1\n2\n3\n");
  EXPECT_EQ(followed.errors, "end\n");
  EXPECT_EQ(devenv({"logs", "--tail", "2", container.id}).output, "3\n");
  EXPECT_THAT(devenv({"logs", "-t", container.id}).output,
              StartsWith("20"));  // a year
}

TEST_F(DetachedCommand, KillSendsTheSignal) {
  const Detached container(idle({"--name", "victim"}));
  const Deadline deadline = Deadline::after(std::chrono::seconds(20));
  while (devenv({"logs", "victim"}).output != "up\n") ASSERT_FALSE(deadline.passed());
  EXPECT_EQ(devenv({"kill", "-s", "TERM", "victim"}).exit_code, 0);
  EXPECT_EQ(devenv({"wait", "victim"}).output, "3\n");
  EXPECT_EQ(devenv({"kill", "-s", "NOPE", "victim"}).exit_code, 125);
}

TEST_F(DetachedCommand, WithRmItIsGoneAfterItsEnd) {
  const Detached container(idle({"--rm", "--name", "brief"}));
  EXPECT_EQ(devenv({"stop", "brief"}).exit_code, 0);
  EXPECT_EQ(devenv({"ps", "-aq"}).output, "");
}

TEST_F(DetachedCommand, InspectAnswersDockersQuestions) {
  const Detached container(idle({"--name", "seen", "-l", "tier=db", "-e", "A=1"}));
  const auto seen = parse_json(devenv({"inspect", "seen"}).output, "inspect").at(0);
  EXPECT_EQ(seen["Id"], container.id);
  EXPECT_EQ(seen["State"]["Running"], true);
  EXPECT_EQ(seen["Config"]["Labels"]["tier"], "db");
  EXPECT_THAT(devenv({"ps", "-q", "--no-trunc", "-f", "label=tier=db"}).output, container.id + "\n");
  EXPECT_EQ(devenv({"ps", "-q", "-f", "label=tier=web"}).output, "");
  EXPECT_EQ(parse_json(devenv({"image", "inspect", "small"}).output, "inspect").at(0)["RepoTags"].at(0),
            "small:latest");
}

/// What an HTTP server on this loopback port answers to GET /a, without the headers.
std::string fetch(int family, int port) {
  const UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(port));
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  v6.sin6_addr = in6addr_loopback;
  const auto* address =
      family == AF_INET ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  if (connect(fd.get(), address, family == AF_INET ? sizeof v4 : sizeof v6) != 0) return "refused";
  write_all(fd.get(), "GET /a HTTP/1.0\r\n\r\n", "a socket");
  const std::string answer = read_all(fd.get(), "a socket");
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

TEST_F(DetachedCommand, APublishedPortAnswersOnBothLoopbacks) {
  const Detached container({"-p", "80", "--name", "server", "small", "sh", "-c",
                            "httpd -p 80 -h /www && echo up; while :; do sleep 1000; done"});
  const std::string listed = devenv({"port", "server", "80"}).output;
  ASSERT_THAT(listed, MatchesRegex("127.0.0.1:[0-9]+\n\\[::1\\]:[0-9]+\n"));
  const int port = std::stoi(listed.substr(10));
  const Deadline deadline = Deadline::after(std::chrono::seconds(20));
  while (devenv({"logs", "server"}).output != "up\n") ASSERT_FALSE(deadline.passed());
  EXPECT_EQ(fetch(AF_INET, port), "served\n");
  EXPECT_EQ(fetch(AF_INET6, port), "served\n");
  EXPECT_THAT(devenv({"ps"}).output, HasSubstr("->80/tcp, [::1]:"));
  const auto taken = devenv({"run", "--rm", "-p", std::to_string(port) + ":80", "small", "true"});
  EXPECT_EQ(taken.exit_code, 125);
  EXPECT_THAT(taken.errors, HasSubstr(std::to_string(port)));
}

TEST_F(DetachedCommand, ContainersOfANetworkFindEachOtherByName) {
  ASSERT_EQ(devenv({"network", "create", "backend"}).exit_code, 0);
  {
    const Detached server(idle({"--name", "db", "--network", "backend", "--network-alias", "store"}));
    const auto answer = devenv({"run", "--rm", "--network", "backend", "small", "sh", "-c",
                                "ping -c1 -W5 db && ping -c1 -W5 store"});
    EXPECT_EQ(answer.exit_code, 0) << answer.output << answer.errors;
    EXPECT_THAT(devenv({"network", "ls"}).output, HasSubstr("backend   bridge    local\n"));
  }
  EXPECT_EQ(devenv({"network", "rm", "backend"}).output, "backend\n");
  EXPECT_EQ(devenv({"network", "rm", "backend"}).exit_code, 1);
}

TEST_F(DetachedCommand, ANameIsTakenOnce) {
  const Detached container(idle({"--name", "only"}));
  const auto second = devenv({"run", "--rm", "--name", "only", "small", "true"});
  EXPECT_EQ(second.exit_code, 125);
  EXPECT_THAT(second.errors, HasSubstr("only"));
}

}  // namespace
}  // namespace devenv::cli
