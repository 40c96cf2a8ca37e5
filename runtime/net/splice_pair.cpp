#include "splice_pair.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace devenv::net {

namespace {

constexpr std::size_t kPipeBytes = 65536;  // a pipe's default capacity
constexpr int kMovesPerEvent = 16;         // then other connections have their turn
constexpr auto kPipeRetry = std::chrono::milliseconds(20);

void tune(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

void close_with_reset(UniqueFd fd) {
  const linger at_once{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

PipePool::Pipe PipePool::take() {
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  int fds[2];
  if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return {};
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void PipePool::give_back(Pipe pipe) {
  if (idle_.size() < keep_) idle_.push_back(std::move(pipe));
}

SplicePair::SplicePair(EventLoop& loop, PipePool& pipes, UniqueFd first, UniqueFd second, Deadline connect_by,
                       std::function<void()> on_end)
    : loop_(loop), pipes_(pipes), on_end_(std::move(on_end)) {
  sides_[0].fd = std::move(first);
  sides_[1].fd = std::move(second);
  for (const Side& side : sides_) tune(side.fd.get());
  loop_.add(sides_[1].fd.get(), EPOLLOUT, [this](std::uint32_t) { on_connected(); });
  sides_[1].watched = EPOLLOUT;
  timer_ = loop_.at(connect_by, [this] {
    timer_ = 0;
    finish();
  });
}

SplicePair::~SplicePair() { release(); }

void SplicePair::on_connected() {
  int code = 0;
  socklen_t size = sizeof code;
  if (getsockopt(sides_[1].fd.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) return finish();
  loop_.cancel(std::exchange(timer_, 0));
  watch_side(1, 0);
  on_event();
}

void SplicePair::on_event() {
  starved_ = false;
  for (int moves = 0; moves < kMovesPerEvent; ++moves) {
    const Progress one = move(0), other = move(1);
    if (one == Progress::failed || other == Progress::failed) return finish();
    if (one == Progress::idle && other == Progress::idle) break;
  }
  if (directions_[0].closed && directions_[1].closed) return finish();
  watch();
}

SplicePair::Progress SplicePair::move(std::size_t from) {
  Direction& direction = directions_[from];
  if (direction.closed) return Progress::idle;
  if (direction.pending == 0 && !direction.ended) {
    const Progress filled = fill(from);
    if (filled != Progress::moved) return filled;
  }
  if (direction.pending > 0) return drain(from);
  // All bytes before the end are through: pass the end itself on. ENOTCONN: the other side is gone already.
  direction.closed = true;
  shutdown(sides_[1 - from].fd.get(), SHUT_WR);
  return Progress::moved;
}

// Only into an empty pipe: then EAGAIN can only mean that the socket has nothing, not that the pipe is full.
SplicePair::Progress SplicePair::fill(std::size_t from) {
  Direction& direction = directions_[from];
  PipePool::Pipe pipe = pipes_.take();
  if (!pipe) {
    starved_ = true;
    return Progress::idle;
  }
  const ssize_t count = splice(sides_[from].fd.get(), nullptr, pipe.write.get(), nullptr, kPipeBytes,
                               SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  const int code = errno;
  if (count > 0) {
    direction.pipe = std::move(pipe);
    direction.pending = static_cast<std::size_t>(count);
    return Progress::moved;
  }
  pipes_.give_back(std::move(pipe));
  if (count == 0) {
    direction.ended = true;
    return Progress::moved;
  }
  return code == EAGAIN || code == EINTR ? Progress::idle : Progress::failed;
}

SplicePair::Progress SplicePair::drain(std::size_t from) {
  Direction& direction = directions_[from];
  const ssize_t count = splice(direction.pipe.read.get(), nullptr, sides_[1 - from].fd.get(), nullptr,
                               direction.pending, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? Progress::idle : Progress::failed;
  direction.pending -= static_cast<std::size_t>(count);
  if (direction.pending == 0) pipes_.give_back(std::move(direction.pipe));
  return Progress::moved;
}

void SplicePair::watch() {
  for (std::size_t side = 0; side < 2; ++side) {
    std::uint32_t events = 0;
    const Direction& out_of = directions_[side];
    if (out_of.pending == 0 && !out_of.ended && !starved_) events |= EPOLLIN;
    if (directions_[1 - side].pending > 0) events |= EPOLLOUT;
    watch_side(side, events);
  }
  if (starved_ && timer_ == 0) {
    timer_ = loop_.at(Deadline::after(kPipeRetry), [this] {
      timer_ = 0;
      on_event();
    });
  }
}

// A side nothing is wanted of leaves the loop entirely: epoll reports hang-ups even to an empty mask, and
// while the other side is slow that would spin.
void SplicePair::watch_side(std::size_t index, std::uint32_t events) {
  Side& side = sides_[index];
  if (side.watched == events) return;
  if (side.watched == 0)
    loop_.add(side.fd.get(), events, [this](std::uint32_t) { on_event(); });
  else if (events == 0)
    loop_.remove(side.fd.get());
  else
    loop_.modify(side.fd.get(), events);
  side.watched = events;
}

void SplicePair::release() {
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  const bool ended = directions_[0].closed && directions_[1].closed;
  for (Side& side : sides_) {
    if (!side.fd) continue;
    if (side.watched != 0) loop_.remove(side.fd.get());
    if (!ended) close_with_reset(std::move(side.fd));
    side.fd.reset();
  }
}

void SplicePair::finish() {
  release();
  std::exchange(on_end_, {})();  // may delete this object
}

}  // namespace devenv::net
