#include "forwarder.h"

#include <sys/socket.h>

#include <cerrno>

namespace devenv::net {

namespace {
constexpr std::size_t kConnectionLimit = 4096;
constexpr auto kConnectTimeout = std::chrono::seconds(10);
}  // namespace

void PairSet::add(UniqueFd first, UniqueFd second, Deadline connect_by,
                  const std::function<void()>& on_room) {
  const auto place = pairs_.emplace(pairs_.end());
  *place = std::make_unique<SplicePair>(loop_, pipes_, std::move(first), std::move(second), connect_by,
                                        [this, place, on_room] {
                                          const auto room = on_room;  // dies with the pair otherwise
                                          const bool was_full = full();
                                          pairs_.erase(place);
                                          if (was_full) room();
                                        });
}

TcpForwarder::TcpForwarder(EventLoop& loop, PipePool& pipes, std::vector<UniqueFd> listeners, Ipv4 target,
                           std::uint16_t port)
    : target_(target),
      port_(port),
      pairs_(loop, pipes, kConnectionLimit),
      acceptor_(loop, std::move(listeners), [this](UniqueFd client) { connect_for(std::move(client)); }) {}

void TcpForwarder::connect_for(UniqueFd client) {
  UniqueFd upstream(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in address = target_.socket_address(port_);
  if (!upstream ||
      (connect(upstream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
       errno != EINPROGRESS))
    return close_with_reset(std::move(client));
  pairs_.add(std::move(client), std::move(upstream), Deadline::after(kConnectTimeout),
             [this] { acceptor_.resume(); });
  if (pairs_.full()) acceptor_.pause();
}

}  // namespace devenv::net
