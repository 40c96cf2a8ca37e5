#include "tests/net/namespaces.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <exception>
#include <future>

#include "runtime/base/check.h"
#include "runtime/net/netlink.h"
#include "runtime/net/netns.h"
#include "runtime/net/nft.h"

namespace devenv::net::testing {

UniqueFd new_netns() {
  UniqueFd result;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      check(unshare(CLONE_NEWNET), "unshare the network namespace");
      result = current_netns();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return result;
}

void inside(const UniqueFd& netns, const std::function<void()>& action) {
  const UniqueFd home = current_netns();
  const NetnsScope scope(netns.get(), home.get());
  action();
}

FakeHost::FakeHost() : before_(current_netns()) {
  check(unshare(CLONE_NEWNET), "unshare the network namespace");
  const UniqueFd here = current_netns();
  raise_loopback(here.get(), here.get());
}

FakeHost::~FakeHost() { setns(before_.get(), CLONE_NEWNET); }

void add_address_to_loopback(Ipv4 address) {
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = 32;
  body.ifa_index = 1;
  const in_addr local = address.network_order();
  NetlinkRequest request("add address " + address.text() + " to lo", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
                         body);
  request.put(IFA_LOCAL, &local, sizeof local).put(IFA_ADDRESS, &local, sizeof local);
  RouteSocket().send({request});
}

LoopThread::LoopThread(const std::function<void(EventLoop&)>& setup, std::function<void()> teardown)
    : wake_(check(eventfd(0, EFD_CLOEXEC), "eventfd")) {
  std::promise<void> ready;
  thread_ = std::thread([&ready, setup, teardown = std::move(teardown), this] {
    try {
      setup(loop_);
    } catch (...) {
      return ready.set_exception(std::current_exception());
    }
    loop_.add(wake_.get(), EPOLLIN, [this](std::uint32_t) {
      eventfd_t count;
      eventfd_read(wake_.get(), &count);
      if (posted_) std::exchange(posted_, {})();
    });
    ready.set_value();
    loop_.run();
    teardown();
  });
  try {
    ready.get_future().get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

LoopThread::~LoopThread() {
  run([this] { loop_.stop(); });
  thread_.join();
}

void LoopThread::run(const std::function<void()>& action) {
  std::promise<void> done;
  posted_ = [&] {
    try {
      action();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  };
  eventfd_write(wake_.get(), 1);
  done.get_future().get();
}

TestHolder::TestHolder(bool host_services) {
  const int host = current_netns().release();
  thread_ = std::make_unique<LoopThread>(
      [this, host, host_services](EventLoop& loop) {
        loop_ = &loop;
        check(unshare(CLONE_NEWNET), "unshare the network namespace");
        netns_ = current_netns();
        net_ = std::make_unique<HolderNet>(loop, UniqueFd(host), host_services);
      },
      [this] {
        networks_.clear();
        net_.reset();
      });
}

TestHolder::~TestHolder() { thread_.reset(); }

Network& TestHolder::add_network(std::uint8_t index, bool internal, std::vector<std::string> nameservers,
                                 bool host_services) {
  const Subnet subnet{index};
  NetworkOptions options{.subnet = subnet,
                         .internal = internal,
                         .add_rules = network_rules_batch({bridge_name(subnet), subnet, internal}),
                         .remove_rules = remove_rules_batch(bridge_name(subnet)),
                         .nameservers = std::move(nameservers),
                         .host_services = host_services};
  run([&] { networks_.push_back(std::make_unique<Network>(*net_, std::move(options))); });
  return *networks_.back();
}

void TestHolder::remove_networks() {
  run([this] { networks_.clear(); });
}

TestContainer::TestContainer(TestHolder& holder, Network& network, const std::vector<std::string>& names)
    : netns(new_netns()) {
  holder.run([&] { address = network.attach(netns.get(), names); });
}

}  // namespace devenv::net::testing
