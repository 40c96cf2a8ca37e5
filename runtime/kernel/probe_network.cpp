#include "probe_network.h"

#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "syscalls.h"

namespace devenv::kernel {
namespace {

/// Sends one request and returns what the kernel answered: 0 or -errno.
int ask(int protocol, const void* request, std::size_t size) {
  const ScopedFd netlink(negative_errno(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)));
  if (netlink.failed()) return netlink.error();
  if (send(netlink.get(), request, size, 0) < 0) return -errno;
  alignas(nlmsghdr) char answer[8192];
  const ssize_t received = recv(netlink.get(), answer, sizeof answer, 0);
  if (received < 0) return -errno;
  nlmsghdr header;
  if (static_cast<std::size_t>(received) < sizeof header + sizeof(nlmsgerr)) return 0;
  std::memcpy(&header, answer, sizeof header);
  if (header.nlmsg_type != NLMSG_ERROR) return 0;
  nlmsgerr error;
  std::memcpy(&error, answer + NLMSG_HDRLEN, sizeof error);
  return error.error;
}

int make_link(const char* kind) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
    rtattr info;
    rtattr kind;
    char name[8];
  } request{};
  std::memcpy(request.name, kind, std::strlen(kind));
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  request.info = {sizeof(rtattr) * 2 + sizeof request.name, IFLA_LINKINFO};
  // With the zeroes behind the name: the kernel logs what is left over between attributes.
  request.kind = {sizeof(rtattr) + sizeof request.name, IFLA_INFO_KIND};
  return ask(NETLINK_ROUTE, &request, sizeof request);
}

}  // namespace

int make_veth(void*) { return make_link("veth"); }
int make_bridge(void*) { return make_link("bridge"); }

int ask_nftables(void*) {
  struct {
    nlmsghdr header;
    nfgenmsg message;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  return ask(NETLINK_NETFILTER, &request, sizeof request);
}

}  // namespace devenv::kernel
