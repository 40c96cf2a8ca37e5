#include "runtime/net/resolver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "tests/net/namespaces.h"
#include "tests/net/sockets.h"

namespace devenv::net {
namespace {

using namespace testing;

constexpr Ipv4 kNameserver = Ipv4::of(127, 0, 0, 53), kSilent = Ipv4::of(127, 0, 0, 54);
constexpr Ipv4 kGateway = Subnet{1}.gateway();

std::string ask_udp(const std::string& query) {
  const UniqueFd fd = udp_socket({INADDR_ANY}, 0);
  send_to(fd, query, kGateway, 53);
  return receive(fd).data;
}

std::string with_length(const std::string& message) {
  std::string out{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
  return out + message;
}

std::string receive_message(const UniqueFd& fd) {
  const std::string length = receive_text(fd, 2);
  return length.size() < 2 ? std::string() : receive_text(fd, dns_id(length));
}

unsigned code_of(const std::string& answer) { return static_cast<unsigned char>(answer.at(3)) & 0xf; }
unsigned answers_in(const std::string& answer) { return static_cast<unsigned char>(answer.at(7)); }

/// The addresses at the ends of the answer's A records, which are the last bytes of the message.
std::vector<std::string> addresses_in(const std::string& answer) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < answers_in(answer); ++i) {
    const std::size_t at = answer.size() - 16 * (answers_in(answer) - i) + 12;
    const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(answer.at(at + n)); };
    result.push_back(Ipv4::of(byte(0), byte(1), byte(2), byte(3)).text());
  }
  return result;
}

std::vector<std::string> resolve(const std::string& name) {
  return addresses_in(ask_udp(dns_query(7, name, DnsType::a)));
}

/// Answers the one question it gets with 198.51.100.9.
void serve_once_udp(const UniqueFd& server) {
  const Datagram query = receive(server);
  const auto question = parse_dns_query(query.data);
  ASSERT_TRUE(question);
  send_to(server, dns_answer(*question, DnsCode::no_error, {Ipv4::of(198, 51, 100, 9)}), query.from,
          query.port);
}

class ResolverTest : public ::testing::Test {
 protected:
  Network& network(bool internal = false, std::vector<std::string> nameservers = {kNameserver.text()}) {
    return holder.add_network(1, internal, std::move(nameservers));
  }
  FakeHost host;
  TestHolder holder;
};

TEST_F(ResolverTest, NamesAndAliasesOfContainers) {
  Network& net = network();
  const TestContainer db(holder, net, {"db", "Postgres"}), client(holder, net, {"web"});
  inside(client.netns, [&] {
    EXPECT_EQ(resolve("db"), std::vector{db.address.text()});
    EXPECT_EQ(resolve("DB"), std::vector{db.address.text()});
    EXPECT_EQ(resolve("postgres"), std::vector{db.address.text()});
    EXPECT_EQ(resolve("web"), std::vector{client.address.text()});
    const std::string v6 = ask_udp(dns_query(8, "db", DnsType::aaaa));
    EXPECT_EQ(code_of(v6), 0u);
    EXPECT_EQ(answers_in(v6), 0u);
    const std::string pointer = ask_udp(dns_query(9, "2.1.231.10.in-addr.arpa", DnsType::ptr));
    EXPECT_EQ(answers_in(pointer), 1u);
    EXPECT_NE(pointer.find(std::string("\2db\0", 4)), std::string::npos);
    EXPECT_EQ(code_of(ask_udp(dns_query(9, "77.1.231.10.in-addr.arpa", DnsType::ptr))), 3u);
  });
}

TEST_F(ResolverTest, SharedAliasTurnsAndEndsWithItsContainers) {
  Network& net = network(true);
  const TestContainer one(holder, net, {"db"}), two(holder, net, {"db"}), client(holder, net);
  inside(client.netns, [&] {
    const auto first = resolve("db"), second = resolve("db");
    EXPECT_EQ(first, (std::vector{one.address.text(), two.address.text()}));
    EXPECT_EQ(second, (std::vector{two.address.text(), one.address.text()}));
    holder.run([&] { net.release(one.address); });
    EXPECT_EQ(resolve("db"), std::vector{two.address.text()});
    holder.run([&] { net.release(two.address); });
    EXPECT_EQ(code_of(ask_udp(dns_query(1, "db", DnsType::a))), 3u);
  });
}

TEST_F(ResolverTest, UnknownNamesAreAskedOfTheHostsNameserver) {
  const UniqueFd nameserver = udp_socket(kNameserver, 53);
  const TestContainer client(holder, network());
  std::thread server([&] { serve_once_udp(nameserver); });
  inside(client.netns, [&] {
    const std::string answer = ask_udp(dns_query(4711, "example.com", DnsType::a));
    EXPECT_EQ(dns_id(answer), 4711);
    EXPECT_EQ(addresses_in(answer), std::vector<std::string>{"198.51.100.9"});
  });
  server.join();
}

TEST_F(ResolverTest, NextServerIsAskedWhenOneIsNotThere) {
  const UniqueFd nameserver = udp_socket(kNameserver, 53);
  const TestContainer client(
      holder, network(false, {kSilent.text(), "nonsense", "fe80::1%nolink", kNameserver.text()}));
  std::thread server([&] { serve_once_udp(nameserver); });
  inside(client.netns, [&] { EXPECT_EQ(resolve("example.com").size(), 1u); });
  server.join();
}

TEST_F(ResolverTest, NobodyAnsweringIsAServerFailure) {
  const TestContainer client(holder, network(false, {kSilent.text()}));  // refused at once: nobody listens
  inside(client.netns, [&] { EXPECT_EQ(code_of(ask_udp(dns_query(1, "example.com", DnsType::a))), 2u); });
}

TEST_F(ResolverTest, ForgedAnswersAreIgnored) {
  const UniqueFd nameserver = udp_socket(kNameserver, 53);
  const TestContainer client(holder, network());
  std::thread server([&] {
    const Datagram query = receive(nameserver);
    auto question = parse_dns_query(query.data);
    ASSERT_TRUE(question);
    const auto reply = [&](const std::string& data) { send_to(nameserver, data, query.from, query.port); };
    reply("");
    reply("short");
    reply(with_dns_id(dns_answer(*question, DnsCode::no_error, {Ipv4::of(6, 6, 6, 6)}),
                      static_cast<std::uint16_t>(question->id + 1)));
    const auto other = parse_dns_query(dns_query(question->id, "evil.example", DnsType::a));
    reply(dns_answer(*other, DnsCode::no_error, {Ipv4::of(6, 6, 6, 6)}));
    reply(dns_answer(*question, DnsCode::no_error, {Ipv4::of(198, 51, 100, 9)}));
  });
  inside(client.netns, [&] { EXPECT_EQ(resolve("example.com"), std::vector<std::string>{"198.51.100.9"}); });
  server.join();
}

TEST_F(ResolverTest, InternalNetworkForwardsNothing) {
  const UniqueFd nameserver = udp_socket(kNameserver, 53), tcp = tcp_listener(kNameserver, 53);
  const TestContainer client(holder, network(true), {"me"});
  inside(client.netns, [&] {
    EXPECT_EQ(code_of(ask_udp(dns_query(1, "secret.attacker.example", DnsType::a))), 3u);
    EXPECT_EQ(resolve("me"), std::vector{client.address.text()});
    EXPECT_EQ(code_of(ask_udp(dns_query(1, "host.docker.internal", DnsType::a))), 3u);
  });
  EXPECT_FALSE(readable(nameserver, 0));
  EXPECT_FALSE(readable(tcp, 0));
}

TEST_F(ResolverTest, TcpAnswersSeveralQuestionsAndForwards) {
  const UniqueFd nameserver = tcp_listener(kNameserver, 53);
  const TestContainer client(holder, network(), {"db"});
  std::thread server([&] {
    const UniqueFd connection = accept_one(nameserver);
    const auto question = parse_dns_query(receive_message(connection));
    ASSERT_TRUE(question);
    const std::vector<Ipv4> many(200, Ipv4::of(198, 51, 100, 9));
    send_text(connection, with_length(dns_answer(*question, DnsCode::no_error, many)));
  });
  inside(client.netns, [&] {
    const auto connection = tcp_connect(kGateway, 53);
    ASSERT_EQ(connection.code, 0);
    send_text(connection.fd, with_length(dns_query(1, "db", DnsType::a)) +
                                 with_length(dns_query(2, "big.example", DnsType::a)) +
                                 with_length(dns_query(3, "db", DnsType::aaaa)));
    EXPECT_EQ(addresses_in(receive_message(connection.fd)), std::vector{client.address.text()});
    const std::string big = receive_message(connection.fd);
    EXPECT_EQ(dns_id(big), 2);
    EXPECT_EQ(answers_in(big), 200u);
    EXPECT_EQ(dns_id(receive_message(connection.fd)), 3);
  });
  server.join();
}

TEST_F(ResolverTest, HostilePacketsAreSurvived) {
  const TestContainer client(holder, network(true), {"db"});
  inside(client.netns, [&] {
    const UniqueFd fd = udp_socket({INADDR_ANY}, 0);
    const std::string good = dns_query(1, "db", DnsType::a);
    for (std::size_t size = 0; size < good.size(); ++size) send_to(fd, good.substr(0, size), kGateway, 53);
    for (std::size_t at = 2; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(0xff);
      send_to(fd, bad, kGateway, 53);
    }
    send_to(fd, std::string(12, '\0') + std::string(4000, '\xc0'), kGateway, 53);
    const auto connection = tcp_connect(kGateway, 53);
    send_text(connection.fd, std::string(2, '\0'));
    EXPECT_EQ(read_to_end(connection.fd), 0);
    EXPECT_EQ(resolve("db"), std::vector{client.address.text()});
  });
}

TEST_F(ResolverTest, HostServicesResolveOnlyWhenAsked) {
  Network& with = holder.add_network(1, false, {}, true);
  const TestContainer client(holder, with);
  inside(client.netns,
         [&] { EXPECT_EQ(resolve("host.docker.internal"), std::vector{kHostServices.text()}); });
}

}  // namespace
}  // namespace devenv::net
