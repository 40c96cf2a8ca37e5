#include "bridge.h"

#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "net_settings.h"
#include "netns.h"
#include "runtime/base/check.h"
#include "runtime/base/scope_exit.h"

namespace devenv::net {

namespace {

using HardwareAddress = std::array<std::uint8_t, 6>;

/// Locally administered, from the IPv4 address: whoever has the address next has the same one.
HardwareAddress hardware_address(Ipv4 address) {
  const auto byte = [&](unsigned shift) { return static_cast<std::uint8_t>(address.value >> shift); };
  return {0x02, 0xde, byte(24), byte(16), byte(8), byte(0)};
}

ifinfomsg link_body(int index, unsigned flags = 0) {
  ifinfomsg body{};
  body.ifi_family = AF_UNSPEC;
  body.ifi_index = index;
  body.ifi_flags = flags;
  body.ifi_change = flags;
  return body;
}

NetlinkRequest add_address(const std::string& link, int index, Ipv4 address, unsigned prefix) {
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
  body.ifa_scope = RT_SCOPE_UNIVERSE;
  body.ifa_index = static_cast<std::uint32_t>(index);
  const in_addr local = address.network_order();
  const in_addr broadcast = Ipv4{address.value | 0xffu}.network_order();
  NetlinkRequest request("add address " + address.text() + " to " + link, RTM_NEWADDR,
                         NLM_F_CREATE | NLM_F_EXCL, body);
  request.put(IFA_LOCAL, &local, sizeof local).put(IFA_ADDRESS, &local, sizeof local);
  return request.put(IFA_BROADCAST, &broadcast, sizeof broadcast);
}

NetlinkRequest add_default_route(int index, Ipv4 gateway) {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNICAST;
  const in_addr hop = gateway.network_order();
  NetlinkRequest request("add default route by " + gateway.text(), RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
                         body);
  return request.put(RTA_GATEWAY, &hop, sizeof hop).put_u32(RTA_OIF, static_cast<std::uint32_t>(index));
}

NetlinkRequest delete_link(const std::string& name, int index) {
  NetlinkRequest request("delete link " + name, RTM_DELLINK, 0, link_body(index));
  return request.accept_errno(ENODEV);
}

/// Otherwise the kernel makes a queue, with its files in sysfs, for every possible processor.
void one_queue(NetlinkRequest& request) {
  request.put_u32(IFLA_NUM_TX_QUEUES, 1).put_u32(IFLA_NUM_RX_QUEUES, 1);
}

NetlinkRequest create_pair(const Attachment& to, const std::string& name) {
  const HardwareAddress hardware = hardware_address(to.address);
  NetlinkRequest request("create link " + name + " for " + to.address.text(), RTM_NEWLINK,
                         NLM_F_CREATE | NLM_F_EXCL, link_body(0, IFF_UP));
  request.put_string(IFLA_IFNAME, name);
  one_queue(request);
  request.nest(IFLA_LINKINFO).put_string(IFLA_INFO_KIND, "veth").nest(IFLA_INFO_DATA).nest(VETH_INFO_PEER);
  const ifinfomsg peer = link_body(0);
  request.raw(&peer, sizeof peer);
  request.put_string(IFLA_IFNAME, to.interface).put(IFLA_ADDRESS, hardware.data(), hardware.size());
  one_queue(request);
  request.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(to.netns));
  return request.end().end().end();
}

NetlinkRequest join_bridge(const std::string& name, int index, int bridge_index) {
  NetlinkRequest request("make link " + name + " a port of its bridge", RTM_NEWLINK, 0, link_body(index));
  return request.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(bridge_index));
}

/// In the container's namespace. IPv6 goes off before the link comes up, so that no router advertisement of
/// a neighbour can ever configure it.
void configure_inside(const Attachment& to) {
  const NetnsScope inside(to.netns, to.home_netns);
  write_net_setting("ipv6/conf/" + to.interface + "/accept_ra", "0");
  write_net_setting("ipv6/conf/" + to.interface + "/disable_ipv6", "1");
  RouteSocket route;
  const int index = route.link_index(to.interface);
  std::vector<NetlinkRequest> requests;
  requests.emplace_back("raise link lo", RTM_NEWLINK, std::uint16_t{0}, link_body(1, IFF_UP));
  requests.push_back(add_address(to.interface, index, to.address, Subnet::prefix));
  requests.emplace_back("raise link " + to.interface, RTM_NEWLINK, std::uint16_t{0},
                        link_body(index, IFF_UP));
  if (to.default_route) requests.push_back(add_default_route(index, to.subnet.gateway()));
  route.send(requests);
  route.settle(index);
}

}  // namespace

std::string bridge_name(Subnet subnet) { return "dvbr" + std::to_string(subnet.index); }

int create_bridge(RouteSocket& route, Subnet subnet) {
  const std::string name = bridge_name(subnet);
  const HardwareAddress hardware = hardware_address(subnet.gateway());
  NetlinkRequest create("create bridge " + name, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                        link_body(0, IFF_UP));
  // With an address of its own the bridge does not take over that of whichever port comes and goes.
  create.put_string(IFLA_IFNAME, name).put(IFLA_ADDRESS, hardware.data(), hardware.size());
  create.nest(IFLA_LINKINFO).put_string(IFLA_INFO_KIND, "bridge").end();
  route.send({create});
  ScopeExit undo([&] { remove_bridge(route, subnet); });
  const int index = route.link_index(name);
  route.send({add_address(name, index, subnet.gateway(), Subnet::prefix)});
  undo.dismiss();
  return index;
}

void remove_bridge(RouteSocket& route, Subnet subnet) {
  const std::string name = bridge_name(subnet);
  if (const int index = route.link_index(name); index != 0) route.send({delete_link(name, index)});
}

int attach_container(RouteSocket& route, const Attachment& attachment) {
  // The last number of the address makes the name unique on this bridge while the address is in use.
  const std::string name =
      "dv" + std::to_string(attachment.subnet.index) + "." + std::to_string(attachment.address.value & 0xff);
  const std::vector<NetlinkRequest> create{create_pair(attachment, name)};
  try {
    route.send(create);
  } catch (const SystemError& error) {
    // A namespace that is still being torn down may hold the name: the address was given back and came
    // round again.
    const int leftover = error.code() == EEXIST ? route.link_index(name) : 0;
    if (leftover == 0) throw;
    detach_container(route, leftover);
    route.send(create);
  }
  const int index = route.link_index(name);
  ScopeExit undo([&] { detach_container(route, index); });
  configure_inside(attachment);
  // Only now: a port without a carrier yet is taken for ready, then not, then again, a line of the kernel's log each.
  route.send({join_bridge(name, index, attachment.bridge_index)});
  route.settle(index);
  route.settle(attachment.bridge_index);
  undo.dismiss();
  return index;
}

void detach_container(RouteSocket& route, int veth_index) {
  if (veth_index > 0) route.send({delete_link("with index " + std::to_string(veth_index), veth_index)});
}

}  // namespace devenv::net
