// DNS messages (RFC 1035) as far as a forwarding resolver needs them: header and question are parsed, short
// answers encoded. Pure; hostile bytes are refused, never followed: names are bounded at 255 octets and
// compression pointers are not accepted in questions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipv4.h"

namespace devenv::net {

enum class DnsType : std::uint16_t { a = 1, ptr = 12, aaaa = 28, any = 255 };
enum class DnsCode : std::uint8_t {
  no_error = 0,
  format = 1,
  server_failure = 2,
  no_name = 3,
  not_implemented = 4,
  refused = 5
};

struct DnsQuestion {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;  ///< lower case, labels joined by '.', without the last dot; "" is the root
  DnsType type = DnsType::a;
  std::uint16_t dns_class = 1;
  std::string raw;  ///< the question section as it came, for the answer (its case is kept: 0x20 clients)
};

/// A query with exactly one question. nullopt: not a query, or malformed; drop it.
std::optional<DnsQuestion> parse_dns_query(std::string_view packet);

/// Whether `packet` is a response with this id whose question equals `question`.
bool is_dns_response_to(std::string_view packet, std::uint16_t id, const DnsQuestion& question);

/// The packet with its id replaced. It must have at least 2 bytes.
std::string with_dns_id(std::string_view packet, std::uint16_t id);
std::uint16_t dns_id(std::string_view packet);

/// Answers to `question`; no addresses = an empty answer with `code`.
std::string dns_answer(const DnsQuestion& question, DnsCode code, const std::vector<Ipv4>& addresses = {},
                       std::uint32_t ttl_s = 0, bool authoritative = true);
std::string dns_pointer_answer(const DnsQuestion& question, const std::string& name, std::uint32_t ttl_s = 0);

/// "4.3.2.10.in-addr.arpa" → 10.2.3.4.
std::optional<Ipv4> dns_pointer_address(std::string_view name);

/// A query for `name`; used by tests and probes. Throws Error for a name that is none.
std::string dns_query(std::uint16_t id, std::string_view name, DnsType type);

}  // namespace devenv::net
