// Reserves published ports on the host before a container starts: binds and listens, so that nobody else can
// have them. The descriptors are then passed to the holder's forwarder. Library side; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::net {

struct PortRequest {
  std::string host_ip;          ///< empty: 127.0.0.1 and ::1; else numeric IPv4 or IPv6
  std::uint16_t host_port = 0;  ///< 0: one that is free on all addresses
  bool udp = false;
  /// Who has host_port, asked when it is taken; empty answer: /proc is asked for the process.
  std::function<std::string()> owner = {};
};

struct ReservedPort {
  std::uint16_t port = 0;
  std::vector<std::string> host_ips;  ///< the addresses bound, in the order of `sockets`
  std::vector<UniqueFd> sockets;      ///< nonblocking, close-on-exec; TCP ones already listen
};

/// Throws Conflict naming who has a taken port, SystemError (EACCES for a privileged
/// port, with a way out), Error for a host_ip that is no address. On a machine without IPv6 only IPv4 is
/// bound.
ReservedPort reserve_port(const PortRequest& request);

}  // namespace devenv::net
