#include "devenv/session.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "process_engine.h"
#include "report.h"
#include "runtime/base/random_id.h"
#include "runtime/base/settings.h"
#include "state.h"

namespace devenv {
namespace {

thread_local Session* current_session = nullptr;

/// docker's rule: the part before the first '/' is a registry if it looks like a host.
bool names_registry(const std::string& reference) {
  const std::size_t slash = reference.find('/');
  if (slash == std::string::npos) return false;
  const std::string first = reference.substr(0, slash);
  return first == "localhost" || first.find_first_of(".:") != std::string::npos;
}

std::string with_prefix(const std::string& reference) {
  const std::string prefix = settings::image_prefix();
  if (prefix.empty() || names_registry(reference)) return reference;
  return prefix + (prefix.back() == '/' ? "" : "/") + reference;
}

std::string tail_text(const std::string& service, const LogTail& tail) {
  if (tail.total == 0) return {};
  std::string text = service + ", last " + std::to_string(tail.lines.size()) + " of " +
                     std::to_string(tail.total) + " log lines:\n";
  for (const std::string& line : tail.lines) text += "  | " + line + "\n";
  return text;
}

}  // namespace

class Session::Impl : public SessionContext, public std::enable_shared_from_this<Session::Impl> {
 public:
  explicit Impl(SessionOptions options) : options_(std::move(options)) {
    shared_ = options_.engine ? std::make_shared<SharedEngine>(options_.engine) : shared_engine();
  }

  Engine& engine() override { return *shared_->engine; }
  ImageCache& images() override { return shared_->images; }

  std::string network() override {
    const std::lock_guard lock(network_mutex_);
    if (network_.empty()) {
      NetworkSpec spec;
      spec.name = "session-" + random_id(8);
      network_ = engine().create_network(spec).name;
    }
    return network_;
  }

  std::string substitute_image(const std::string& reference) override {
    return options_.substitute_image ? options_.substitute_image(reference) : with_prefix(reference);
  }

  void wait_ready(const std::string& service, Deadline deadline) override {
    for (const auto& state : services())
      if (state->name() == service) return state->wait_ready(deadline);
    throw Error("wait for service " + service + ": the session has none of this name",
                "start it first, or correct `after`");
  }

  void forget(const Service::State& service) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(services_.begin(), services_.end(), [&](const std::weak_ptr<Service::State>& each) {
          const auto state = each.lock();
          return !state || state.get() == &service;
        });
    if (found != services_.end()) services_.erase(found);
    names_.erase(service.name());
  }

  std::shared_ptr<Service::State> add(ServiceSpec spec) {
    const std::lock_guard lock(mutex_);
    const std::string name = free_name(spec.name.empty() ? "service" : spec.name);
    const auto state = std::make_shared<Service::State>(shared_from_this(), std::move(spec), name);
    names_.insert(name);
    services_.push_back(state);
    return state;
  }

  std::vector<std::shared_ptr<Service::State>> services() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Service::State>> alive;
    for (const auto& each : services_)
      if (auto state = each.lock()) alive.push_back(std::move(state));
    return alive;
  }

  void remove_all() noexcept {
    if (getpid() != process_) return;  // a death test's copy, which exits: all of it is its parent's
    auto all = services();
    // The latest first: whoever came later may still talk to whoever came earlier.
    std::for_each(all.rbegin(), all.rend(), [](const auto& service) { service->remove(); });
    const std::lock_guard lock(network_mutex_);
    if (network_.empty()) return;
    try {
      engine().remove_network(network_);
      network_.clear();
    } catch (const std::exception& error) {
      report_progress(network_, std::string("not removed: ") + error.what());
    }
  }

  bool side_by_side() const { return options_.side_by_side; }

 private:
  std::string free_name(const std::string& wanted) const {
    std::string name = wanted;
    for (int n = 2; names_.count(name) != 0; ++n) name = wanted + "-" + std::to_string(n);
    return name;
  }

  const SessionOptions options_;
  const pid_t process_ = getpid();
  std::shared_ptr<SharedEngine> shared_;
  std::mutex network_mutex_;
  std::string network_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::weak_ptr<Service::State>> services_;
  std::set<std::string> names_;
};

Session::Session(SessionOptions options) {
  keep_report();
  impl_ = std::make_shared<Impl>(std::move(options));
}

Session::~Session() { remove_all(); }

Session& Session::process() {
  keep_report();
  shared_engine();
  static Session session;
  return session;
}

Session& Session::current() { return current_session != nullptr ? *current_session : process(); }

Service Session::start(ServiceSpec spec) {
  const auto state = impl_->add(std::move(spec));
  Service service(state);
  if (impl_->side_by_side())
    state->start_beside(state);
  else
    state->start_here(state);
  return service;
}

std::vector<Service> Session::start_all(std::vector<ServiceSpec> specs) {
  std::vector<std::shared_ptr<Service::State>> states;
  for (ServiceSpec& spec : specs) states.push_back(impl_->add(std::move(spec)));
  std::vector<Service> services;
  for (const auto& state : states) services.emplace_back(state);
  for (const auto& state : states) state->start_beside(state);
  for (const auto& state : states) state->wait_ready();
  return services;
}

void Session::wait_ready() {
  for (const auto& state : impl_->services()) state->wait_ready();
}

void Session::remove_all() noexcept { impl_->remove_all(); }
Engine& Session::engine() { return impl_->engine(); }
std::string Session::network() { return impl_->network(); }

std::string Session::log_tails(std::size_t lines) {
  std::string text;
  for (const auto& state : impl_->services()) {
    try {
      text += tail_text(state->name(), state->tail(lines));
    } catch (const std::exception& error) {
      text += state->name() + ": its log cannot be read: " + error.what() + "\n";
    }
  }
  return text;
}

SessionScope::SessionScope(Session& session) : previous_(std::exchange(current_session, &session)) {}
SessionScope::~SessionScope() { current_session = previous_; }

std::shared_ptr<Engine> process_engine() { return shared_engine()->engine; }

}  // namespace devenv
