#include "runtime/net/dns_message.h"

#include <gtest/gtest.h>

#include <random>

#include "devenv/error.h"

namespace devenv::net {
namespace {

TEST(DnsMessage, ReadsAQuestion) {
  const auto question = parse_dns_query(dns_query(0x1234, "WWW.Example.com", DnsType::aaaa));
  ASSERT_TRUE(question);
  EXPECT_EQ(question->id, 0x1234);
  EXPECT_EQ(question->name, "www.example.com");
  EXPECT_EQ(question->type, DnsType::aaaa);
  EXPECT_TRUE(question->recursion_desired);
}

TEST(DnsMessage, RefusesWhatIsNoQuestion) {
  const std::string good = dns_query(1, "db", DnsType::a);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_dns_query(good.substr(0, size))) << size;
  std::string response = good;
  response[2] = static_cast<char>(0x80);
  EXPECT_FALSE(parse_dns_query(response));
  std::string two = good;
  two[5] = 2;
  EXPECT_FALSE(parse_dns_query(two));
  std::string pointer = good;
  pointer[12] = static_cast<char>(0xc0);  // to itself
  pointer[13] = 12;
  EXPECT_FALSE(parse_dns_query(pointer));
}

TEST(DnsMessage, RefusesNamesThatAreTooLongOrAmbiguous) {
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += std::string("\1a", 2);
  const std::string head = dns_query(1, "", DnsType::a).substr(0, 12);
  const std::string tail("\0\0\1\0\1", 5);
  EXPECT_TRUE(parse_dns_query(head + longest + tail));
  EXPECT_FALSE(parse_dns_query(head + longest + std::string("\1a", 2) + tail));
  EXPECT_FALSE(parse_dns_query(head + std::string("\3a.b", 4) + tail));
  EXPECT_FALSE(parse_dns_query(head + std::string("\1\0", 2) + tail));
  EXPECT_THROW(dns_query(1, "a..b", DnsType::a), Error);
  EXPECT_THROW(dns_query(1, std::string(64, 'a'), DnsType::a), Error);
}

TEST(DnsMessage, KeepsTheCaseOfTheQuestionInItsAnswer) {
  const auto question = parse_dns_query(dns_query(1, "dB", DnsType::a));
  const std::string answer = dns_answer(*question, DnsCode::no_error, {Ipv4::of(10, 231, 0, 2)});
  EXPECT_NE(answer.find("dB"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.size() - 4), std::string("\x0a\xe7\x00\x02", 4));
  EXPECT_TRUE(is_dns_response_to(answer, 1, *question));
  EXPECT_FALSE(is_dns_response_to(answer, 2, *question));
  EXPECT_FALSE(is_dns_response_to(dns_query(1, "db", DnsType::a), 1, *question));
}

TEST(DnsMessage, SurvivesRandomlyBrokenPackets) {
  std::mt19937 random(4711);  // the same every time
  const std::string query = dns_query(1, "www.example.com", DnsType::a);
  const std::string answer =
      dns_answer(*parse_dns_query(query), DnsCode::no_error, {Ipv4::of(10, 231, 0, 2)});
  for (int round = 0; round < 200000; ++round) {
    std::string packet = round % 2 == 0 ? query : answer;
    for (unsigned changes = random() % 4 + 1; changes > 0; --changes)
      packet[random() % packet.size()] = static_cast<char>(random());
    packet.resize(random() % (packet.size() + 8));
    const auto question = parse_dns_query(packet);
    if (!question) continue;
    EXPECT_LE(question->name.size(), 255u);
    EXPECT_TRUE(is_dns_response_to(dns_answer(*question, DnsCode::refused), question->id, *question));
  }
}

TEST(DnsMessage, PointerNames) {
  EXPECT_EQ(dns_pointer_address("4.3.2.10.in-addr.arpa"), Ipv4::of(10, 2, 3, 4));
  EXPECT_FALSE(dns_pointer_address("3.2.10.in-addr.arpa"));
  EXPECT_FALSE(dns_pointer_address("example.com"));
}

}  // namespace
}  // namespace devenv::net
