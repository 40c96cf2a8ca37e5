// A point in time that waits end at. Everything in devenv that blocks takes one.
#pragma once

#include <chrono>

namespace devenv {

/// A point on the steady clock, or never. A value type; thread-safe as such.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// `duration` from now; zero or negative has already passed.
  static Deadline after(std::chrono::nanoseconds duration) {
    return Deadline(Clock::now() + std::chrono::duration_cast<Clock::duration>(duration));
  }
  /// Does not pass.
  static Deadline never() { return Deadline(Clock::time_point::max()); }

  bool is_never() const { return at_ == Clock::time_point::max(); }
  bool passed() const { return !is_never() && Clock::now() >= at_; }

  /// Clock::time_point::max() when never.
  Clock::time_point time() const { return at_; }

  /// Time left, never negative; Clock::duration::max() when never.
  Clock::duration remaining() const {
    if (is_never()) return Clock::duration::max();
    const auto left = at_ - Clock::now();
    return left.count() < 0 ? Clock::duration::zero() : left;
  }

  /// Time left as poll(2) wants it: milliseconds rounded up, -1 when never.
  int poll_timeout_ms() const {
    if (is_never()) return -1;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(remaining()).count();
    constexpr long long most = 1000LL * 3600 * 24;
    return static_cast<int>(ms < most ? ms : most);
  }

  /// The earlier of two.
  static Deadline sooner(Deadline a, Deadline b) { return a.at_ < b.at_ ? a : b; }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace devenv
