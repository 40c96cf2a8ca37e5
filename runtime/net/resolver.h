// The DNS server of one network, on its gateway's port 53, UDP and TCP. Names of its containers are answered
// here, the rest is asked of the host's nameservers; an internal network knows its own names only and sends
// nothing anywhere (CVE-2024-29018). Single-threaded, never blocks.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acceptor.h"
#include "dns_message.h"
#include "dns_stream.h"
#include "dns_upstream.h"
#include "host_sockets.h"
#include "ipv4.h"
#include "name_table.h"

namespace devenv::net {

struct ResolverOptions {
  Ipv4 address;  ///< the gateway
  std::uint16_t port = 53;
  bool internal = false;
  DnsUpstream::Options upstream;
  std::function<std::vector<std::string>()> nameservers_now{};  ///< if any: asked before each forwarded query
  std::size_t query_limit = 256;      ///< outstanding forwarded queries; more are answered SERVFAIL
  std::size_t connection_limit = 64;  ///< TCP clients
};

class Resolver {
 public:
  /// Binds in the current (the holder's) namespace: the bridge must be there. `host` must outlive it.
  Resolver(EventLoop& loop, HostSockets& host, ResolverOptions options);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  NameTable& names() { return names_; }

 private:
  using Reply = std::function<void(std::string)>;

  void on_datagram();
  /// Calls `reply` once, now or later; with nothing when the query deserves no answer.
  void answer(std::string_view packet, bool tcp, const Reply& reply);
  std::optional<std::string> answer_locally(const DnsQuestion& question);
  void forward(std::string_view packet, const DnsQuestion& question, bool tcp, const Reply& reply);
  void accept(UniqueFd connection);

  EventLoop& loop_;
  HostSockets& host_;
  ResolverOptions options_;
  NameTable names_;
  UniqueFd udp_;
  std::list<std::unique_ptr<DnsUpstream>> forwarded_;
  std::list<std::shared_ptr<DnsStream>> clients_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace devenv::net
