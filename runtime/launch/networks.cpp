#include "networks.h"

#include <fcntl.h>

#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/net/resolv_conf.h"

namespace devenv::launch {

namespace {

constexpr const char* kDefaultNetwork = "default";

UniqueFd duplicate(int fd) {
  return UniqueFd(check(fcntl(fd, F_DUPFD_CLOEXEC, 3), "duplicate a descriptor"));
}

std::string read_host_resolv_conf() {
  try {
    return read_file("/etc/resolv.conf", 1u << 20);
  } catch (const Error&) {
    return {};  // a host without one resolves nothing, and neither do its containers
  }
}

std::vector<std::string> names_of(const SandboxPlan& plan) {
  std::vector<std::string> names;
  if (!plan.name.empty()) names.push_back(plan.name);
  names.insert(names.end(), plan.network.aliases.begin(), plan.network.aliases.end());
  names.push_back(plan.id.substr(0, 12));
  if (!plan.hostname.empty()) names.push_back(plan.hostname);
  return names;
}

UniqueFd open_netns(int pid) { return open_file("/proc/" + std::to_string(pid) + "/ns/net", O_RDONLY); }

}  // namespace

Networks::Networks(EventLoop& loop, UniqueFd host_netns)
    : loop_(loop),
      host_netns_(std::move(host_netns)),
      holder_(loop, duplicate(host_netns_.get())) {}

unsigned Networks::reserve_subnet() {
  if (idle_subnets_.empty()) return subnets_.take().index;
  const unsigned index = idle_subnets_.back();
  idle_subnets_.pop_back();
  return index;
}

void Networks::give_back_subnet(unsigned index) {
  if (idle_.count(index) != 0)
    idle_subnets_.push_back(index);
  else
    subnets_.give_back(net::Subnet{static_cast<std::uint8_t>(index)});
}

const NamedNetwork& Networks::create(NetworkRequest request) {
  if (networks_.count(request.name) != 0)
    throw Conflict("create network " + request.name + ": the name is taken",
                   "choose another, or remove it: devenv network rm " + request.name);
  const std::string name = request.name;
  auto idle = idle_.extract(request.subnet);
  if (!idle.empty() && idle.mapped().request.internal == request.internal) {
    idle.mapped().request = std::move(request);
    return networks_.emplace(name, std::move(idle.mapped())).first->second;
  }
  idle = {};  // its bridge has to go before another takes the subnet
  net::NetworkOptions options;
  options.subnet = net::Subnet{static_cast<std::uint8_t>(request.subnet)};
  options.internal = request.internal;
  options.add_rules = request.add_rules;
  options.remove_rules = request.remove_rules;
  // A holder may live for weeks: it follows the file.
  options.nameservers_now = [] { return net::parse_resolv_conf(read_host_resolv_conf()).nameservers; };
  auto network = std::make_unique<net::Network>(holder_, std::move(options));
  return networks_.emplace(name, NamedNetwork{std::move(request), std::move(network)}).first->second;
}

NamedNetwork* Networks::find(const std::string& name_or_id) {
  const auto found = networks_.find(name_or_id);
  if (found != networks_.end()) return &found->second;
  for (auto& [name, network] : networks_)
    if (name_or_id.size() >= 4 && network.request.id.starts_with(name_or_id)) return &network;
  return nullptr;
}

bool Networks::remove(const std::string& name_or_id) {
  const NamedNetwork* network = find(name_or_id);
  if (network == nullptr) return false;
  if (const std::size_t attached = network->network->attached(); attached > 0)
    throw Conflict("remove network " + name_or_id + ": " +
                       (attached == 1 ? "a container is" : std::to_string(attached) + " containers are") +
                       " on it",
                   "remove that first");
  const unsigned subnet = network->request.subnet;
  idle_.insert_or_assign(subnet, std::move(networks_.extract(network->request.name).mapped()));
  idle_subnets_.push_back(subnet);
  return true;
}

bool Networks::has_user_networks() const { return networks_.size() > networks_.count(kDefaultNetwork); }

Attachment::Attachment(Networks& networks, const SandboxPlan& plan, std::vector<UniqueFd> listeners)
    : networks_(networks), plan_(plan), listeners_(std::move(listeners)) {
  if (plan.network.mode != ContainerNetwork::Mode::bridge) return;
  network_ = networks.find(plan.network.network);
  if (network_ == nullptr)
    throw NotFound("start a container on network " + plan.network.network + ": there is no such network");
}

Attachment::~Attachment() {
  tcp_.clear();
  udp_.clear();
  if (network_ != nullptr && address_) network_->network->release(*address_);
}

void Attachment::connect(int pid) {
  if (plan_.network.mode == ContainerNetwork::Mode::host) return;
  const UniqueFd netns = open_netns(pid);
  if (network_ == nullptr) return networks_.holder().raise_loopback(netns.get());
  address_ = network_->network->attach(netns.get(), names_of(plan_));
  forward();
}

bool Attachment::listens_on(int pid, std::uint16_t port, bool udp) {
  if (!probe_) {
    const UniqueFd netns = open_netns(pid);
    const net::NetnsScope inside(netns.get(), networks_.holder().home_netns());
    probe_.emplace(pid);
  }
  return probe_->listens_on(port, udp);
}

void Attachment::forward() {
  for (std::size_t i = 0; i < listeners_.size() && i < plan_.network.ports.size(); ++i) {
    const PortPlan& port = plan_.network.ports[i];
    std::vector<UniqueFd> sockets;
    sockets.push_back(std::move(listeners_[i]));
    if (port.udp)
      udp_.push_back(std::make_unique<net::UdpForwarder>(networks_.loop(), std::move(sockets), *address_,
                                                         port.container_port));
    else
      tcp_.push_back(std::make_unique<net::TcpForwarder>(networks_.loop(), networks_.holder().pipes(),
                                                         std::move(sockets), *address_, port.container_port));
  }
  listeners_.clear();
}

std::string Attachment::resolv_conf() const {
  if (plan_.network.mode == ContainerNetwork::Mode::host) return read_host_resolv_conf();
  if (network_ == nullptr) return "# no network\n";
  return net::container_resolv_conf(network_->network->subnet(),
                                    net::parse_resolv_conf(read_host_resolv_conf()),
                                    network_->request.internal);
}

std::string Attachment::ip() const { return address_ ? address_->text() : std::string(); }

}  // namespace devenv::launch
