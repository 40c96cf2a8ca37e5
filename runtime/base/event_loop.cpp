#include "event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "check.h"

namespace devenv {

EventLoop::EventLoop() : epoll_(check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void EventLoop::add(int fd, std::uint32_t events, Callback callback) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event),
        [&] { return "watch descriptor " + std::to_string(fd); });
  watches_[fd] = std::make_shared<Watch>(Watch{std::move(callback)});
}

void EventLoop::modify(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event),
        [&] { return "watch descriptor " + std::to_string(fd); });
}

void EventLoop::remove(int fd) {
  if (watches_.erase(fd) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::at(Deadline when, std::function<void()> callback) {
  timers_.emplace(next_timer_, std::make_pair(when, std::move(callback)));
  return next_timer_++;
}

void EventLoop::cancel(TimerId timer) { timers_.erase(timer); }

void EventLoop::run_timers() {
  std::vector<std::pair<Deadline::Clock::duration, TimerId>> due;  // the longest overdue first
  const Deadline::Clock::time_point now = Deadline::Clock::now();
  for (const auto& [id, timer] : timers_)
    if (timer.first.time() <= now) due.emplace_back(timer.first.time() - now, id);
  std::sort(due.begin(), due.end());
  for (const auto& [overdue, id] : due) {
    auto node = timers_.extract(id);  // an earlier timer's callback may have cancelled it
    if (!node.empty()) node.mapped().second();
  }
}

void EventLoop::run() {
  stopping_ = false;
  while (!stopping_) {
    Deadline next = Deadline::never();
    for (const auto& [id, timer] : timers_) next = Deadline::sooner(next, timer.first);
    epoll_event events[64];
    const int count = epoll_wait(epoll_.get(), events, 64, next.poll_timeout_ms());
    if (count < 0 && errno != EINTR) throw SystemError(errno, "epoll_wait");
    // A callback may remove a later fd of this batch and a new one may reuse its number: remember who was
    // meant. The shared_ptr also keeps a callback alive that removes itself.
    std::vector<std::shared_ptr<Watch>> watches;
    for (int i = 0; i < count; ++i) {
      const auto found = watches_.find(events[i].data.fd);
      watches.push_back(found == watches_.end() ? nullptr : found->second);
    }
    for (int i = 0; i < count && !stopping_; ++i) {
      const auto found = watches_.find(events[i].data.fd);
      if (watches[static_cast<std::size_t>(i)] && found != watches_.end() &&
          found->second == watches[static_cast<std::size_t>(i)])
        watches[static_cast<std::size_t>(i)]->callback(events[i].events);
    }
    run_timers();
  }
}

}  // namespace devenv
