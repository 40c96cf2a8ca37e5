// resolv.conf(5), the part devenv needs. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ipv4.h"

namespace devenv::net {

struct ResolvConf {
  std::vector<std::string> nameservers;  ///< numeric, IPv6 possibly with %scope; in order, at most 8
  std::vector<std::string> search;
  std::vector<std::string> options;
};

/// Unreadable lines are skipped as resolvers do. Stub resolvers such as 127.0.0.53 stay: they are asked from
/// the host's namespace. No nameserver at all means 127.0.0.1, as resolv.conf(5) says.
ResolvConf parse_resolv_conf(std::string_view text);

/// What a container on the network reads in its /etc/resolv.conf: the gateway, and the host's search list and
/// options unless the network is internal.
std::string container_resolv_conf(Subnet subnet, const ResolvConf& host, bool internal);

}  // namespace devenv::net
