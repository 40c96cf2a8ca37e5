#include "port_spec.h"

#include <arpa/inet.h>

#include <charconv>
#include <optional>

#include "adapters/cli/usage_error.h"

namespace devenv::cli {
namespace {

struct Range {
  std::uint16_t first = 0, last = 0;
  std::size_t count() const { return static_cast<std::size_t>(last - first) + 1; }
};

struct Parts {
  std::string ip, host, container, protocol = "tcp";
};

UsageError bad(const std::string& text, const std::string& reason) {
  return UsageError(
      "read port \"" + text + "\": " + reason,
      "the form is [IP:][HOST:]CONTAINER[/tcp|udp], as in -p 8080:80, -p 80 or -p [::1]:8080:80");
}

std::optional<std::uint16_t> number(const std::string& text) {
  std::uint16_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

Range parse_range(const std::string& whole, const std::string& text) {
  const std::size_t dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : number(text.substr(dash + 1));
  if (!first || !last) throw bad(whole, "\"" + text + "\" is no port between 1 and 65535");
  if (*last < *first) throw bad(whole, "the range " + text + " runs backwards");
  return {*first, *last};
}

/// Splits from the right, so that an IPv6 address in brackets keeps its colons.
Parts split(const std::string& text) {
  Parts parts;
  std::string rest = text;
  if (const std::size_t slash = rest.find('/'); slash != std::string::npos) {
    parts.protocol = rest.substr(slash + 1);
    rest.resize(slash);
  }
  const std::size_t container = rest.rfind(':');
  parts.container = container == std::string::npos ? rest : rest.substr(container + 1);
  if (container == std::string::npos) return parts;
  rest.resize(container);
  if (rest.ends_with(']')) {
    throw bad(text, "an address needs a host port part after it, which may be empty: " + rest +
                        "::" + parts.container);
  }
  const std::size_t host = rest.rfind(':');
  parts.host = host == std::string::npos ? rest : rest.substr(host + 1);
  if (host == std::string::npos) return parts;
  parts.ip = rest.substr(0, host);
  if (parts.ip.empty()) throw bad(text, "the address before the first colon is empty");
  return parts;
}

std::string checked_address(const std::string& whole, std::string ip) {
  if (ip.empty()) return ip;
  const bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  unsigned char buffer[16];
  if (inet_pton(bracketed ? AF_INET6 : AF_INET, ip.c_str(), buffer) == 1) return ip;
  if (!bracketed && inet_pton(AF_INET6, ip.c_str(), buffer) == 1)
    throw bad(whole, "an IPv6 address goes in brackets");
  throw bad(whole, "\"" + ip + "\" is no IP address");
}

Protocol checked_protocol(const std::string& whole, const std::string& name) {
  if (name == "tcp") return Protocol::tcp;
  if (name == "udp") return Protocol::udp;
  throw bad(whole, "protocol \"" + name + "\" is neither tcp nor udp");
}

}  // namespace

std::vector<PortMapping> parse_port_spec(const std::string& text) {
  if (text.empty()) throw bad(text, "it is empty");
  const Parts parts = split(text);
  PortMapping mapping{.host_ip = checked_address(text, parts.ip),
                      .protocol = checked_protocol(text, parts.protocol)};
  if (parts.container.empty()) throw bad(text, "the container's port is missing");
  const Range container = parse_range(text, parts.container);
  std::optional<Range> host;
  if (!parts.host.empty()) host = parse_range(text, parts.host);
  if (host && host->count() != container.count())
    throw bad(text, "the two ranges differ in length, " + std::to_string(host->count()) + " and " +
                        std::to_string(container.count()));
  std::vector<PortMapping> mappings;
  for (unsigned i = 0; i < container.count(); ++i) {
    mapping.container_port = static_cast<std::uint16_t>(container.first + i);
    mapping.host_port = static_cast<std::uint16_t>(host ? host->first + i : 0);
    mappings.push_back(mapping);
  }
  return mappings;
}

PortMapping parse_container_port(const std::string& text) {
  const auto mappings = parse_port_spec(text);
  if (mappings.size() != 1 || text.find(':') != std::string::npos)
    throw UsageError("read port \"" + text + "\": one port of the container is wanted", "as in 80 or 53/udp");
  return mappings.front();
}

}  // namespace devenv::cli
