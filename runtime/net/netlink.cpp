#include "netlink.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "devenv/deadline.h"
#include "devenv/error.h"
#include "runtime/base/check.h"

namespace devenv::net {

namespace {

std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

UniqueFd open_netlink(int protocol, const char* name) {
  UniqueFd fd(check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol),
                    [&] { return std::string("open a netlink socket ") + name; }));
  // Without the copy of the request in each error, the answers of a long batch fit any receive buffer.
  const int on = 1;
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return fd;
}

void send_to_kernel(int fd, std::string_view bytes, const std::string& what) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  check(sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel),
        [&] { return "send " + what; });
}

/// Calls `on_message` for every message waiting; the kernel queued them all before sendto returned.
void read_messages(int fd, const std::string& what,
                   const std::function<void(const nlmsghdr&, std::string_view payload)>& on_message) {
  alignas(nlmsghdr) char buffer[16384];
  for (;;) {
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    check(size, [&] { return "read the answer to " + what; });
    std::size_t at = 0;
    while (at + sizeof(nlmsghdr) <= static_cast<std::size_t>(size)) {
      nlmsghdr header;
      std::memcpy(&header, buffer + at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > static_cast<std::size_t>(size) - at) break;
      on_message(header, {buffer + at + sizeof header, header.nlmsg_len - sizeof header});
      at += aligned(header.nlmsg_len);
    }
  }
}

/// `on_ack` gets the sequence number and the errno, 0 for success.
void read_acks(int fd, const std::string& what, const std::function<void(std::uint32_t, int)>& on_ack) {
  read_messages(fd, what, [&](const nlmsghdr& header, std::string_view payload) {
    int code;
    if (header.nlmsg_type != NLMSG_ERROR || payload.size() < sizeof code) return;
    std::memcpy(&code, payload.data(), sizeof code);
    on_ack(header.nlmsg_seq, -code);
  });
}

/// The first byte of an attribute of a link message, 0 when it is not there.
std::uint8_t link_attribute(std::string_view payload, unsigned short wanted) {
  for (std::size_t at = sizeof(ifinfomsg); at + sizeof(rtattr) < payload.size();) {
    rtattr attribute;
    std::memcpy(&attribute, payload.data() + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > payload.size() - at) return 0;
    if (attribute.rta_type == wanted && attribute.rta_len > sizeof attribute)
      return static_cast<std::uint8_t>(payload[at + sizeof attribute]);
    at += aligned(attribute.rta_len);
  }
  return 0;
}

}  // namespace

NetlinkRequest::NetlinkRequest(std::string action, std::uint16_t type, std::uint16_t flags, const void* body,
                               std::size_t size)
    : action_(std::move(action)) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST | NLM_F_ACK);
  buffer_.assign(reinterpret_cast<const char*>(&header), sizeof header);
  raw(body, size);
}

NetlinkRequest& NetlinkRequest::raw(const void* data, std::size_t size) {
  buffer_.append(static_cast<const char*>(data), size);
  buffer_.resize(aligned(buffer_.size()), '\0');
  return *this;
}

NetlinkRequest& NetlinkRequest::put(std::uint16_t attribute, const void* data, std::size_t size) {
  const rtattr header{static_cast<unsigned short>(sizeof(rtattr) + size), attribute};
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof header);
  return raw(data, size);
}

NetlinkRequest& NetlinkRequest::put_string(std::uint16_t attribute, const std::string& value) {
  return put(attribute, value.c_str(), value.size() + 1);
}

NetlinkRequest& NetlinkRequest::nest(std::uint16_t attribute) {
  open_.push_back(buffer_.size());
  return put(attribute, nullptr, 0);
}

NetlinkRequest& NetlinkRequest::end() {
  const auto length = static_cast<unsigned short>(buffer_.size() - open_.back());
  std::memcpy(buffer_.data() + open_.back(), &length, sizeof length);
  open_.pop_back();
  return *this;
}

std::string NetlinkRequest::bytes(std::uint32_t sequence) const {
  std::string result = buffer_;
  nlmsghdr header;
  std::memcpy(&header, result.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(result.size());
  header.nlmsg_seq = sequence;
  std::memcpy(result.data(), &header, sizeof header);
  return result;
}

RouteSocket::RouteSocket() : fd_(open_netlink(NETLINK_ROUTE, "of rtnetlink")) {}

void RouteSocket::send(const std::vector<NetlinkRequest>& requests) {
  if (requests.empty()) return;
  const std::uint32_t first = sequence_;
  std::string batch;
  for (const auto& request : requests) batch += request.bytes(sequence_++);
  send_to_kernel(fd_.get(), batch, requests.front().action());
  std::vector<int> codes(requests.size(), EPROTO);  // no acknowledgement is a failure too
  read_acks(fd_.get(), requests.front().action(), [&](std::uint32_t sequence, int code) {
    if (sequence - first < codes.size()) codes[sequence - first] = code;
  });
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (codes[i] != 0 && codes[i] != requests[i].accepted_errno())
      throw SystemError(codes[i], requests[i].action());
}

int RouteSocket::link_index(const std::string& name) const {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return 0;
  std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  return ioctl(fd_.get(), SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : 0;
}

bool RouteSocket::carries_packets(int index) {
  ifinfomsg body{};
  body.ifi_index = index;
  NetlinkRequest request("read the state of a link", RTM_GETLINK, 0, body);
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  send_to_kernel(fd_.get(), request.bytes(sequence_++), request.action());
  bool up = false;
  read_messages(fd_.get(), request.action(), [&](const nlmsghdr& header, std::string_view payload) {
    if (header.nlmsg_type == RTM_NEWLINK) up = link_attribute(payload, IFLA_OPERSTATE) == IF_OPER_UP;
  });
  return up;
}

void RouteSocket::settle(int index) {
  const Deadline deadline = Deadline::after(std::chrono::milliseconds(50));
  while (!carries_packets(index) && !deadline.passed()) sched_yield();
}

NftSocket::NftSocket() : fd_(open_netlink(NETLINK_NETFILTER, "of nf_tables")) {}

void NftSocket::apply(std::string_view batch, const std::string& what) {
  std::vector<std::uint32_t> expected;  // sequence numbers of the messages that ask for an acknowledgement
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= batch.size();) {
    nlmsghdr header;
    std::memcpy(&header, batch.data() + at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > batch.size() - at)
      throw Error("apply " + what + ": the batch is malformed at byte " + std::to_string(at));
    if (header.nlmsg_flags & NLM_F_ACK) expected.push_back(header.nlmsg_seq);
    at += aligned(header.nlmsg_len);
  }
  send_to_kernel(fd_.get(), batch, what);
  int failure = 0;
  read_acks(fd_.get(), what, [&](std::uint32_t sequence, int code) {
    if (code != 0 && failure == 0) failure = code;
    std::erase(expected, sequence);
  });
  if (failure != 0)
    throw SystemError(failure, "apply " + what, "the kernel needs nf_tables with nat and redirect");
  if (!expected.empty()) throw Error("apply " + what + ": the kernel did not acknowledge all of it");
}

DiagSocket::DiagSocket() : fd_(open_netlink(NETLINK_SOCK_DIAG, "of sock_diag")) {}

std::vector<std::string> DiagSocket::tcp_listeners(int family, std::uint16_t port) {
  inet_diag_req_v2 body{};
  body.sdiag_family = static_cast<std::uint8_t>(family);
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_states = 1u << TCP_LISTEN;
  body.id.idiag_sport = htons(port);
  const NetlinkRequest request("ask who listens", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, body);
  send_to_kernel(fd_.get(), request.bytes(1), request.action());
  std::vector<std::string> found;
  read_messages(fd_.get(), request.action(), [&](const nlmsghdr& header, std::string_view payload) {
    int code;
    if (header.nlmsg_type == NLMSG_ERROR && payload.size() >= sizeof code) {
      std::memcpy(&code, payload.data(), sizeof code);
      if (code != 0) throw SystemError(-code, request.action());
    }
    inet_diag_msg socket;
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || payload.size() < sizeof socket) return;
    std::memcpy(&socket, payload.data(), sizeof socket);
    found.emplace_back(reinterpret_cast<const char*>(socket.id.idiag_src), family == AF_INET ? 4 : 16);
  });
  return found;
}

}  // namespace devenv::net
