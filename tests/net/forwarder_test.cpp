#include "runtime/net/forwarder.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <csignal>
#include <thread>

#include "runtime/base/scope_exit.h"
#include "runtime/net/ports.h"
#include "runtime/net/udp_forwarder.h"
#include "tests/net/namespaces.h"
#include "tests/net/sockets.h"

namespace devenv::net {
namespace {

using namespace testing;

constexpr Ipv4 kLoopback = Ipv4::of(127, 0, 0, 1);

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

/// Port 80 of a container, published on a free port of the fake host.
class Published {
 public:
  Published() : container(holder, holder.add_network(1)) {
    ReservedPort reserved = reserve_port({});
    port = reserved.port;
    holder.run([&] {
      forwarder = std::make_unique<TcpForwarder>(holder.loop(), holder.net().pipes(),
                                                 std::move(reserved.sockets), container.address, 80);
    });
  }
  ~Published() { stop(); }
  void stop() {
    holder.run([&] { forwarder.reset(); });
  }
  void serve() {
    inside(container.netns, [&] { server = tcp_listener({INADDR_ANY}, 80); });
  }
  std::size_t connections() {
    std::size_t result = 0;
    holder.run([&] { result = forwarder->connections(); });
    return result;
  }
  /// The loop needs a moment to notice an end.
  bool becomes_idle() {
    const Deadline deadline = Deadline::after(std::chrono::seconds(10));
    while (connections() != 0 && !deadline.passed()) std::this_thread::yield();
    return connections() == 0;
  }

  FakeHost host;
  TestHolder holder;
  TestContainer container;
  std::unique_ptr<TcpForwarder> forwarder;
  UniqueFd server;
  std::uint16_t port = 0;
};

TEST(Forwarder, CarriesBytesBothWaysAndHalfClose) {
  Published published;
  published.serve();
  const auto client = tcp_connect(kLoopback, published.port);
  ASSERT_EQ(client.code, 0);
  const UniqueFd accepted = accept_one(published.server);
  send_text(client.fd, "question");
  EXPECT_EQ(receive_text(accepted, 8), "question");
  shutdown(client.fd.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(accepted), 0);
  send_text(accepted, "answer");
  shutdown(accepted.get(), SHUT_WR);
  EXPECT_EQ(receive_text(client.fd, 100), "answer");
  EXPECT_TRUE(published.becomes_idle());
}

TEST(Forwarder, ContainerSeesTheGatewayNotLoopback) {
  Published published;
  published.serve();
  const auto client = tcp_connect(kLoopback, published.port);
  EXPECT_EQ(peer_of(accept_one(published.server)), Subnet{1}.gateway());
}

TEST(Forwarder, ResetsWhileNothingListensThenConnects) {
  Published published;
  EXPECT_EQ(read_to_end(tcp_connect(kLoopback, published.port).fd), ECONNRESET);
  published.serve();
  const auto client = tcp_connect(kLoopback, published.port);
  send_text(accept_one(published.server), "up");
  EXPECT_EQ(receive_text(client.fd, 2), "up");
}

TEST(Forwarder, ListensOnIpv6Too) {
  Published published;
  published.serve();
  UniqueFd client(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = htons(published.port);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  send_text(accept_one(published.server), "six");
  EXPECT_EQ(receive_text(client, 3), "six");
}

TEST(Forwarder, PassesResetsOnInBothDirections) {
  Published published;
  published.serve();
  for (const bool client_resets : {true, false}) {
    auto client = tcp_connect(kLoopback, published.port);
    UniqueFd accepted = accept_one(published.server);
    send_text(client.fd, "x");
    EXPECT_EQ(receive_text(accepted, 1), "x");
    close_with_reset(std::move(client_resets ? client.fd : accepted));
    EXPECT_EQ(read_to_end(client_resets ? accepted : client.fd), ECONNRESET);
    EXPECT_TRUE(published.becomes_idle());
  }
}

TEST(Forwarder, SlowReaderHoldsTheWriterBack) {
  Published published;
  published.serve();
  const auto client = tcp_connect(kLoopback, published.port);
  const UniqueFd accepted = accept_one(published.server);
  const std::string block(65536, 'x');
  std::size_t sent = 0;
  int misses = 0;
  // Until nothing fits any more: socket buffers on the way plus one pipe, not everything we could produce.
  while (sent < (256u << 20) && misses < 3) {
    const ssize_t count = send(accepted.get(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
      misses = 0;
      continue;
    }
    ++misses;
    readable(published.server, 100);  // nothing comes: a bounded wait for the buffers to settle
  }
  EXPECT_LT(sent, 256u << 20);
  // The other direction is not held up by it, and the holder does not spin or stall.
  send_text(client.fd, "still here");
  EXPECT_EQ(receive_text(accepted, 10), "still here");
  shutdown(accepted.get(), SHUT_WR);
  std::size_t received = 0;
  for (std::string part; !(part = receive_text(client.fd, 65536)).empty();) received += part.size();
  EXPECT_EQ(received, sent);
}

TEST(Forwarder, AThousandConnectionsAtOnce) {
  const rlimit enough{8192, 8192};
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  setrlimit(RLIMIT_NOFILE, &enough);
  const ScopeExit restore([&] { setrlimit(RLIMIT_NOFILE, &before); });
  Published published;
  published.serve();
  std::vector<UniqueFd> clients, accepted;
  for (int i = 0; i < 1000; ++i) {
    auto client = tcp_connect(kLoopback, published.port);
    ASSERT_EQ(client.code, 0) << i;
    clients.push_back(std::move(client.fd));
    accepted.push_back(accept_one(published.server));
  }
  EXPECT_EQ(published.connections(), 1000u);
  for (std::size_t i = 0; i < clients.size(); ++i) send_text(clients[i], "n" + std::to_string(1000 + i));
  for (std::size_t i = 0; i < accepted.size(); ++i)
    EXPECT_EQ(receive_text(accepted[i], 5), "n" + std::to_string(1000 + i));
  // Half of them vanish, the rest must not notice.
  for (std::size_t i = 0; i < clients.size(); i += 2) close_with_reset(std::move(clients[i]));
  for (std::size_t i = 1; i < clients.size(); i += 2) {
    send_text(accepted[i], "ok");
    EXPECT_EQ(receive_text(clients[i], 2), "ok");
  }
  clients.clear();
  accepted.clear();
  EXPECT_TRUE(published.becomes_idle());
}

TEST(Forwarder, OutOfDescriptorsItWaitsInsteadOfSpinning) {
  Published published;
  published.serve();
  auto first = tcp_connect(kLoopback, published.port);
  const UniqueFd first_accepted = accept_one(published.server);
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  std::vector<UniqueFd> fill;
  const rlimit tight{open_descriptors() + 8, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  for (int fd; (fd = dup(0)) >= 0;) fill.emplace_back(fd);
  const sockaddr_in address = kLoopback.socket_address(published.port);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);                         // the backlog
  EXPECT_FALSE(readable(client, 200));  // neither reset nor served
  fill.clear();
  setrlimit(RLIMIT_NOFILE, &before);
  const UniqueFd accepted = accept_one(published.server);
  send_text(accepted, "late");
  EXPECT_EQ(receive_text(client, 4), "late");
}

TEST(Forwarder, DestructionResetsClientsAndLeaksNothing) {
  FakeHost host;
  std::size_t before = 0;
  { Published warm_up; }
  before = open_descriptors();
  {
    Published published;
    published.serve();
    const auto client = tcp_connect(kLoopback, published.port);
    const UniqueFd accepted = accept_one(published.server);
    published.stop();
    EXPECT_EQ(read_to_end(client.fd), ECONNRESET);
    EXPECT_EQ(tcp_connect(kLoopback, published.port).code, ECONNREFUSED);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(UdpForwarder, AnswersReachTheClientThatAsked) {
  const FakeHost host;
  TestHolder holder;
  const TestContainer container(holder, holder.add_network(1));
  ReservedPort reserved = reserve_port({.udp = true});
  const std::uint16_t port = reserved.port;
  UniqueFd server;
  inside(container.netns, [&] { server = udp_socket({INADDR_ANY}, 53); });
  std::unique_ptr<UdpForwarder> forwarder;
  holder.run([&] {
    forwarder =
        std::make_unique<UdpForwarder>(holder.loop(), std::move(reserved.sockets), container.address, 53);
  });
  const UniqueFd one = udp_socket(kLoopback, 0), other = udp_socket(kLoopback, 0);
  send_to(one, "from one", kLoopback, port);
  const Datagram first = receive(server);
  EXPECT_EQ(first.data, "from one");
  EXPECT_EQ(first.from, Subnet{1}.gateway());
  send_to(other, "from other", kLoopback, port);
  const Datagram second = receive(server);
  send_to(server, "to other", second.from, second.port);
  send_to(server, "to one", first.from, first.port);
  EXPECT_EQ(receive(one).data, "to one");
  EXPECT_EQ(receive(other).data, "to other");
  holder.run([&] {
    EXPECT_EQ(forwarder->clients(), 2u);
    forwarder.reset();
  });
}

TEST(UdpForwarder, ForgetsSilentClientsAndBoundsTheirNumber) {
  const FakeHost host;
  TestHolder holder;
  const TestContainer container(holder, holder.add_network(1));
  ReservedPort reserved = reserve_port({.udp = true});
  std::unique_ptr<UdpForwarder> forwarder;
  holder.run([&] {
    forwarder = std::make_unique<UdpForwarder>(holder.loop(), std::move(reserved.sockets), container.address,
                                               53, std::chrono::milliseconds(300));
  });
  for (int i = 0; i < 600; ++i) send_to(udp_socket(kLoopback, 0), "x", kLoopback, reserved.port);
  std::size_t clients = 600;
  const Deadline deadline = Deadline::after(std::chrono::seconds(10));
  holder.run([&] { EXPECT_LE(forwarder->clients(), 512u); });
  while (clients != 0 && !deadline.passed()) holder.run([&] { clients = forwarder->clients(); });
  EXPECT_EQ(clients, 0u);
  holder.run([&] { forwarder.reset(); });
}

}  // namespace
}  // namespace devenv::net
