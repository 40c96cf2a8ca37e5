// What a test framework's adapter needs: one session per test, per suite or per process. No framework here.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "devenv/session.h"

namespace devenv {

/// Options of a session whose services start at the same time.
SessionOptions side_by_side();

/// A session of its own in which services start side by side, current on this thread while it lives.
class TestScope {
 public:
  TestScope();

  Session& session() { return session_; }
  /// Blocks until every service is ready. Throws StartError.
  void wait_ready() { session_.wait_ready(); }
  void remove_all() noexcept { session_.remove_all(); }

 private:
  Session session_;
  SessionScope scope_;
};

/// Services kept for longer than a test: a default-constructible struct of fixtures, started side by side
/// by the first get() and removed by reset() or with this object. Thread-safe.
template <class Services>
class Shared {
 public:
  Services& get() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!services_) {
      auto session = std::make_unique<Session>(side_by_side());
      const SessionScope scope(*session);
      auto services = std::make_unique<Services>();
      session->wait_ready();
      session_ = std::move(session);
      services_ = std::move(services);
    }
    return *services_;
  }
  Services* operator->() { return &get(); }
  Services& operator*() { return get(); }

  void reset() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (session_) session_->remove_all();
    services_.reset();
    session_.reset();
  }
  /// Log tails for a failed test; empty when nothing was started.
  std::string log_tails() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return session_ ? session_->log_tails() : std::string();
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Services> services_;
};

/// The process's one `Services`.
template <class Services>
Shared<Services>& per_process() {
  static Shared<Services> shared;
  return shared;
}

}  // namespace devenv
