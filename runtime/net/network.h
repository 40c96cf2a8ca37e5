// The holder's side of networks put together: what launch needs, in two classes. HolderNet is made once per
// holder, after it unshared its network namespace; a Network is one bridge with its rules, resolver and
// addresses. Single-threaded, never blocks beyond a netlink request.
//
//   HolderNet net(loop, std::move(host_netns_fd));  // in the fresh namespace
//   Network n(net, {.subnet = …, .add_rules = …, .remove_rules = …, .nameservers = …});
//   Ipv4 ip = n.attach(container_netns_fd, {"db", "alias"});
//   TcpForwarder f(loop, net.pipes(), std::move(fds), ip, 5432);
//   … n.release(ip) once the container is gone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge.h"
#include "egress.h"
#include "ip_pool.h"
#include "netns.h"
#include "resolver.h"

namespace devenv::net {

struct NetworkOptions {
  Subnet subnet;  ///< unique in its holder; the batch was made for it
  bool internal = false;
  std::string add_rules;                 ///< network_rules_batch() of nft.h
  std::string remove_rules;              ///< remove_rules_batch()
  std::vector<std::string> nameservers{};  ///< parse_resolv_conf() of the host's
  std::function<std::vector<std::string>()> nameservers_now{};  ///< the same, asked again for each question
  bool host_services = false;            ///< host.docker.internal and host.devenv.internal resolve
};

class HolderNet;

class Network {
 public:
  Network(HolderNet& holder, NetworkOptions options);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  /// Removes bridge and rules.
  ~Network();

  /// Connects the namespace as `interface` and registers the names. Throws SystemError, Error (subnet full).
  Ipv4 attach(int container_netns, const std::vector<std::string>& names,
              const std::string& interface = "eth0", bool default_route = true);
  /// Forgets address and names; the veth pair dies with the container's namespace. Idempotent.
  void release(Ipv4 address);

  Subnet subnet() const { return options_.subnet; }
  bool internal() const { return options_.internal; }
  std::size_t attached() const { return pool_.taken(); }
  NameTable& names() { return resolver_->names(); }

 private:
  void remove() noexcept;

  HolderNet& holder_;
  NetworkOptions options_;
  IpPool pool_;
  int bridge_index_ = 0;
  std::unique_ptr<Resolver> resolver_;
};

class HolderNet {
 public:
  /// `host_services`: see EgressOptions. Ignores SIGPIPE for the process (splice(2) raises it); a child must
  /// set SIG_DFL again before exec.
  HolderNet(EventLoop& loop, UniqueFd host_netns, bool host_services = false);

  EventLoop& loop() { return loop_; }
  PipePool& pipes() { return pipes_; }
  HostSockets& host() { return *host_; }
  RouteSocket& route() { return route_; }
  NftSocket& nft() { return nft_; }
  int home_netns() const { return home_.get(); }
  /// For network "none".
  void raise_loopback(int container_netns) { net::raise_loopback(container_netns, home_.get()); }

 private:
  EventLoop& loop_;
  UniqueFd home_;
  PipePool pipes_;
  std::unique_ptr<HostSockets> host_;
  RouteSocket route_;
  NftSocket nft_;
  std::unique_ptr<Egress> egress_;
};

}  // namespace devenv::net
