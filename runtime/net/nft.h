// The packet rules of one network as an nf_tables batch: pure, struct to bytes, with libnftnl. The library
// builds them; the holder, which links no library, applies them with NftSocket of netlink.h.
//
// One table per network, "devenv-<bridge>", so that networks come and go on their own. What it says about
// packets that arrive on the bridge: sources outside the subnet are dropped; TCP to anywhere outside it is
// redirected to the egress port (not on internal networks); everything else to the outside is rejected; to
// the holder itself only DNS at the gateway, redirected TCP and replies get through.
#pragma once

#include <string>

#include "ipv4.h"

namespace devenv::net {

struct NetworkRules {
  std::string bridge;  ///< bridge_name() of the subnet
  Subnet subnet;
  bool internal = false;
  std::uint16_t egress_port = kEgressPort;
};

/// Creates the network's table, replacing one of the same name. Bytes for NftSocket::apply().
std::string network_rules_batch(const NetworkRules& rules);
/// Removes the table; succeeds when there is none.
std::string remove_rules_batch(const std::string& bridge);

}  // namespace devenv::net
