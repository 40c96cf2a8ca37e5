#include "ipv4.h"

#include <arpa/inet.h>

namespace devenv::net {

std::optional<Ipv4> Ipv4::parse(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return Ipv4{ntohl(address.s_addr)};
}

std::string Ipv4::text() const {
  char buffer[INET_ADDRSTRLEN];
  const in_addr address = network_order();
  return inet_ntop(AF_INET, &address, buffer, sizeof buffer);
}

in_addr Ipv4::network_order() const { return {htonl(value)}; }

sockaddr_in Ipv4::socket_address(std::uint16_t port) const {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr = network_order();
  return address;
}

}  // namespace devenv::net
