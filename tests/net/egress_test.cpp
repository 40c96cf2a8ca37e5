#include "runtime/net/egress.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "devenv/error.h"
#include "runtime/net/netlink.h"
#include "runtime/net/nft.h"
#include "tests/net/namespaces.h"
#include "tests/net/sockets.h"

namespace devenv::net {
namespace {

using namespace testing;

constexpr Ipv4 kInternet = Ipv4::of(203, 0, 113, 5);

TEST(Egress, RefusesDestinationsOfTheHostAndOurOwn) {
  EXPECT_EQ(egress_destination(kInternet, false), kInternet);
  for (const auto refused :
       {Ipv4::of(127, 0, 0, 1), Ipv4::of(127, 255, 0, 1), Ipv4::of(0, 0, 0, 0), Ipv4::of(0, 1, 2, 3),
        Ipv4::of(224, 0, 0, 1), Ipv4::of(255, 255, 255, 255), Ipv4::of(10, 231, 4, 2)})
    EXPECT_EQ(egress_destination(refused, true), std::nullopt) << refused.text();
  EXPECT_EQ(egress_destination(kHostServices, false), std::nullopt);
  EXPECT_EQ(egress_destination(kHostServices, true), Ipv4::of(127, 0, 0, 1));
}

TEST(Egress, ContainerReachesTheInternetThroughTheHost) {
  const FakeHost host;
  add_address_to_loopback(kInternet);
  TestHolder holder;
  const TestContainer container(holder, holder.add_network(1));
  const UniqueFd server = tcp_listener(kInternet, 443);
  inside(container.netns, [&] {
    const auto connection = tcp_connect(kInternet, 443);
    ASSERT_EQ(connection.code, 0);
    const UniqueFd accepted = accept_one(server);
    send_text(connection.fd, "hello");
    EXPECT_EQ(receive_text(accepted, 5), "hello");
    send_text(accepted, "world");
    EXPECT_EQ(receive_text(connection.fd, 5), "world");
    shutdown(connection.fd.get(), SHUT_WR);
    EXPECT_EQ(read_to_end(accepted), 0);
    send_text(accepted, "after the half-close");
    EXPECT_EQ(receive_text(connection.fd, 20), "after the half-close");
  });
}

TEST(Egress, RefusedUpstreamResetsTheContainer) {
  const FakeHost host;
  add_address_to_loopback(kInternet);
  TestHolder holder;
  const TestContainer container(holder, holder.add_network(1));
  inside(container.netns, [&] {
    const auto connection = tcp_connect(kInternet, 81);
    EXPECT_TRUE(resets(connection));
    const auto nowhere = tcp_connect(Ipv4::of(198, 51, 100, 1), 81);  // the host has no route
    EXPECT_TRUE(resets(nowhere));
  });
}

TEST(Egress, InternalNetworkReachesNothingAndFailsFast) {
  const FakeHost host;
  add_address_to_loopback(kInternet);
  TestHolder holder;
  const TestContainer container(holder, holder.add_network(1, true));
  const UniqueFd server = tcp_listener(kInternet, 443);
  inside(container.netns, [&] { EXPECT_EQ(tcp_connect(kInternet, 443).code, ECONNREFUSED); });
  EXPECT_FALSE(readable(server, 0));
}

TEST(Egress, UdpBeyondDnsFailsFast) {
  const FakeHost host;
  TestHolder holder;
  const TestContainer container(holder, holder.add_network(1));
  inside(container.netns, [&] {
    const UniqueFd fd = udp_socket({INADDR_ANY}, 0);
    const sockaddr_in name = kInternet.socket_address(123);
    ASSERT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    ASSERT_EQ(send(fd.get(), "x", 1, 0), 1);
    ASSERT_TRUE(readable(fd));
    char byte;
    EXPECT_EQ(recv(fd.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ENETUNREACH);
  });
}

TEST(Egress, LocalServicesOfTheHolderAreOutOfReach) {
  const FakeHost host;
  TestHolder holder;
  holder.add_network(2);
  const TestContainer container(holder, holder.add_network(1));
  UniqueFd secret, other_gateway;
  inside(holder.netns(), [&] {
    secret = tcp_listener({INADDR_ANY}, 8080);
    other_gateway = udp_socket(Ipv4::of(10, 231, 2, 1), 5353);
  });
  inside(container.netns, [&] {
    const Ipv4 gateway = Subnet{1}.gateway();
    EXPECT_EQ(tcp_connect(gateway, 8080).code, ECONNREFUSED);
    EXPECT_EQ(tcp_connect(gateway, kEgressPort).code, ECONNREFUSED);  // the egress without a redirection
    const UniqueFd fd = udp_socket({INADDR_ANY}, 0);
    send_to(fd, "x", Ipv4::of(10, 231, 2, 1), 5353);
    const auto connection = tcp_connect(Ipv4::of(10, 231, 2, 1), 53);
    EXPECT_TRUE(refuses(connection));
  });
  EXPECT_FALSE(readable(secret, 0));
  EXPECT_FALSE(readable(other_gateway, 0));
}

TEST(Egress, HostServicesOnlyWhenEnabled) {
  const FakeHost host;
  const UniqueFd server = tcp_listener(Ipv4::of(127, 0, 0, 1), 9000);
  for (const bool enabled : {false, true}) {
    TestHolder holder(enabled);
    const TestContainer container(holder, holder.add_network(1));
    inside(container.netns, [&] {
      const auto connection = tcp_connect(kHostServices, 9000);
      if (!enabled) {
        EXPECT_TRUE(resets(connection));
        return;
      }
      ASSERT_EQ(connection.code, 0);
      const UniqueFd accepted = accept_one(server);
      send_text(accepted, "host");
      EXPECT_EQ(receive_text(connection.fd, 4), "host");
    });
  }
}

TEST(Egress, HostLoopbackIsNotReachableThroughOtherAddresses) {
  const FakeHost host;
  const UniqueFd server = tcp_listener({INADDR_ANY}, 9000);
  TestHolder holder(true);
  const TestContainer container(holder, holder.add_network(1));
  inside(container.netns, [&] {
    const auto other_network = tcp_connect(Ipv4::of(10, 231, 77, 1), 9000);
    EXPECT_TRUE(refuses(other_network));
  });
  EXPECT_FALSE(readable(server, 0));
}

TEST(Nft, TablesComeAndGoOnTheirOwn) {
  const FakeHost host;
  TestHolder holder;
  holder.run([] {
    const std::string add = network_rules_batch({"dvbr1", {1}, false});
    const std::string remove = remove_rules_batch("dvbr1");
    NftSocket().apply(remove, "removal");  // of nothing
    NftSocket().apply(add, "rules");
    NftSocket().apply(add, "rules again");
    NftSocket().apply(network_rules_batch({"dvbr2", {2}, true}), "rules of another");
    NftSocket().apply(remove, "removal");
    NftSocket().apply(remove, "removal again");
  });
}

TEST(Nft, AppliesAllOrNothingAndSaysWhatFailed) {
  const FakeHost host;
  TestHolder holder;
  holder.run([] {
    std::string batch = network_rules_batch({"dvbr1", {1}, false});
    EXPECT_THROW(NftSocket().apply(batch.substr(0, batch.size() - 3), "cut rules"), Error);
    const auto at = batch.find("redirect");
    ASSERT_NE(at, std::string::npos);
    batch[at] = 'X';  // the chain is created under another name than its rules use
    try {
      NftSocket().apply(batch, "broken rules");
      FAIL() << "accepted";
    } catch (const SystemError& error) {
      EXPECT_EQ(error.code(), ENOENT);
      EXPECT_NE(std::string(error.what()).find("broken rules"), std::string::npos);
    }
  });
  EXPECT_THROW(network_rules_batch({"", {1}, false}), Error);
  EXPECT_THROW(network_rules_batch({"sixteen-letters!", {1}, false}), Error);
}

}  // namespace
}  // namespace devenv::net
