#include "udp_forwarder.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace devenv::net {

namespace {
constexpr std::size_t kMostClients = 512;
constexpr std::size_t kLongestDatagram = 65535;
constexpr int kDatagramsPerEvent = 32;
}  // namespace

UdpForwarder::UdpForwarder(EventLoop& loop, std::vector<UniqueFd> sockets, Ipv4 target, std::uint16_t port,
                           std::chrono::milliseconds idle)
    : loop_(loop), sockets_(std::move(sockets)), target_(target), port_(port), idle_(idle) {
  for (const UniqueFd& socket : sockets_)
    loop_.add(socket.get(), EPOLLIN, [this, fd = socket.get()](std::uint32_t) { from_host(fd); });
}

UdpForwarder::~UdpForwarder() {
  if (timer_ != 0) loop_.cancel(timer_);
  while (!clients_.empty()) forget(clients_.begin());
  for (const UniqueFd& socket : sockets_) loop_.remove(socket.get());
}

void UdpForwarder::from_host(int socket) {
  static char buffer[kLongestDatagram];  // too big for a stack frame; one thread only
  for (int count = 0; count < kDatagramsPerEvent; ++count) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof from;
    const ssize_t size =
        recvfrom(socket, buffer, sizeof buffer, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) return;
    const std::string address(reinterpret_cast<const char*>(&from), from_size);
    if (const Client* client = client_for(socket, address))
      send(client->upstream.get(), buffer, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

UdpForwarder::Client* UdpForwarder::client_for(int socket, const std::string& address) {
  const std::string key = std::to_string(socket) + " " + address;
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    touch(found->second);
    return &*found->second;
  }
  if (clients_.size() >= kMostClients) forget(clients_.begin());
  UniqueFd upstream(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in target = target_.socket_address(port_);
  if (!upstream || connect(upstream.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0)
    return nullptr;
  const auto client =
      clients_.emplace(clients_.end(), Client{key, socket, address, std::move(upstream), Deadline::never()});
  by_key_[key] = client;
  loop_.add(client->upstream.get(), EPOLLIN, [this, client](std::uint32_t) { from_container(client); });
  touch(client);
  return &*client;
}

void UdpForwarder::from_container(Clients::iterator client) {
  static char buffer[kLongestDatagram];
  for (int count = 0; count < kDatagramsPerEvent; ++count) {
    const ssize_t size = recv(client->upstream.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    // ECONNREFUSED, while the service is not up yet, is taken off the socket by the read: nothing to pass on.
    if (size < 0) return;
    touch(client);
    sendto(client->host_socket, buffer, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(client->address.data()),
           static_cast<socklen_t>(client->address.size()));
  }
}

void UdpForwarder::touch(Clients::iterator client) {
  client->forget_at = Deadline::after(idle_);
  clients_.splice(clients_.end(), clients_, client);
  if (timer_ == 0) sweep();
}

void UdpForwarder::forget(Clients::iterator client) {
  loop_.remove(client->upstream.get());
  by_key_.erase(client->key);
  clients_.erase(client);
}

void UdpForwarder::sweep() {
  timer_ = 0;
  while (!clients_.empty() && clients_.front().forget_at.passed()) forget(clients_.begin());
  if (!clients_.empty()) timer_ = loop_.at(clients_.front().forget_at, [this] { sweep(); });
}

}  // namespace devenv::net
