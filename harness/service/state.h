// The life of one service: starting, ready or failed, removed. Its start and its removal are each one
// function; whatever path leads out of it ends in remove().
#pragma once

#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "devenv/session.h"
#include "harness/service/diagnostics.h"
#include "harness/service/images.h"

namespace devenv {

/// What a service needs of the session it lives in. Thread-safe.
class SessionContext {
 public:
  virtual ~SessionContext() = default;
  virtual Engine& engine() = 0;
  virtual std::string network() = 0;
  virtual std::string substitute_image(const std::string& reference) = 0;
  virtual ImageCache& images() = 0;
  /// Blocks until the named service of the session is ready. Throws Error when there is none, Timeout.
  virtual void wait_ready(const std::string& service, Deadline deadline) = 0;
  virtual void forget(const Service::State& service) noexcept = 0;
};

class Service::State {
 public:
  State(std::shared_ptr<SessionContext> session, ServiceSpec spec, std::string name);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Call once. On the calling thread (then it throws StartError) or on one of its own.
  void start_here(std::shared_ptr<State> self);
  void start_beside(std::shared_ptr<State> self);

  /// Throws what the start failed with. Returns at once on the thread that starts it: its hooks use it.
  void wait_ready() const;
  /// Throws Timeout when it is neither ready nor failed by then.
  void wait_ready(Deadline deadline) const;
  bool removed() const { return removed_; }
  const std::string& name() const { return name_; }
  const ServiceSpec& spec() const { return spec_; }
  Engine& engine() const { return session_->engine(); }

  /// Its id once its command was executed; blocks until then is known. Throws what the start failed with.
  std::string id() const;
  ContainerInfo started_info() const;
  StartTimes times() const;
  std::string logs() const;
  LogTail tail(std::size_t lines) const;

  /// remove(), if it is still starting.
  void give_up_start() noexcept;

  /// The one removal. Idempotent; waits for a start in progress to give up. Nothing in a forked copy of the process
  /// (a death test that calls exit()): the service is its parent's.
  void remove() noexcept;

 private:
  friend class ServiceStart;

  /// Remembers the running container, or returns false if it was removed in the meantime.
  bool adopt(ContainerInfo info);
  void run_start(const std::shared_ptr<State>& self);
  void call_before_stop() noexcept;
  bool is_forked_copy() const { return getpid() != process_; }

  const std::shared_ptr<SessionContext> session_;
  const ServiceSpec spec_;
  const std::string name_;
  const pid_t process_ = getpid();
  std::promise<void> promise_;
  std::shared_future<void> started_;
  std::thread starter_;
  std::atomic<std::thread::id> starting_on_{};
  std::atomic<bool> removed_{false};
  std::mutex removal_;

  mutable std::mutex mutex_;  // guards what follows
  std::optional<ContainerInfo> info_;
  StartTimes times_;
  std::string last_log_;  ///< of a failed start
};

}  // namespace devenv
