// IPv4 addresses and the /24 subnets devenv's networks use. Values; pure.
#pragma once

#include <netinet/in.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace devenv::net {

struct Ipv4 {
  std::uint32_t value = 0;  ///< host byte order

  static constexpr Ipv4 of(unsigned a, unsigned b, unsigned c, unsigned d) {
    return {(a << 24) | (b << 16) | (c << 8) | d};
  }
  /// Dotted quad exactly as inet_pton(3) reads it; nullopt for anything else.
  static std::optional<Ipv4> parse(std::string_view text);

  std::string text() const;
  in_addr network_order() const;
  sockaddr_in socket_address(std::uint16_t port) const;
  auto operator<=>(const Ipv4&) const = default;
};

/// A network of devenv: 10.231.<index>.0/24, its gateway .1.
struct Subnet {
  std::uint8_t index = 0;  ///< 0..254; 255 is reserved for kHostServices

  static constexpr unsigned prefix = 24;
  constexpr Ipv4 base() const { return Ipv4::of(10, 231, index, 0); }
  constexpr Ipv4 gateway() const { return Ipv4::of(10, 231, index, 1); }
  constexpr bool contains(Ipv4 address) const { return (address.value & 0xffffff00u) == base().value; }
  std::string text() const { return base().text() + "/24"; }
};

/// True for 10.231.0.0/16: everything devenv ever hands out.
constexpr bool is_ours(Ipv4 address) { return (address.value >> 16) == (10u << 8 | 231u); }

/// Stands for the host's own loopback inside containers; only the egress gives it a meaning.
inline constexpr Ipv4 kHostServices = Ipv4::of(10, 231, 255, 254);

/// Where the egress listens in the holder's (private) network namespace.
inline constexpr std::uint16_t kEgressPort = 15001;

}  // namespace devenv::net
