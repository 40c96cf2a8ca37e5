// The holder's networks by name, and one container's place on one: address, names, forwarded ports.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan.h"
#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"
#include "runtime/net/forwarder.h"
#include "runtime/net/listening.h"
#include "runtime/net/network.h"
#include "runtime/net/udp_forwarder.h"

namespace devenv::launch {

/// A network as create_network messages carry it. The packet rules were compiled by the client.
struct NetworkRequest {
  std::string id, name;
  bool internal = false;
  unsigned subnet = 0;
  std::string add_rules, remove_rules;
};

struct NamedNetwork {
  NetworkRequest request;
  std::unique_ptr<net::Network> network;
};

class Networks;

/// What a running container holds of its network. Destroying it gives everything back.
class Attachment {
 public:
  Attachment(Networks& networks, const SandboxPlan& plan, std::vector<UniqueFd> listeners);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  ~Attachment();

  /// Connects the namespace of `pid`, then the ports. Throws.
  void connect(int pid);
  /// Whether something in the namespace of `pid` listens on `port` where others reach it. Throws SystemError.
  bool listens_on(int pid, std::uint16_t port, bool udp);
  std::string ip() const;
  /// What the container reads in its /etc/resolv.conf; known before connect().
  std::string resolv_conf() const;

 private:
  void forward();

  Networks& networks_;
  const SandboxPlan& plan_;
  std::vector<UniqueFd> listeners_;
  NamedNetwork* network_ = nullptr;
  std::optional<net::Ipv4> address_;
  std::optional<net::ListenProbe> probe_;
  std::vector<std::unique_ptr<net::TcpForwarder>> tcp_;
  std::vector<std::unique_ptr<net::UdpForwarder>> udp_;
};

class Networks {
 public:
  Networks(EventLoop& loop, UniqueFd host_netns);

  /// One with an idle bridge, if there is any.
  unsigned reserve_subnet();
  void give_back_subnet(unsigned index);

  /// Takes over the reserved subnet. Throws Conflict for a taken name.
  const NamedNetwork& create(NetworkRequest request);
  /// Throws Conflict while containers are on it. False when there is none.
  bool remove(const std::string& name_or_id);
  NamedNetwork* find(const std::string& name_or_id);
  const std::map<std::string, NamedNetwork>& all() const { return networks_; }
  /// Networks that somebody made on purpose.
  bool has_user_networks() const;

  int host_netns() const { return host_netns_.get(); }
  net::HolderNet& holder() { return holder_; }
  EventLoop& loop() { return loop_; }

 private:
  EventLoop& loop_;
  UniqueFd host_netns_;
  net::HolderNet holder_;
  net::SubnetPool subnets_;
  std::map<std::string, NamedNetwork> networks_;
  /// Bridges of removed networks by subnet, kept for the next one: the kernel takes tens of milliseconds to
  /// remove a link (it waits for RCU), which a network per test would pay each time.
  std::map<unsigned, NamedNetwork> idle_;
  std::vector<unsigned> idle_subnets_;  ///< of idle_, those not reserved
};

}  // namespace devenv::launch
