// The holder: one thread, one loop, a table of containers and of networks, and the clients that ask. Session
// mode ends with its owner; detached mode ends when it holds nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients.h"
#include "janitor.h"
#include "networks.h"
#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"
#include "runtime/kernel/cgroup.h"

namespace devenv::launch {

class Container;

struct ServerOptions {
  std::string runtime_dir, store_dir, session_id;
  bool detached = false;
  /// Names the session's cgroup and scratch directory; unique on the machine. See resource_name().
  std::string resources{};
  /// Why a detached holder has no scope of its own from systemd; empty when it has one.
  std::string why_no_scope{};
};

class Server {
 public:
  /// `owner`: the socket of whoever spawned us; `owner_process`: a pidfd of it, or none when detached.
  Server(ServerOptions options, UniqueFd owner, UniqueFd owner_process, UniqueFd host_netns,
         Janitor& janitor);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Until the session is over and nothing is held any more.
  void run() { loop_.run(); }

  EventLoop& loop() { return loop_; }
  Networks& networks() { return networks_; }
  Janitor& janitor() { return janitor_; }
  const ServerOptions& options() const { return options_; }
  const kernel::CgroupLayout& cgroups() const { return cgroups_; }
  const std::vector<std::string>& cgroup_hierarchies() const { return cgroup_hierarchies_; }
  const std::string& dir() const { return dir_; }
  /// A sentence about a limit around us that does not hold for containers, or empty.
  const std::string& limit_left_behind() const { return limit_left_behind_; }
  /// -1 where the kernel has none: then no container may make device nodes.
  int device_filter() const { return device_filter_.get(); }

  void reply(const ReplyTo& to, const Message& message, std::string_view payload = {},
             std::vector<UniqueFd> fds = {}) {
    clients_.reply(to, message, payload, std::move(fds));
  }
  void reply_error(const ReplyTo& to, ErrorKind kind, const std::string& text, int code = 0) {
    clients_.reply_error(to, kind, text, code);
  }

  /// From a container: it ended and is to be forgotten. Destroys it from the loop, not under its feet.
  void erase_later(const std::string& id, std::chrono::milliseconds delay = {});
  bool connected(std::uint64_t client) const { return clients_.connected(client); }
  /// From a container: it stopped running and stays listed.
  void container_ended() { consider_idle(); }

 private:
  void handle(Request& request);
  void handle_container(Request& request);
  void start(Request& request);
  void exec(Request& request);
  void list(Request& request);
  void inspect(Request& request);
  void reserve_subnet(Request& request);
  void create_network(Request& request);
  void list_networks(Request& request);
  void client_gone(std::uint64_t client);
  Container& find(const std::string& id);
  void erase(const std::string& id);
  void watch_signals();
  void stop_all();
  void shut_down();
  void stop_if_done();
  bool idle() const;
  void consider_idle();

  ServerOptions options_;
  std::string dir_;
  EventLoop loop_;
  kernel::CgroupLayout cgroups_;
  std::vector<std::string> cgroup_hierarchies_;
  std::string limit_left_behind_;
  UniqueFd device_filter_, signals_;
  Networks networks_;
  Janitor& janitor_;
  Clients clients_;
  std::uint64_t owner_ = 0;
  UniqueFd owner_process_;
  std::multimap<std::uint64_t, unsigned> reserved_subnets_;  ///< by client
  std::map<std::string, std::unique_ptr<Container>> containers_;
  bool stopping_ = false;  ///< containers were asked to end, and then we do
  bool shutting_down_ = false;
  EventLoop::TimerId idle_timer_ = 0;
};

}  // namespace devenv::launch
