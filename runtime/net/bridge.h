// Bridges in the holder's network namespace and veth pairs from them into containers. The peer is created
// directly inside the container's namespace, whose death removes the pair. One RouteSocket of the holder's
// namespace serves all calls; not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "ipv4.h"
#include "netlink.h"

namespace devenv::net {

/// "dvbr<index>": the bridge of a subnet.
std::string bridge_name(Subnet subnet);

/// Creates the subnet's bridge, up, with the gateway's address. Returns its index. Throws SystemError; on a
/// throw nothing is left.
int create_bridge(RouteSocket& route, Subnet subnet);

/// Removes it if it is there.
void remove_bridge(RouteSocket& route, Subnet subnet);

struct Attachment {
  int netns = -1;        ///< of the container; borrowed
  int home_netns = -1;   ///< the calling thread's own; borrowed
  int bridge_index = 0;  ///< of create_bridge()
  Subnet subnet;
  Ipv4 address;
  std::string interface = "eth0";
  bool default_route = true;  ///< by the gateway; false for a second network
};

/// Gives the namespace an interface on the bridge, lo up, address and default route; IPv6 is off on the
/// interface, ::1 works. The hardware address follows from the IPv4 address, so that neighbours' caches stay
/// right when an address is used again. Throws SystemError; on a throw the pair is gone.
/// Returns the index of the bridge's end, for detach().
int attach_container(RouteSocket& route, const Attachment& attachment);

/// Removes a pair while its container lives on. Idempotent. Not needed when the container's namespace dies.
void detach_container(RouteSocket& route, int veth_index);

}  // namespace devenv::net
