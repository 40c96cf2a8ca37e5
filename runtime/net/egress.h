// The way out for containers' TCP: nft.h's rules redirect it here, SO_ORIGINAL_DST says where it wanted to
// go, a socket of the host's namespace connects there, and the two are joined. A failed or late connect
// resets the container's side. One egress serves all networks of a holder. Single-threaded, never blocks.
#pragma once

#include <chrono>
#include <memory>

#include "acceptor.h"
#include "forwarder.h"
#include "host_sockets.h"

namespace devenv::net {

struct EgressOptions {
  std::uint16_t port = kEgressPort;
  /// kHostServices reaches the host's 127.0.0.1 (names host.docker.internal, host.devenv.internal).
  bool host_services = false;
  std::chrono::milliseconds connect_timeout{30000};
  std::size_t connection_limit = 4096;
};

/// Where a container may go: nullopt for loopback, 0/8, multicast, broadcast and devenv's own subnets; the
/// host's loopback for kHostServices when allowed. Pure.
std::optional<Ipv4> egress_destination(Ipv4 wanted, bool host_services);

class Egress {
 public:
  /// Listens in the current (the holder's) network namespace. `host` and `pipes` must outlive it.
  Egress(EventLoop& loop, PipePool& pipes, HostSockets& host, EgressOptions options = {});
  std::size_t connections() const { return pairs_.size(); }

 private:
  void connect_for(UniqueFd container);

  HostSockets& host_;
  EgressOptions options_;
  PairSet pairs_;
  Acceptor acceptor_;
};

}  // namespace devenv::net
