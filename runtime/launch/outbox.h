// Messages on their way out of a non-blocking socket: sent now, or when there is room. Keeps their
// descriptors until then. The socket's watch on the loop is the caller's; this only changes which events it
// wants.
#pragma once

#include <deque>
#include <vector>

#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"
#include "wire.h"

namespace devenv::launch {

class Outbox {
 public:
  /// `socket` is borrowed and already watched for EPOLLIN.
  Outbox(EventLoop& loop, int socket) : loop_(loop), socket_(socket) {}

  void push(const Message& message, std::vector<UniqueFd> fds = {});
  /// To be called on EPOLLOUT.
  void flush();

 private:
  struct Item {
    Message message;
    std::vector<UniqueFd> fds;
  };
  EventLoop& loop_;
  int socket_;
  std::deque<Item> items_;
  bool wants_room_ = false;
};

}  // namespace devenv::launch
