#include "dns_message.h"

#include <algorithm>

#include "devenv/error.h"

namespace devenv::net {

namespace {

constexpr std::size_t kHeader = 12, kLongestName = 255, kLongestLabel = 63;
constexpr std::uint16_t kResponse = 0x8000, kOpcode = 0x7800, kAuthoritative = 0x0400,
                        kRecursionDesired = 0x0100, kRecursionAvailable = 0x0080;
constexpr std::uint16_t kPointerToQuestion = 0xc000 | kHeader;

std::uint16_t read16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

void append16(std::string& out, unsigned value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void append32(std::string& out, std::uint32_t value) {
  append16(out, value >> 16);
  append16(out, value & 0xffff);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct ReadName {
  std::string text;
  std::size_t end;
};

std::optional<ReadName> read_name(std::string_view packet, std::size_t at) {
  const std::size_t start = at;
  std::string text;
  for (;;) {
    if (at >= packet.size()) return std::nullopt;
    const auto length = static_cast<unsigned char>(packet[at++]);
    if (length == 0) break;
    if (length > kLongestLabel || length > packet.size() - at) return std::nullopt;
    if (!text.empty()) text.push_back('.');
    for (const char c : packet.substr(at, length)) {
      // A dot or a zero inside a label would make two different names look alike as text.
      if (c == '.' || c == '\0') return std::nullopt;
      text.push_back(lower(c));
    }
    at += length;
    if (at - start > kLongestName) return std::nullopt;
  }
  return ReadName{std::move(text), at};
}

void append_name(std::string& out, std::string_view name) {
  std::size_t written = 1;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    written += label.size() + 1;
    if (label.empty() || label.size() > kLongestLabel || written > kLongestName)
      throw Error("encode DNS name \"" + std::string(name) + "\": it is not a valid name");
    out.push_back(static_cast<char>(label.size()));
    out.append(label);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out.push_back('\0');
}

/// Header and question; the answers follow.
std::string begin_answer(const DnsQuestion& question, DnsCode code, std::size_t answers, bool authoritative) {
  std::string out;
  append16(out, question.id);
  unsigned flags = kResponse | kRecursionAvailable | static_cast<unsigned>(code);
  if (authoritative) flags |= kAuthoritative;
  if (question.recursion_desired) flags |= kRecursionDesired;
  append16(out, flags);
  append16(out, 1);
  append16(out, static_cast<unsigned>(answers));
  append16(out, 0);
  append16(out, 0);
  return out + question.raw;
}

void append_record(std::string& out, DnsType type, std::uint32_t ttl_s, std::string_view data) {
  append16(out, kPointerToQuestion);
  append16(out, static_cast<unsigned>(type));
  append16(out, 1);
  append32(out, ttl_s);
  append16(out, static_cast<unsigned>(data.size()));
  out.append(data);
}

}  // namespace

std::optional<DnsQuestion> parse_dns_query(std::string_view packet) {
  if (packet.size() < kHeader) return std::nullopt;
  const std::uint16_t flags = read16(packet, 2);
  if ((flags & (kResponse | kOpcode)) != 0 || read16(packet, 4) != 1) return std::nullopt;
  auto name = read_name(packet, kHeader);
  if (!name || packet.size() - name->end < 4) return std::nullopt;
  DnsQuestion question;
  question.id = read16(packet, 0);
  question.recursion_desired = (flags & kRecursionDesired) != 0;
  question.name = std::move(name->text);
  question.type = static_cast<DnsType>(read16(packet, name->end));
  question.dns_class = read16(packet, name->end + 2);
  question.raw = packet.substr(kHeader, name->end + 4 - kHeader);
  return question;
}

bool is_dns_response_to(std::string_view packet, std::uint16_t id, const DnsQuestion& question) {
  if (packet.size() < kHeader || read16(packet, 0) != id || (read16(packet, 2) & kResponse) == 0)
    return false;
  // Some servers answer errors (FORMERR, REFUSED) with the header alone.
  if (read16(packet, 4) == 0) return (read16(packet, 2) & 0xf) != 0;
  const auto name = read_name(packet, kHeader);
  return read16(packet, 4) == 1 && name && packet.size() - name->end >= 4 && name->text == question.name &&
         read16(packet, name->end) == static_cast<std::uint16_t>(question.type) &&
         read16(packet, name->end + 2) == question.dns_class;
}

std::uint16_t dns_id(std::string_view packet) { return read16(packet, 0); }

std::string with_dns_id(std::string_view packet, std::uint16_t id) {
  std::string out;
  append16(out, id);
  return out.append(packet.substr(2));
}

std::string dns_answer(const DnsQuestion& question, DnsCode code, const std::vector<Ipv4>& addresses,
                       std::uint32_t ttl_s, bool authoritative) {
  std::string out = begin_answer(question, code, addresses.size(), authoritative);
  for (const Ipv4 address : addresses) {
    std::string data;
    append32(data, address.value);
    append_record(out, DnsType::a, ttl_s, data);
  }
  return out;
}

std::string dns_pointer_answer(const DnsQuestion& question, const std::string& name, std::uint32_t ttl_s) {
  std::string data;
  append_name(data, name);
  std::string out = begin_answer(question, DnsCode::no_error, 1, true);
  append_record(out, DnsType::ptr, ttl_s, data);
  return out;
}

std::optional<Ipv4> dns_pointer_address(std::string_view name) {
  constexpr std::string_view suffix = ".in-addr.arpa";
  if (!name.ends_with(suffix)) return std::nullopt;
  const auto reversed = Ipv4::parse(name.substr(0, name.size() - suffix.size()));
  if (!reversed) return std::nullopt;
  const std::uint32_t value = reversed->value;
  return Ipv4{value >> 24 | (value >> 8 & 0xff00) | (value << 8 & 0xff0000) | value << 24};
}

std::string dns_query(std::uint16_t id, std::string_view name, DnsType type) {
  std::string out;
  append16(out, id);
  append16(out, kRecursionDesired);
  append16(out, 1);
  out.append(6, '\0');
  append_name(out, name);
  append16(out, static_cast<unsigned>(type));
  append16(out, 1);
  return out;
}

}  // namespace devenv::net
