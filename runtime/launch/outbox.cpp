#include "outbox.h"

#include <sys/epoll.h>

#include <cerrno>

namespace devenv::launch {

void Outbox::push(const Message& message, std::vector<UniqueFd> fds) {
  items_.push_back({message, std::move(fds)});
  flush();
}

void Outbox::flush() {
  while (!items_.empty()) {
    const Item& next = items_.front();
    std::vector<int> fds;
    for (const UniqueFd& fd : next.fds) fds.push_back(fd.get());
    if (send_message(socket_, next.message, fds.data(), fds.size()) == -EAGAIN) break;
    items_.pop_front();  // sent, or the peer is gone, which its end of file will tell
  }
  if (wants_room_ == !items_.empty()) return;
  wants_room_ = !items_.empty();
  loop_.modify(socket_, wants_room_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

}  // namespace devenv::launch
