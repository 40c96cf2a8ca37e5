// Two connected stream sockets joined: bytes move both ways through pooled pipes with splice(2), a half-close
// is passed on, a reset is passed on as a reset. Backpressure: at most one pipe of bytes is held per
// direction, and none while idle. Single-threaded, on an EventLoop; SIGPIPE must be ignored in the process.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"

namespace devenv::net {

/// Pipes waiting for use; keeps at most `keep` idle ones.
class PipePool {
 public:
  struct Pipe {
    UniqueFd read, write;
    explicit operator bool() const { return static_cast<bool>(read); }
  };
  explicit PipePool(std::size_t keep = 32) : keep_(keep) {}

  /// An empty Pipe when the process has no descriptors left.
  Pipe take();
  /// The pipe must be empty.
  void give_back(Pipe pipe);

 private:
  std::size_t keep_;
  std::vector<Pipe> idle_;
};

class SplicePair {
 public:
  /// Both sockets nonblocking. `second` may still be connecting: give the deadline; on failure or when it
  /// passes `first` is reset. `on_end` is called once, last, possibly deleting this object.
  SplicePair(EventLoop& loop, PipePool& pipes, UniqueFd first, UniqueFd second, Deadline connect_by,
             std::function<void()> on_end);
  SplicePair(const SplicePair&) = delete;
  SplicePair& operator=(const SplicePair&) = delete;
  /// Closes both with a reset if they have not ended.
  ~SplicePair();

 private:
  struct Side {
    UniqueFd fd;
    std::uint32_t watched = 0;  ///< events registered with the loop; 0: not registered
  };
  struct Direction {
    PipePool::Pipe pipe;      ///< held only while it has bytes
    std::size_t pending = 0;  ///< bytes in the pipe
    bool ended = false;       ///< end of file read
    bool closed = false;      ///< … and passed on
  };
  enum class Progress { idle, moved, failed };

  void on_connected();
  void on_event();
  Progress move(std::size_t from);
  Progress fill(std::size_t from);
  Progress drain(std::size_t from);
  void watch();
  void watch_side(std::size_t index, std::uint32_t events);
  void release();
  /// Whatever has not ended properly is reset.
  void finish();

  EventLoop& loop_;
  PipePool& pipes_;
  std::array<Side, 2> sides_;
  std::array<Direction, 2> directions_;  ///< [i]: from side i to the other
  std::function<void()> on_end_;
  EventLoop::TimerId timer_ = 0;
  bool starved_ = false;  ///< no pipe to be had; a timer will try again
};

/// Makes the close of `fd` send RST instead of FIN.
void close_with_reset(UniqueFd fd);

}  // namespace devenv::net
