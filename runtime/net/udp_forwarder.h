// A published UDP port: datagrams of each client go to the container through a socket of its own, answers go
// back to that client. A client silent for a minute is forgotten; beyond 512 clients the one silent longest.
// Single-threaded, never blocks; what does not fit a socket's buffer is dropped, as UDP does.
#pragma once

#include <list>
#include <map>
#include <string>
#include <vector>

#include "ipv4.h"
#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"

namespace devenv::net {

class UdpForwarder {
 public:
  /// `sockets`: bound in the host's namespace (ports.h).
  UdpForwarder(EventLoop& loop, std::vector<UniqueFd> sockets, Ipv4 target, std::uint16_t port,
               std::chrono::milliseconds idle = std::chrono::minutes(1));
  UdpForwarder(const UdpForwarder&) = delete;
  UdpForwarder& operator=(const UdpForwarder&) = delete;
  ~UdpForwarder();
  std::size_t clients() const { return clients_.size(); }

 private:
  struct Client {
    std::string key;  ///< socket index + raw address
    int host_socket = -1;
    std::string address;  ///< raw sockaddr
    UniqueFd upstream;
    Deadline forget_at = Deadline::never();
  };
  using Clients = std::list<Client>;  ///< the one silent longest first

  void from_host(int socket);
  void from_container(Clients::iterator client);
  Client* client_for(int socket, const std::string& address);
  void touch(Clients::iterator client);
  void forget(Clients::iterator client);
  void sweep();

  EventLoop& loop_;
  std::vector<UniqueFd> sockets_;
  Ipv4 target_;
  std::uint16_t port_;
  std::chrono::milliseconds idle_;
  Clients clients_;
  std::map<std::string, Clients::iterator> by_key_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace devenv::net
