#include "netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>

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

/// What the kernel does not have (no IPv6, no bridge netfilter) needs no setting.
void write_setting(const std::string& path, const char* value) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return;
  check(fd.get(), [&] { return "open " + path; });
  check(write(fd.get(), value, std::strlen(value)), [&] { return "write " + path; });
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
  const std::string net = "/proc/sys/net/";
  write_setting(net + "ipv6/conf/all/accept_ra", "0");
  write_setting(net + "ipv6/conf/default/accept_ra", "0");
  write_setting(net + "ipv6/conf/default/disable_ipv6", "1");
  write_setting(net + "ipv4/ip_forward", "0");
  // Frames between two containers are nobody's business; conntrack would only slow them down.
  write_setting(net + "bridge/bridge-nf-call-iptables", "0");
  write_setting(net + "bridge/bridge-nf-call-ip6tables", "0");
  write_setting(net + "bridge/bridge-nf-call-arptables", "0");
  raise_current_loopback();
}

void raise_loopback(int netns, int home) {
  const NetnsScope inside(netns, home);
  raise_current_loopback();
}

}  // namespace devenv::net
