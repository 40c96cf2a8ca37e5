#include "runtime/base/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

namespace devenv {
namespace {

std::pair<UniqueFd, UniqueFd> make_pair_of_sockets() {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

TEST(EventLoop, TimersRunInOrderOfTimeAndCanBeCancelled) {
  EventLoop loop;
  std::vector<int> order;
  loop.at(Deadline::after(std::chrono::milliseconds(6)), [&] {
    order.push_back(2);
    loop.stop();
  });
  loop.at(Deadline::after(std::chrono::milliseconds(1)), [&] { order.push_back(1); });
  loop.cancel(loop.at(Deadline::after(std::chrono::milliseconds(2)), [&] { order.push_back(3); }));
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(EventLoop, ACallbackMayRemoveItselfAndTheNextOne) {
  EventLoop loop;
  auto [a, a_peer] = make_pair_of_sockets();
  auto [b, b_peer] = make_pair_of_sockets();
  int calls = 0;
  for (int fd : {a.get(), b.get()})
    loop.add(fd, EPOLLIN, [&, first = a.get(), second = b.get()](std::uint32_t) {
      ++calls;
      loop.remove(first);
      loop.remove(second);
      loop.stop();
    });
  ASSERT_EQ(write(a_peer.get(), "x", 1), 1);
  ASSERT_EQ(write(b_peer.get(), "x", 1), 1);
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, HangUpOfThePeerIsReported) {
  EventLoop loop;
  auto [a, peer] = make_pair_of_sockets();
  std::uint32_t seen = 0;
  loop.add(a.get(), EPOLLIN | EPOLLRDHUP, [&](std::uint32_t events) {
    seen = events;
    loop.stop();
  });
  peer.reset();
  loop.run();
  EXPECT_TRUE(seen & EPOLLRDHUP);
}

}  // namespace
}  // namespace devenv
