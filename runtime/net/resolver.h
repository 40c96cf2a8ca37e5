// The DNS server of one network, on its gateway's port 53, UDP and TCP. Names of its containers are answered
// here, the rest is asked of the host's nameservers; an internal network knows its own names only and sends
// nothing anywhere (CVE-2024-29018). Single-threaded, never blocks.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acceptor.h"
#include "dns_message.h"
#include "dns_upstream.h"
#include "host_sockets.h"
#include "ipv4.h"

namespace devenv::net {

struct ResolverOptions {
  Ipv4 address;  ///< the gateway
  std::uint16_t port = 53;
  bool internal = false;
  DnsUpstream::Options upstream;
  std::size_t query_limit = 256;      ///< outstanding forwarded queries; more are answered SERVFAIL
  std::size_t connection_limit = 64;  ///< TCP clients
};

/// The names of one network. Pure. Case does not matter; one name may have several addresses.
class NameTable {
 public:
  void add(const std::string& name, Ipv4 address);
  /// All names of the address.
  void remove(Ipv4 address);
  bool knows(const std::string& name) const;
  /// Turned by one at each call, so that clients that take the first spread over all. Empty when unknown.
  std::vector<Ipv4> lookup(const std::string& name);
  std::optional<std::string> name_of(Ipv4 address) const;

 private:
  struct Entry {
    std::vector<Ipv4> addresses;
    std::size_t turn = 0;
  };
  std::map<std::string, Entry> entries_;
  std::map<Ipv4, std::string> first_name_;
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
  class TcpClient;
  using Reply = std::function<void(std::string)>;

  void on_datagram();
  /// Calls `reply` now or later, once, or never when the query deserves none.
  void answer(std::string_view packet, bool tcp, Reply reply);
  std::optional<std::string> answer_locally(const DnsQuestion& question);
  void forward(std::string_view packet, const DnsQuestion& question, bool tcp, Reply reply);
  void accept(UniqueFd connection);

  EventLoop& loop_;
  HostSockets& host_;
  ResolverOptions options_;
  NameTable names_;
  UniqueFd udp_;
  std::list<std::unique_ptr<DnsUpstream>> forwarded_;
  std::list<std::shared_ptr<TcpClient>> clients_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace devenv::net
