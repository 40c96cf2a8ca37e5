#include "ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "devenv/error.h"
#include "port_owner.h"
#include "runtime/base/check.h"

namespace devenv::net {

namespace {

constexpr int kFreePortTries = 64;

struct Address {
  std::string text;
  sockaddr_storage storage{};
  socklen_t size = 0;

  void set_port(std::uint16_t port) {
    if (storage.ss_family == AF_INET)
      reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
    else
      reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
  }
};

Address address_of(const std::string& text) {
  Address result{text};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
    std::memcpy(&result.storage, &v4, result.size = sizeof v4);
  else if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1)
    std::memcpy(&result.storage, &v6, result.size = sizeof v6);
  else
    throw Error("publish a port on \"" + text + "\": it is not a numeric IPv4 or IPv6 address");
  return result;
}

struct Bound {
  UniqueFd fd;
  int code = 0;  ///< errno when it failed
};

Bound failed() { return {UniqueFd(), errno}; }

Bound try_bind(const Address& address, bool udp) {
  const int type = (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd fd(socket(address.storage.ss_family, type, 0));
  if (!fd) return failed();
  const int on = 1;
  // Connections of an earlier run that are in TIME_WAIT shall not keep a fixed port.
  if (!udp) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) return failed();
  // Two sockets with SO_REUSEADDR may be bound to one port until one of them listens: listening reserves it.
  if (!udp && listen(fd.get(), SOMAXCONN) != 0) return failed();
  return {std::move(fd), 0};
}

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  check(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), "read the port of a socket");
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

/// EADDRNOTAVAIL: IPv6 is there, but switched off on lo.
bool means_no_ipv6(int code) {
  return code == EAFNOSUPPORT || code == EADDRNOTAVAIL || code == EPROTONOSUPPORT;
}

[[noreturn]] void refuse(const Address& address, const PortRequest& request, int code) {
  const std::string port = std::to_string(request.host_port);
  const std::string where =
      address.storage.ss_family == AF_INET6 ? "[" + address.text + "]:" : address.text + ":";
  const std::string action = "publish port " + where + port + (request.udp ? "/udp" : "");
  if (code == EADDRINUSE) {
    std::string owner = request.owner ? request.owner() : "";
    if (owner.empty() && request.host_port != 0) owner = port_owner(request.host_port, request.udp);
    throw Conflict(action + ": the port is in use" + (owner.empty() ? "" : " by " + owner),
                   "choose another host port, or none to get a free one");
  }
  if (code == EACCES)
    throw SystemError(
        code, action,
        "ports below net.ipv4.ip_unprivileged_port_start (1024) need root; choose a higher one");
  if (code == EADDRNOTAVAIL)
    throw SystemError(code, action, "this machine has no such address; `ip address` lists those it has");
  throw SystemError(code, action);
}

/// All addresses on one port, or nullopt when a later address has the port taken that was free on the first.
std::optional<ReservedPort> try_reserve(const PortRequest& request, std::vector<Address> addresses) {
  ReservedPort result;
  result.port = request.host_port;
  const bool optional_ipv6 = request.host_ip.empty();
  for (Address& address : addresses) {
    address.set_port(result.port);
    Bound bound = try_bind(address, request.udp);
    if (!bound.fd) {
      if (optional_ipv6 && address.storage.ss_family == AF_INET6 && means_no_ipv6(bound.code)) continue;
      if (request.host_port == 0 && bound.code == EADDRINUSE) return std::nullopt;
      refuse(address, request, bound.code);
    }
    if (result.port == 0) result.port = port_of(bound.fd);
    result.host_ips.push_back(address.text);
    result.sockets.push_back(std::move(bound.fd));
  }
  return result;
}

}  // namespace

ReservedPort reserve_port(const PortRequest& request) {
  std::vector<Address> addresses;
  if (request.host_ip.empty()) {
    addresses.push_back(address_of("127.0.0.1"));
    addresses.push_back(address_of("::1"));
  } else {
    addresses.push_back(address_of(request.host_ip));
  }
  for (int tries = 0; tries < kFreePortTries; ++tries)
    if (auto result = try_reserve(request, addresses)) return std::move(*result);
  throw Conflict("publish a port: none was found that is free on both 127.0.0.1 and ::1", "name a host port");
}

}  // namespace devenv::net
