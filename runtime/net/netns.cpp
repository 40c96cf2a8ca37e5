#include "netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdlib>

#include "net_settings.h"
#include "netlink.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"

namespace devenv::net {

namespace {

void raise_current_loopback() {
  ifinfomsg link{};
  link.ifi_family = AF_UNSPEC;
  link.ifi_index = 1;  // lo is the first link of every namespace
  link.ifi_flags = link.ifi_change = IFF_UP;
  RouteSocket().send({NetlinkRequest("raise link lo", RTM_NEWLINK, 0, link)});
}

}  // namespace

UniqueFd current_netns() { return open_file("/proc/thread-self/ns/net", O_RDONLY); }

NetnsScope::NetnsScope(int target, int home) : home_(home) {
  check(setns(target, CLONE_NEWNET), "enter a network namespace");
}

NetnsScope::~NetnsScope() {
  if (setns(home_, CLONE_NEWNET) != 0) std::abort();
}

void prepare_holder_netns() {
  write_net_setting("ipv6/conf/all/accept_ra", "0");
  write_net_setting("ipv6/conf/default/accept_ra", "0");
  write_net_setting("ipv6/conf/default/disable_ipv6", "1");
  write_net_setting("ipv4/ip_forward", "0");
  // Frames between two containers are nobody's business; conntrack would only slow them down.
  write_net_setting("bridge/bridge-nf-call-iptables", "0");
  write_net_setting("bridge/bridge-nf-call-ip6tables", "0");
  write_net_setting("bridge/bridge-nf-call-arptables", "0");
  raise_current_loopback();
}

void raise_loopback(int netns, int home) {
  const NetnsScope inside(netns, home);
  raise_current_loopback();
}

}  // namespace devenv::net
