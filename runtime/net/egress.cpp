#include "egress.h"

#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "devenv/error.h"
#include "runtime/base/check.h"

namespace devenv::net {

namespace {

std::vector<UniqueFd> listen_on(std::uint16_t port) {
  const auto what = [&] { return "listen on port " + std::to_string(port) + " for the egress"; };
  UniqueFd fd(check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), what));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Redirection sends packets to the address of the bridge they arrived on, whichever that is.
  const sockaddr_in any = Ipv4{INADDR_ANY}.socket_address(port);
  check(bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), what);
  check(listen(fd.get(), SOMAXCONN), what);
  std::vector<UniqueFd> result;
  result.push_back(std::move(fd));
  return result;
}

/// Where the container wanted to go before the redirection; nullopt when it was not redirected.
std::optional<sockaddr_in> original_destination(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, &address, &size) != 0) return std::nullopt;
  return address;
}

}  // namespace

std::optional<Ipv4> egress_destination(Ipv4 wanted, bool host_services) {
  if (wanted == kHostServices && host_services) return Ipv4{INADDR_LOOPBACK};
  const std::uint32_t first = wanted.value >> 24;
  const bool multicast_or_reserved = first >= 224;
  if (first == 0 || first == 127 || multicast_or_reserved || is_ours(wanted)) return std::nullopt;
  return wanted;
}

Egress::Egress(EventLoop& loop, PipePool& pipes, HostSockets& host, EgressOptions options)
    : host_(host),
      options_(options),
      pairs_(loop, pipes, options.connection_limit),
      acceptor_(loop, listen_on(options.port),
                [this](UniqueFd container) { connect_for(std::move(container)); }) {}

void Egress::connect_for(UniqueFd container) {
  const auto wanted = original_destination(container.get());
  const auto target =
      wanted ? egress_destination({ntohl(wanted->sin_addr.s_addr)}, options_.host_services) : std::nullopt;
  if (!target) return close_with_reset(std::move(container));
  UniqueFd upstream;
  try {
    upstream = host_.open(AF_INET, SOCK_STREAM);
  } catch (const Error&) {
    return close_with_reset(std::move(container));
  }
  const sockaddr_in address = target->socket_address(ntohs(wanted->sin_port));
  if (connect(upstream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS)
    return close_with_reset(std::move(container));
  pairs_.add(std::move(container), std::move(upstream), Deadline::after(options_.connect_timeout),
             [this] { acceptor_.resume(); });
  if (pairs_.full()) acceptor_.pause();
}

}  // namespace devenv::net
