#include "state.h"

#include "report.h"
#include "runtime/base/forked.h"
#include "start.h"

namespace devenv {

namespace {

/// exit() on the main thread destroys this before any static object: starts still under way end first, since their
/// threads would use what is destroyed next.
class StartsUnderWay {
 public:
  ~StartsUnderWay() {
    if (getpid() != gettid()) return;
    for (const auto& each : starts_)
      if (const auto state = each.lock()) state->give_up_start();
  }
  void add(const std::shared_ptr<Service::State>& state) {
    std::erase_if(starts_, [](const auto& each) { return each.expired(); });
    starts_.push_back(state);
  }

 private:
  std::vector<std::weak_ptr<Service::State>> starts_;
};

thread_local StartsUnderWay starts_of_this_thread;

}  // namespace

Service::State::State(std::shared_ptr<SessionContext> session, ServiceSpec spec, std::string name)
    : session_(std::move(session)),
      spec_(std::move(spec)),
      name_(std::move(name)),
      started_(promise_.get_future().share()) {}

Service::State::~State() {
  if (is_forked_copy()) abandon(std::move(starter_));
  remove();
  // Only a hook that removed its own service leaves the thread to end by itself.
  if (starter_.joinable()) starter_.detach();
}

void Service::State::run_start(const std::shared_ptr<State>& self) {
  starting_on_ = std::this_thread::get_id();
  try {
    ServiceStart(self).run();
    starting_on_ = std::thread::id();
    promise_.set_value();
  } catch (...) {
    starting_on_ = std::thread::id();
    report_failed(name_);
    promise_.set_exception(std::current_exception());
  }
}

void Service::State::start_here(std::shared_ptr<State> self) {
  run_start(self);
  started_.get();
}

void Service::State::start_beside(std::shared_ptr<State> self) {
  starts_of_this_thread.add(self);
  starter_ = std::thread([this, self = std::move(self)]() mutable {
    run_start(self);
    // remove() joins this thread before the owner lets go, so this is never the last reference.
    self.reset();
  });
}

void Service::State::wait_ready() const {
  if (starting_on_.load() == std::this_thread::get_id()) return;
  // The thread that starts it is not in the copy.
  if (is_forked_copy() && started_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    throw Error("wait for service " + name_ + ": this process was forked while it was still starting");
  started_.get();
}

void Service::State::wait_ready(Deadline deadline) const {
  if (started_.wait_for(deadline.remaining()) == std::future_status::timeout)
    throw Timeout("wait for service " + name_ + ": it is still starting");
  started_.get();
}

bool Service::State::adopt(ContainerInfo info) {
  const std::lock_guard lock(mutex_);
  if (removed_) return false;
  info_ = std::move(info);
  return true;
}

ContainerInfo Service::State::started_info() const {
  wait_ready();
  if (removed_) throw Error("use service " + name_ + ": it was removed", "keep it or its session alive");
  const std::lock_guard lock(mutex_);
  return *info_;
}

std::string Service::State::id() const { return started_info().id; }

StartTimes Service::State::times() const {
  wait_ready();
  const std::lock_guard lock(mutex_);
  return times_;
}

std::string Service::State::logs() const {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    if (!info_ || removed_) return last_log_;
    id = info_->id;
  }
  return log_text(engine(), id);
}

LogTail Service::State::tail(std::size_t lines) const {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    if (!info_ || removed_) return {};
    id = info_->id;
  }
  return log_tail(engine(), id, lines, Deadline::after(std::chrono::seconds(0)));
}

void Service::State::call_before_stop() noexcept {
  if (!spec_.hooks.before_stop) return;
  const bool up = started_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  try {
    if (!up || starting_on_.load() != std::thread::id()) return;
    started_.get();
    // Also called while the last handle dies, so this one does not own.
    Service handle(std::shared_ptr<State>(std::shared_ptr<void>(), this), false);
    spec_.hooks.before_stop(handle);
  } catch (const std::exception& error) {
    report_progress(name_, std::string("before_stop: ") + error.what());
  }
}

void Service::State::give_up_start() noexcept {
  if (started_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) remove();
}

void Service::State::remove() noexcept {
  if (is_forked_copy()) return;
  const std::lock_guard once(removal_);
  if (removed_) return;
  call_before_stop();
  std::optional<ContainerInfo> container;
  {
    const std::lock_guard lock(mutex_);
    removed_ = true;
    container = info_;
  }
  Stopwatch watch;
  if (container) {
    discard(engine(), container->id, spec_.stop_grace, name_);
    report_removed(name_, watch.lap_ms());
  }
  if (starter_.joinable() && starter_.get_id() != std::this_thread::get_id()) starter_.join();
  session_->forget(*this);
}

}  // namespace devenv
