#include "network.h"

#include <csignal>
#include <utility>

#include "devenv/error.h"
#include "runtime/base/scope_exit.h"

namespace devenv::net {

HolderNet::HolderNet(EventLoop& loop, UniqueFd host_netns, bool host_services)
    : loop_(loop), home_(current_netns()) {
  std::signal(SIGPIPE, SIG_IGN);
  prepare_holder_netns();
  host_ = std::make_unique<SetnsHostSockets>(std::move(host_netns), current_netns());
  egress_ = std::make_unique<Egress>(loop_, pipes_, *host_, EgressOptions{.host_services = host_services});
}

Network::Network(HolderNet& holder, NetworkOptions options)
    : holder_(holder), options_(std::move(options)), pool_(options_.subnet) {
  bridge_index_ = create_bridge(holder_.route(), options_.subnet);
  ScopeExit undo([&] { remove(); });
  const std::string name = bridge_name(options_.subnet);
  holder_.nft().apply(options_.add_rules, "the rules of bridge " + name);
  resolver_ = std::make_unique<Resolver>(holder_.loop(), holder_.host(),
                                         ResolverOptions{.address = options_.subnet.gateway(),
                                                         .internal = options_.internal,
                                                         .upstream = {.nameservers = options_.nameservers},
                                                         .nameservers_now = options_.nameservers_now});
  if (options_.host_services && !options_.internal) {
    names().add("host.docker.internal", kHostServices);
    names().add("host.devenv.internal", kHostServices);
  }
  undo.dismiss();
}

Network::~Network() {
  resolver_.reset();
  remove();
}

void Network::remove() noexcept {
  try {
    remove_bridge(holder_.route(), options_.subnet);
    holder_.nft().apply(options_.remove_rules, "the removal of rules");
  } catch (const std::exception&) {
    // Both die with the holder's namespace in any case.
  }
}

Ipv4 Network::attach(int container_netns, const std::vector<std::string>& names, const std::string& interface,
                     bool default_route) {
  const Ipv4 address = pool_.take();
  ScopeExit undo([&] { pool_.give_back(address); });
  attach_container(holder_.route(), {.netns = container_netns,
                                     .home_netns = holder_.home_netns(),
                                     .bridge_index = bridge_index_,
                                     .subnet = options_.subnet,
                                     .address = address,
                                     .interface = interface,
                                     .default_route = default_route});
  for (const auto& name : names) this->names().add(name, address);
  undo.dismiss();
  return address;
}

void Network::release(Ipv4 address) {
  names().remove(address);
  pool_.give_back(address);
}

}  // namespace devenv::net
