// Small blocking sockets for tests, every wait bounded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"
#include "runtime/net/ipv4.h"

namespace devenv::net::testing {

/// Listens on address:port in the current namespace.
UniqueFd tcp_listener(Ipv4 address, std::uint16_t port);
/// Waits at most 10 s for a connection.
UniqueFd accept_one(const UniqueFd& listener);
/// Blocking connect, 10 s limit. errno in `code` (0: connected).
struct Connected {
  UniqueFd fd;
  int code = 0;
};
Connected tcp_connect(Ipv4 address, std::uint16_t port);

UniqueFd udp_socket(Ipv4 address, std::uint16_t port);
void send_to(const UniqueFd& fd, const std::string& data, Ipv4 address, std::uint16_t port);
struct Datagram {
  std::string data;
  Ipv4 from;
  std::uint16_t port = 0;
};
/// Waits at most 10 s; throws when nothing comes.
Datagram receive(const UniqueFd& fd);

void send_text(const UniqueFd& fd, const std::string& data);
/// Exactly `size` bytes, fewer at end of file.
std::string receive_text(const UniqueFd& fd, std::size_t size);
/// Reads until the end: 0 for an orderly one, else errno (ECONNRESET).
int read_to_end(const UniqueFd& fd);
/// Not connected at all, or connected and reset without a byte: what a proxy can do at most.
bool refuses(const Connected& connection);
/// Accepted and reset without a byte; connect(2) itself says so when it returns only after the reset.
bool resets(const Connected& connection);
Ipv4 peer_of(const UniqueFd& fd);
std::uint16_t port_of(const UniqueFd& fd);
/// Whether `fd` is readable within the time.
bool readable(const UniqueFd& fd, int milliseconds = 10000);

}  // namespace devenv::net::testing
