// What the tests of net stand on: network namespaces of their own. The test thread becomes "the host" in a
// fresh namespace, a second thread is the holder, further namespaces are containers. Nothing of the machine's
// own network is touched. Needs root.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"
#include "runtime/net/ipv4.h"
#include "runtime/net/network.h"

namespace devenv::net::testing {

/// A fresh network namespace that lives as long as the descriptor (or something in it) does.
UniqueFd new_netns();

/// Runs `action` with the calling thread inside `netns`.
void inside(const UniqueFd& netns, const std::function<void()>& action);

/// The calling thread in a fresh namespace with lo up, until destruction.
class FakeHost {
 public:
  FakeHost();
  ~FakeHost();
  UniqueFd netns() const { return current_netns(); }

 private:
  UniqueFd before_;
};

/// Gives the current namespace's lo a further address: "a machine of the internet" on the fake host.
void add_address_to_loopback(Ipv4 address);

/// An event loop on a thread of its own, as the holder has it. Exceptions of actions reach the caller.
class LoopThread {
 public:
  /// `setup` runs on the thread before the loop, `teardown` after it.
  explicit LoopThread(const std::function<void(EventLoop&)>& setup, std::function<void()> teardown);
  ~LoopThread();
  void run(const std::function<void()>& action);

 private:
  EventLoop loop_;
  UniqueFd wake_;
  std::function<void()> posted_;
  std::thread thread_;
};

/// A holder with one or more networks, in its own namespace, its host being the caller's current one.
class TestHolder {
 public:
  explicit TestHolder(bool host_services = false);
  ~TestHolder();
  /// Nameservers are those of the fake host.
  Network& add_network(std::uint8_t index, bool internal = false, std::vector<std::string> nameservers = {},
                       bool host_services = false);
  void remove_networks();
  void run(const std::function<void()>& action) { thread_->run(action); }
  HolderNet& net() { return *net_; }
  EventLoop& loop() { return *loop_; }
  const UniqueFd& netns() const { return netns_; }

 private:
  EventLoop* loop_ = nullptr;
  UniqueFd netns_;
  std::unique_ptr<HolderNet> net_;
  std::vector<std::unique_ptr<Network>> networks_;
  std::unique_ptr<LoopThread> thread_;
};

/// A container's namespace, attached.
struct TestContainer {
  TestContainer(TestHolder& holder, Network& network, const std::vector<std::string>& names = {});
  UniqueFd netns;
  Ipv4 address;
};

}  // namespace devenv::net::testing
