// A small netlink(7) encoder and socket: rtnetlink requests in batches with every acknowledgement checked,
// the sender for a prepared nf_tables batch, and the question who listens. Static-safe, not thread-safe;
// never blocks for long: the kernel answers before sendmsg returns.
#pragma once

#include <linux/rtnetlink.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::net {

/// One request being built. Attributes are appended in order; nest() … end() may be nested.
class NetlinkRequest {
 public:
  /// `action` names the operation and the link for errors: "create bridge dv0".
  template <class Body>
  NetlinkRequest(std::string action, std::uint16_t type, std::uint16_t flags, const Body& body)
      : NetlinkRequest(std::move(action), type, flags, &body, sizeof body) {}
  NetlinkRequest(std::string action, std::uint16_t type, std::uint16_t flags, const void* body,
                 std::size_t size);

  NetlinkRequest& put(std::uint16_t attribute, const void* data, std::size_t size);
  NetlinkRequest& put_u8(std::uint16_t attribute, std::uint8_t value) { return put(attribute, &value, 1); }
  NetlinkRequest& put_u32(std::uint16_t attribute, std::uint32_t value) { return put(attribute, &value, 4); }
  /// With its terminating zero.
  NetlinkRequest& put_string(std::uint16_t attribute, const std::string& value);
  NetlinkRequest& nest(std::uint16_t attribute);
  NetlinkRequest& end();
  /// Raw bytes without an attribute header (the ifinfomsg inside VETH_INFO_PEER), padded to 4.
  NetlinkRequest& raw(const void* data, std::size_t size);

  /// This errno of the kernel counts as success: EEXIST when creating, ENODEV when deleting.
  NetlinkRequest& accept_errno(int code) {
    accepted_ = code;
    return *this;
  }

  const std::string& action() const { return action_; }
  int accepted_errno() const { return accepted_; }
  /// The finished message with this sequence number.
  std::string bytes(std::uint32_t sequence) const;

 private:
  std::string action_;
  int accepted_ = 0;
  std::string buffer_;
  std::vector<std::size_t> open_;
};

/// NETLINK_ROUTE, bound to the network namespace current at construction.
class RouteSocket {
 public:
  RouteSocket();

  /// Sends all in one system call and checks every acknowledgement. Throws SystemError of the first request
  /// that failed, naming its action; the ones after it were tried all the same (rtnetlink is no transaction).
  void send(const std::vector<NetlinkRequest>& requests);

  /// Index of a link; 0 when there is none.
  int link_index(const std::string& name) const;
  /// Waits (microseconds, at most 50 ms) until a link that was raised carries packets. The kernel finishes a
  /// carrier change in a work queue; what is sent before is lost, and a lost ARP request costs a second.
  /// Asking for the link makes recent kernels finish it at once.
  void settle(int index);

 private:
  bool carries_packets(int index);

  UniqueFd fd_;
  std::uint32_t sequence_ = 1;
};

/// NETLINK_NETFILTER, bound to the network namespace current at construction. To be kept: the close of one
/// that has just removed something waits milliseconds for the kernel to have forgotten it.
class NftSocket {
 public:
  NftSocket();

  /// Applies an nf_tables batch (made by nft.h, or of any other maker) as one transaction: all or nothing.
  /// `what` names it for errors. Throws SystemError of the first failed message.
  void apply(std::string_view batch, const std::string& what);

 private:
  UniqueFd fd_;
};

/// NETLINK_SOCK_DIAG (sock_diag(7)), bound to the network namespace current at construction.
class DiagSocket {
 public:
  DiagSocket();

  /// The local addresses of TCP sockets of `family` (AF_INET, AF_INET6) that listen on `port`: 4 or 16 bytes
  /// each, in network order. Throws SystemError, ENOENT when the kernel has no inet_diag.
  std::vector<std::string> tcp_listeners(int family, std::uint16_t port);

 private:
  UniqueFd fd_;
};

}  // namespace devenv::net
