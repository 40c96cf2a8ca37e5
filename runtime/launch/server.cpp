#include "server.h"

#include <linux/capability.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>

#include "codec.h"
#include "container.h"
#include "plan_codec.h"
#include "runtime/base/check.h"
#include "runtime/kernel/device_filter.h"
#include "runtime/kernel/systemd_unit.h"
#include "session.h"
#include "systemd_scope.h"

namespace devenv::launch {

namespace {

// Between two commands of a script nobody wants to wait for a new holder.
constexpr auto kIdleTime = std::chrono::seconds(1);

UniqueFd try_device_filter(const kernel::CgroupLayout& cgroups) {
  if (cgroups.v2.empty()) return {};
  try {
    return kernel::load_device_filter();
  } catch (const SystemError&) {
    return {};
  }
}

/// What this process ends with, for a person. A scope is that of a login, which ends its processes only where the
/// administrator wants that (KillUserProcesses=yes), or some other program's.
std::string ends_with(const std::string& why_no_scope) {
  const kernel::SystemdUnit unit = kernel::own_unit();
  if (why_no_scope.empty() || !unit.is_service()) return {};
  return unit.name + ", where its holder was started, since " + why_no_scope;
}

Message ok() {
  Message message;
  message.type = MessageType::ok;
  return message;
}

}  // namespace

Server::Server(ServerOptions options, UniqueFd owner, UniqueFd owner_process, UniqueFd host_netns,
               Janitor& janitor)
    : options_(std::move(options)),
      dir_(session_dir(options_.runtime_dir, options_.session_id)),
      cgroups_(kernel::detect_cgroups()),
      cgroup_hierarchies_(kernel::cgroup_hierarchies(cgroups_)),
      limit_left_behind_(kernel::limit_left_behind(cgroups_)),
      device_filter_(try_device_filter(cgroups_)),
      networks_(loop_, std::move(host_netns)),
      janitor_(janitor),
      clients_(
          loop_, [this](Request& request) { handle(request); },
          [this](std::uint64_t client) { client_gone(client); }),
      owner_process_(std::move(owner_process)) {
  clients_.listen(control_path(dir_));
  owner_ = clients_.add(std::move(owner));
  // The socket alone does not tell: a child forked by the owner may hold a copy of it.
  if (owner_process_) loop_.add(owner_process_.get(), EPOLLIN, [this](std::uint32_t) { shut_down(); });
  if (options_.detached) watch_signals();
}

Server::~Server() = default;

void Server::handle(Request& request) {
  if (shutting_down_)
    return reply_error(request.from, ErrorKind::error, "ask the devenv holder: it is shutting down");
  switch (request.message.type) {
    case MessageType::hello:
      return reply(request.from, ok(),
                   Encoder()
                       .put(scratch_path(options_.store_dir, options_.resources))
                       .put(options_.detached ? ends_with(options_.why_no_scope) : std::string())
                       .bytes());
    case MessageType::reserve_subnet:
      return reserve_subnet(request);
    case MessageType::create_network:
      return create_network(request);
    case MessageType::list_networks:
      return list_networks(request);
    case MessageType::remove_network:
      networks_.remove(request.message.text);
      consider_idle();
      return reply(request.from, ok());
    case MessageType::start:
      return start(request);
    case MessageType::list:
      return list(request);
    default:
      return handle_container(request);
  }
}

void Server::handle_container(Request& request) {
  const Message& message = request.message;
  if (message.type == MessageType::remove && containers_.count(message.id) == 0) {
    Message none = ok();
    none.value = 1;
    return reply(request.from, none);
  }
  Container& container = find(message.id);
  switch (message.type) {
    case MessageType::exec:
      return exec(request);
    case MessageType::inspect:
      return inspect(request);
    case MessageType::wait:
      return container.wait(request.from);
    case MessageType::wait_exec:
      return container.wait_exec(request.from, message.number);
    case MessageType::signal:
      container.signal(message.number, message.value);
      return reply(request.from, ok());
    case MessageType::attach_input:
      return container.attach_input(request.from);
    case MessageType::listening:
      return container.listening(request.from, static_cast<std::uint16_t>(message.number),
                                 message.flags != 0);
    case MessageType::follow_log:
      if (!request.fds.empty()) container.follow_log(std::move(request.fds[0]));
      return reply(request.from, ok());
    case MessageType::remove:
      return container.remove(request.from);
    default:
      throw Error("ask the devenv holder: it does not know this request; restart it");
  }
}

Container& Server::find(const std::string& id) {
  const auto found = containers_.find(id);
  if (found == containers_.end())
    throw NotFound("find container " + id.substr(0, 12) + ": its holder has none of that id");
  return *found->second;
}

void Server::start(Request& request) {
  if (stopping_) throw Error("start a container: its holder is stopping all it has");
  SandboxPlan plan = decode_plan(request.payload);
  if (device_filter() < 0 && !plan.privileged) plan.capabilities &= ~(std::uint64_t{1} << CAP_MKNOD);
  const std::string id = plan.id;
  if (id.empty() || id.find('/') != std::string::npos || containers_.count(id) != 0)
    throw Conflict("start container " + id + ": the id is taken or malformed");
  for (const auto& [other_id, other] : containers_)
    if (!plan.name.empty() && other->plan().name == plan.name)
      throw Conflict("start container " + plan.name + ": the name is taken by container " +
                     other_id.substr(0, 12) + "; remove it or choose another");
  // The janitor deletes scratch directories: only what is ours may be called one.
  if (!plan.scratch_dir.empty() &&
      plan.scratch_dir != scratch_path(options_.store_dir, options_.resources) + "/" + id)
    throw Error("start container " + plan.name + ": " + plan.scratch_dir +
                " is not this session's scratch directory");
  std::vector<UniqueFd> listeners, kept;
  for (UniqueFd& fd : request.fds)
    (listeners.size() < request.message.number ? listeners : kept).push_back(std::move(fd));
  auto container = std::make_unique<Container>(*this, std::move(plan), std::move(listeners), std::move(kept),
                                               request.from);
  try {
    container->start();
  } catch (...) {
    container->remove_files();
    throw;
  }
  containers_.emplace(id, std::move(container));
}

void Server::exec(Request& request) {
  find(request.message.id)
      .exec(request.from, decode_process(request.payload), request.message.flags, std::move(request.fds));
}

void Server::list(Request& request) {
  Encoder out;
  out.put(containers_.size());
  for (const auto& [id, container] : containers_) container->describe(out);
  reply(request.from, ok(), out.bytes());
}

void Server::inspect(Request& request) {
  const Container& container = find(request.message.id);
  Encoder out;
  container.describe(out);
  out.put(encode(container.plan().process));
  reply(request.from, ok(), out.bytes());
}

void Server::reserve_subnet(Request& request) {
  Message message = ok();
  message.number = networks_.reserve_subnet();
  reserved_subnets_.emplace(request.from.client, static_cast<unsigned>(message.number));
  reply(request.from, message);
}

void Server::create_network(Request& request) {
  Decoder in(request.payload);
  NetworkRequest network;
  network.id = in.text();
  network.name = in.text();
  network.internal = in.flag();
  network.subnet = static_cast<unsigned>(in.number());
  network.add_rules = in.text();
  network.remove_rules = in.text();
  auto [first, last] = reserved_subnets_.equal_range(request.from.client);
  while (first != last && first->second != network.subnet) ++first;
  if (first == last) throw Error("create network " + network.name + ": its subnet was not reserved");
  networks_.create(std::move(network));
  reserved_subnets_.erase(first);
  reply(request.from, ok());
}

void Server::list_networks(Request& request) {
  Encoder out;
  out.put(networks_.all().size());
  for (const auto& [name, network] : networks_.all()) {
    const net::Subnet subnet = network.network->subnet();
    out.put(network.request.id)
        .put(name)
        .put(subnet.text())
        .put(subnet.gateway().text())
        .put(network.request.internal);
  }
  reply(request.from, ok(), out.bytes());
}

void Server::client_gone(std::uint64_t client) {
  for (auto [first, last] = reserved_subnets_.equal_range(client); first != last; ++first)
    networks_.give_back_subnet(first->second);
  reserved_subnets_.erase(client);
  for (const auto& [id, container] : containers_) container->client_gone(client);
  if (client == owner_ && !options_.detached) return shut_down();
  consider_idle();
}

void Server::erase_later(const std::string& id, std::chrono::milliseconds delay) {
  loop_.at(Deadline::after(delay), [this, id] { erase(id); });
}

void Server::erase(const std::string& id) {
  const auto found = containers_.find(id);
  if (found == containers_.end()) return;
  const std::unique_ptr<Container> container = std::move(found->second);
  containers_.erase(found);
  container->remove_files();
  container->tell_erased();
  consider_idle();
}

// Blocked since before we had threads or children; hold.cpp.
void Server::watch_signals() {
  const sigset_t stops = stop_signals();
  signals_ = UniqueFd(check(signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK), "watch signals"));
  loop_.add(signals_.get(), EPOLLIN, [this](std::uint32_t) {
    signalfd_siginfo info;
    while (read(signals_.get(), &info, sizeof info) > 0) continue;
    stop_all();
  });
}

// The machine shuts down, or somebody stops our scope: as `devenv stop` of each, side by side.
void Server::stop_all() {
  if (stopping_ || shutting_down_) return;
  stopping_ = true;
  for (const auto& [id, container] : containers_) {
    container->signal(0, container->plan().stop_signal);
    loop_.at(Deadline::after(std::chrono::milliseconds(container->plan().stop_grace_ms)), [this, id = id] {
      if (const auto found = containers_.find(id); found != containers_.end()) found->second->kill();
    });
  }
  consider_idle();
}

void Server::shut_down() {
  if (owner_process_) loop_.remove(owner_process_.get());
  if (shutting_down_) return;
  shutting_down_ = true;
  clients_.stop_listening();
  for (const auto& [id, container] : containers_) container->kill();
  stop_if_done();
}

void Server::stop_if_done() {
  for (const auto& [id, container] : containers_)
    if (!container->ended()) return;
  loop_.stop();
}

bool Server::idle() const {
  for (const auto& [id, container] : containers_)
    if (!container->ended()) return false;
  return clients_.count() == 0 && !networks_.has_user_networks();
}

void Server::consider_idle() {
  if (shutting_down_ || stopping_) return stop_if_done();
  if (!options_.detached || idle_timer_ != 0 || !idle()) return;
  idle_timer_ = loop_.at(Deadline::after(kIdleTime), [this] {
    idle_timer_ = 0;
    if (idle()) shut_down();
  });
}

}  // namespace devenv::launch
