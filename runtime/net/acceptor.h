// Accepts on several listening sockets and hands connections on; out of descriptors (EMFILE, ENFILE) it
// leaves the rest in the backlog and tries again a little later. What forwarder, egress and resolver share.
#pragma once

#include <functional>
#include <vector>

#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"

namespace devenv::net {

class Acceptor {
 public:
  /// `on_connection` gets nonblocking, close-on-exec sockets.
  Acceptor(EventLoop& loop, std::vector<UniqueFd> listeners, std::function<void(UniqueFd)> on_connection);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor();

  /// No more connections are taken until resume(): for an owner at its limit.
  void pause();
  void resume();

 private:
  void accept_from(int listener);
  void update();
  void back_off();

  EventLoop& loop_;
  std::vector<UniqueFd> listeners_;
  std::function<void(UniqueFd)> on_connection_;
  EventLoop::TimerId timer_ = 0;
  bool watching_ = false;
  bool paused_ = false;
};

}  // namespace devenv::net
