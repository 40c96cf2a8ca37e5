#include "runtime/net/ports.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "devenv/error.h"
#include "runtime/net/listening.h"
#include "tests/net/sockets.h"
#include "tests/support/thrown.h"

namespace devenv::net {
namespace {

using namespace testing;

constexpr Ipv4 kLoopback = Ipv4::of(127, 0, 0, 1);

TEST(Ports, FreePortIsTheSameOnBothLoopbacks) {
  const ReservedPort reserved = reserve_port({});
  EXPECT_NE(reserved.port, 0);
  ASSERT_EQ(reserved.host_ips.size(), reserved.sockets.size());
  EXPECT_EQ(reserved.host_ips.front(), "127.0.0.1");
  for (const auto& socket : reserved.sockets) EXPECT_EQ(port_of(socket), reserved.port);
  EXPECT_EQ(tcp_connect(kLoopback, reserved.port).code, 0);
}

TEST(Ports, TakenPortNamesItsHolderAndAWayOut) {
  const ReservedPort reserved = reserve_port({});
  try {
    reserve_port({.host_port = reserved.port});
    FAIL() << "taken twice";
  } catch (const Conflict& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("127.0.0.1:" + std::to_string(reserved.port)), std::string::npos) << text;
    EXPECT_NE(text.find("process " + std::to_string(getpid()) + " ("), std::string::npos) << text;
    EXPECT_NE(text.find("; choose another host port"), std::string::npos) << text;
  }
}

TEST(Ports, FixedPortIsFreeAgainRightAfterwards) {
  std::uint16_t port = 0;
  {
    const ReservedPort reserved = reserve_port({});
    port = reserved.port;
    const auto client = tcp_connect(kLoopback, port);
    const UniqueFd accepted = accept_one(reserved.sockets.front());  // closes first: TIME_WAIT on our side
  }
  EXPECT_EQ(reserve_port({.host_port = port}).port, port);
}

TEST(Ports, ExplicitAddressOnly) {
  const ReservedPort reserved = reserve_port({.host_ip = "127.0.0.9"});
  EXPECT_EQ(reserved.host_ips, std::vector<std::string>{"127.0.0.9"});
  EXPECT_EQ(tcp_connect(kLoopback, reserved.port).code, ECONNREFUSED);
  EXPECT_THROW(reserve_port({.host_ip = "localhost"}), Error);
  // None of ours.
  EXPECT_EQ(test::thrown_code([] { reserve_port({.host_ip = "192.0.2.1"}); }), EADDRNOTAVAIL);
}

TEST(Ports, UdpAndTcpDoNotClash) {
  const ReservedPort tcp = reserve_port({});
  EXPECT_EQ(reserve_port({.host_port = tcp.port, .udp = true}).port, tcp.port);
}

TEST(Listening, ReadsTheTables) {
  const std::string tcp =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 "
      "100 0\n"
      "   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 "
      "100 0\n"
      "   2: 0201E70A:0051 0301E70A:1234 01 00000000:00000000 00:00000000 00000000     0        0 4244 1 0 "
      "100 0\n"
      "   3: garbage\n"
      "   4: 00000000:99999 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4245\n";
  EXPECT_EQ(parse_proc_net(tcp, false).size(), 3u);
  EXPECT_TRUE(listens_on(tcp, 5432, false));
  EXPECT_FALSE(listens_on(tcp, 80, false));  // loopback only
  EXPECT_FALSE(listens_on(tcp, 81, false));  // a connection
  const std::string tcp6 =
      "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 "
      "1\n"
      "   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 "
      "2\n"
      "   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 "
      "3\n"
      "   3: 0000000000000000FFFF00000201E70A:0053 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 "
      "4\n";
  EXPECT_TRUE(listens_on(tcp6, 0x50, false));
  EXPECT_FALSE(listens_on(tcp6, 0x51, false));
  EXPECT_FALSE(listens_on(tcp6, 0x52, false));
  EXPECT_TRUE(listens_on(tcp6, 0x53, false));
}

TEST(Listening, SeesRealSockets) {
  const UniqueFd any = tcp_listener({INADDR_ANY}, 0), loopback = tcp_listener(kLoopback, 0),
                 udp = udp_socket({INADDR_ANY}, 0);
  EXPECT_TRUE(process_listens_on(getpid(), port_of(any), false));
  EXPECT_FALSE(process_listens_on(getpid(), port_of(any), true));
  EXPECT_FALSE(process_listens_on(getpid(), port_of(loopback), false));
  EXPECT_TRUE(process_listens_on(getpid(), port_of(udp), true));
  EXPECT_FALSE(process_listens_on(999999999, 1, false));
  ListenProbe probe(getpid());
  EXPECT_TRUE(probe.listens_on(port_of(any), false));
  EXPECT_FALSE(probe.listens_on(port_of(any), true));
  EXPECT_FALSE(probe.listens_on(port_of(loopback), false));
  EXPECT_TRUE(probe.listens_on(port_of(udp), true));
  EXPECT_FALSE(probe.listens_on(1, false));
}

TEST(Listening, SeesSocketsOfIPv6) {
  const auto listener = [](const in6_addr& address, bool only_6) {
    UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = only_6;
    EXPECT_EQ(setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
    sockaddr_in6 bound{};
    bound.sin6_family = AF_INET6;
    bound.sin6_addr = address;
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&bound), sizeof bound), 0);
    EXPECT_EQ(listen(fd.get(), 1), 0);
    return fd;
  };
  const auto port_of6 = [](const UniqueFd& fd) {
    sockaddr_in6 bound{};
    socklen_t size = sizeof bound;
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    return ntohs(bound.sin6_port);
  };
  in6_addr mapped{};
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped);
  const UniqueFd any = listener(in6addr_any, true), loopback = listener(in6addr_loopback, true),
                 mapped_loopback = listener(mapped, false);
  ListenProbe probe(getpid());
  EXPECT_TRUE(probe.listens_on(port_of6(any), false));
  EXPECT_FALSE(probe.listens_on(port_of6(loopback), false));
  EXPECT_FALSE(probe.listens_on(port_of6(mapped_loopback), false));
}

}  // namespace
}  // namespace devenv::net
