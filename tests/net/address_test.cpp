#include <gtest/gtest.h>

#include <set>

#include "devenv/error.h"
#include "runtime/net/ip_pool.h"
#include "runtime/net/name_table.h"
#include "runtime/net/resolv_conf.h"

namespace devenv::net {
namespace {

TEST(Ipv4, ParsesDottedQuadsOnly) {
  EXPECT_EQ(Ipv4::parse("10.231.0.1"), Ipv4::of(10, 231, 0, 1));
  EXPECT_EQ(Ipv4::of(10, 231, 0, 1).text(), "10.231.0.1");
  for (const char* bad : {"", "10.1", "010.0.0.1.2", "1.2.3.256", "1.2.3.4 ", "::1"})
    EXPECT_FALSE(Ipv4::parse(bad)) << bad;
}

TEST(IpPool, HandsOutEveryAddressOnceAndTheOldestFirst) {
  IpPool pool({4});
  std::set<Ipv4> seen;
  for (int i = 0; i < 253; ++i) EXPECT_TRUE(seen.insert(pool.take()).second);
  EXPECT_EQ(seen.begin()->text(), "10.231.4.2");
  EXPECT_EQ(seen.rbegin()->text(), "10.231.4.254");
  EXPECT_THROW(pool.take(), Error);
  pool.give_back(Ipv4::of(10, 231, 4, 77));
  pool.give_back(Ipv4::of(10, 231, 5, 78));  // of another subnet
  EXPECT_EQ(pool.take(), Ipv4::of(10, 231, 4, 77));
  EXPECT_THROW(pool.take(), Error);
}

TEST(IpPool, DoesNotReuseAnAddressSoon) {
  IpPool pool({0});
  const Ipv4 first = pool.take();
  pool.give_back(first);
  EXPECT_NE(pool.take(), first);
}

TEST(SubnetPool, KeepsTheReservedOne) {
  SubnetPool pool;
  for (int i = 0; i < 255; ++i) EXPECT_NE(pool.take().index, 255);
  EXPECT_THROW(pool.take(), Error);
}

TEST(NameTable, IgnoresCaseAndTrailingDots) {
  NameTable names;
  names.add("Db", Ipv4::of(10, 231, 0, 2));
  names.add("db.", Ipv4::of(10, 231, 0, 2));
  EXPECT_EQ(names.lookup("dB."), std::vector{Ipv4::of(10, 231, 0, 2)});
  EXPECT_EQ(names.name_of(Ipv4::of(10, 231, 0, 2)), "db");
  names.remove(Ipv4::of(10, 231, 0, 2));
  EXPECT_FALSE(names.knows("db"));
  EXPECT_FALSE(names.name_of(Ipv4::of(10, 231, 0, 2)));
}

TEST(ResolvConf, ReadsServersSearchAndOptions) {
  const ResolvConf conf = parse_resolv_conf(
      "# comment\nnameserver 127.0.0.53 ; stub\n\tnameserver fe80::1%eth0\nnameserver\nsearch a.example "
      "b.example\n"
      "options edns0 trust-ad\noptions ndots:2\nnonsense\nsearch c.example");
  EXPECT_EQ(conf.nameservers, (std::vector<std::string>{"127.0.0.53", "fe80::1%eth0"}));
  EXPECT_EQ(conf.search, std::vector<std::string>{"c.example"});
  EXPECT_EQ(conf.options, (std::vector<std::string>{"edns0", "trust-ad", "ndots:2"}));
  EXPECT_EQ(container_resolv_conf({3}, conf, false),
            "nameserver 10.231.3.1\nsearch c.example\noptions edns0 trust-ad ndots:2\n");
  EXPECT_EQ(container_resolv_conf({3}, conf, true), "nameserver 10.231.3.1\n");
}

TEST(ResolvConf, NoneMeansTheLocalServer) {
  EXPECT_EQ(parse_resolv_conf("").nameservers, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(parse_resolv_conf(std::string(100000, 'x')).nameservers.size(), 1u);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "nameserver 1.1.1.1\n";
  EXPECT_EQ(parse_resolv_conf(many).nameservers.size(), 8u);
}

}  // namespace
}  // namespace devenv::net
