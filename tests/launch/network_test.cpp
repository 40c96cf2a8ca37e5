#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>

#include "launch_fixture.h"
#include "runtime/base/files.h"
#include "runtime/net/ports.h"

namespace devenv::test {
namespace {

class Network : public LaunchTest {
 protected:
  launch::SandboxPlan on(const std::string& network, const std::string& script) {
    auto wanted = shell(script);
    wanted.network.mode = launch::ContainerNetwork::Mode::bridge;
    wanted.network.network = network;
    return wanted;
  }
};

UniqueFd connect_to(int family, std::uint16_t port) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  const int result = family == AF_INET ? connect(socket.get(), reinterpret_cast<sockaddr*>(&v4), sizeof v4)
                                       : connect(socket.get(), reinterpret_cast<sockaddr*>(&v6), sizeof v6);
  return result == 0 ? std::move(socket) : UniqueFd();
}

TEST_F(Network, DefaultOneHasAddressRouteAndNames) {
  const auto wanted = on("default",
                         "ip -4 addr show eth0 | grep -o 'inet [0-9.]*'; ip route | head -1; cat "
                         "/etc/resolv.conf; grep -c $(hostname) /etc/hosts");
  const auto started = holder().start(wanted);
  EXPECT_THAT(started.ip, ::testing::StartsWith("10.231."));
  const std::string out = output(holder(), wanted);
  EXPECT_THAT(out, ::testing::HasSubstr("inet " + started.ip));
  EXPECT_THAT(out, ::testing::HasSubstr("default via 10.231."));
  EXPECT_THAT(out, ::testing::HasSubstr("nameserver 10.231."));
  EXPECT_THAT(out, ::testing::EndsWith("\n1\n"));
}

TEST_F(Network, ContainersReachEachOtherByName) {
  holder().create_network("shop", false);
  auto server = on("shop", "echo ready; while :; do nc -l -p 5000 -e echo served; done");
  server.network.aliases = {"db"};
  holder().start(server);
  const auto log = launch::open_log(server.log_path, holder().follow_log(server.id));
  ASSERT_TRUE(log->next(Deadline::after(std::chrono::seconds(20))).has_value());
  EXPECT_EQ(run(on("shop", "until nc db 5000; do :; done")).out, "served\n");
  EXPECT_THROW(holder().remove_network("shop"), Conflict);
  holder().remove(server.id);
  holder().remove_network("shop");
  holder().remove_network("shop");
}

TEST_F(Network, PublishedPortIsServedOnBothLoopbacks) {
  auto reserved = net::reserve_port({});
  auto server = on("default", "while :; do nc -l -p 80 -e echo hello; done");
  for (std::size_t i = 0; i < reserved.sockets.size(); ++i) server.network.ports.push_back({80, false});
  holder().start(server, std::move(reserved.sockets));
  for (const int family : {AF_INET, AF_INET6}) {
    std::string text;
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    while (text.empty() && !deadline.passed()) {
      // Until nc listens, connections are reset: before or after connect(2) returns.
      const UniqueFd client = connect_to(family, reserved.port);
      char buffer[64];
      const ssize_t got = !client ? -1 : read(client.get(), buffer, sizeof buffer);
      if (got > 0) text.assign(buffer, static_cast<std::size_t>(got));
    }
    EXPECT_EQ(text, "hello\n");
  }
  holder().remove(server.id);
  EXPECT_FALSE(connect_to(AF_INET, reserved.port));
}

TEST_F(Network, UnknownOneIsNotFoundAndLeavesNothing) {
  EXPECT_THROW(holder().start(on("nowhere", "true")), NotFound);
  EXPECT_TRUE(holder().list().empty());
}

TEST_F(Network, HostModeSharesTheHostsNamespace) {
  auto wanted = shell("ls -l /proc/self/ns/net");
  wanted.network.mode = launch::ContainerNetwork::Mode::host;
  const std::string host = std::filesystem::read_symlink("/proc/self/ns/net");
  EXPECT_THAT(run(wanted).out, ::testing::HasSubstr(host));
}

TEST_F(Network, NoneHasLoopbackOnly) {
  EXPECT_EQ(run_shell("ls /sys/class/net; ip addr | grep -c 'inet 127.0.0.1'").out, "lo\n1\n");
}

TEST_F(Network, NamesAreUniqueInAHolder) {
  const auto record = holder().create_network("one", true);
  EXPECT_THROW(holder().create_network("one", false), Conflict);
  ASSERT_EQ(holder().networks().size(), 1u);
  EXPECT_EQ(holder().networks()[0].id, record.id);
  EXPECT_TRUE(holder().networks()[0].internal);
}

}  // namespace
}  // namespace devenv::test
