// A single-threaded epoll(7) loop: descriptors with callbacks, and timers. The holder's heart; static-safe
// (no libraries). Nothing here is thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "devenv/deadline.h"
#include "unique_fd.h"

namespace devenv {

class EventLoop {
 public:
  using Callback = std::function<void(std::uint32_t events)>;  ///< EPOLLIN, EPOLLOUT, …
  using TimerId = std::uint64_t;

  EventLoop();

  /// Watches `fd` (not owned). Adding one twice is a bug and throws SystemError(EEXIST).
  void add(int fd, std::uint32_t events, Callback callback);
  void modify(int fd, std::uint32_t events);
  /// Call before closing the fd. Safe from inside any callback, its own included; unknown fds are ignored.
  void remove(int fd);

  TimerId at(Deadline when, std::function<void()> callback);
  void cancel(TimerId timer);

  /// Runs callbacks until stop(). A callback's exception ends run() and is passed on.
  void run();
  void stop() { stopping_ = true; }

 private:
  struct Watch {
    Callback callback;
  };
  void run_timers();

  UniqueFd epoll_;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::map<TimerId, std::pair<Deadline, std::function<void()>>> timers_;
  TimerId next_timer_ = 1;
  bool stopping_ = false;
};

}  // namespace devenv
