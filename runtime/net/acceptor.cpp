#include "acceptor.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace devenv::net {

namespace {
constexpr auto kBackOff = std::chrono::milliseconds(50);
constexpr int kAcceptsPerEvent = 64;
}  // namespace

Acceptor::Acceptor(EventLoop& loop, std::vector<UniqueFd> listeners,
                   std::function<void(UniqueFd)> on_connection)
    : loop_(loop), listeners_(std::move(listeners)), on_connection_(std::move(on_connection)) {
  for (const UniqueFd& listener : listeners_) {
    const int flags = fcntl(listener.get(), F_GETFL);
    fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK);
  }
  update();
}

Acceptor::~Acceptor() {
  paused_ = true;
  if (timer_ != 0) loop_.cancel(timer_);
  update();
}

void Acceptor::pause() {
  paused_ = true;
  update();
}

void Acceptor::resume() {
  paused_ = false;
  update();
}

void Acceptor::update() {
  const bool wanted = !paused_ && timer_ == 0;
  if (wanted == watching_) return;
  watching_ = wanted;
  for (const UniqueFd& listener : listeners_) {
    const int fd = listener.get();
    if (wanted)
      loop_.add(fd, EPOLLIN, [this, fd](std::uint32_t) { accept_from(fd); });
    else
      loop_.remove(fd);
  }
}

void Acceptor::accept_from(int listener) {
  for (int count = 0; count < kAcceptsPerEvent && watching_; ++count) {
    UniqueFd connection(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) {
      on_connection_(std::move(connection));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return back_off();
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;  // EAGAIN, or a network error of the one connection (accept(2)), which is gone from the queue
    }
  }
}

void Acceptor::back_off() {
  timer_ = loop_.at(Deadline::after(kBackOff), [this] {
    timer_ = 0;
    update();
  });
  update();
}

}  // namespace devenv::net
