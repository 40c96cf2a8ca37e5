#include "start.h"

#include "content_file.h"
#include "harness/snapshot/prepared_state.h"
#include "images.h"
#include "report.h"
#include "runtime/base/random_id.h"
#include "runtime/base/settings.h"

namespace devenv {
namespace {

constexpr std::size_t tail_lines = 20;

/// Limits are for a usual machine.
std::chrono::nanoseconds patience(std::chrono::milliseconds limit) {
  return std::chrono::round<std::chrono::nanoseconds>(limit * settings::slowdown());
}

/// The service's own name belongs to one session's network; the engine wants names unique in all of them.
std::string container_name(const std::string& service) { return service + "-" + random_id(8); }

std::string image_text(const ServiceSpec& spec) {
  if (!spec.container.image.empty()) return spec.container.image;
  if (!spec.build) return "none";
  if (!spec.build->tags.empty()) return spec.build->tags.front();
  return "built from " + spec.build->context_dir;
}

}  // namespace

ServiceStart::ServiceStart(std::shared_ptr<Service::State> state)
    : service_(std::move(state)), spec_(service_->spec()) {}

void ServiceStart::run() {
  for (int attempts_left = spec_.startup_attempts;; --attempts_left) {
    try {
      return attempt();
    } catch (const StartError&) {
      if (attempts_left <= 1 || service_->removed()) throw;
    } catch (const Error& error) {
      throw StartError("start service " + service_->name() + " (image " + image_text(spec_) +
                       "): " + error.what());
    }
  }
}

void ServiceStart::attempt() {
  for (const std::string& other : spec_.after)
    service_->session_->wait_ready(other, Deadline::after(patience(spec_.startup_timeout)));
  Engine& engine = service_->engine();
  Stopwatch watch;
  const ImageInfo image = resolve_image(*service_->session_, spec_, service_->name());
  times_.image_ms = watch.lap_ms();

  ContainerSpec container = container_for(image);
  if (spec_.preparation.enabled && settings::prepared()) {
    state_key_ = ensure_prepared(container, image);
    times_.prepare_ms = times_.from_prepared_state ? 0 : watch.lap_ms();
    times_.from_prepared_state = true;
    container.frozen_state = state_key_;
    container.in_memory |= spec_.preparation.clone_in_memory && container.limits.memory_bytes == 0;
    if (spec_.preparation.adapt_clone) spec_.preparation.adapt_clone(container, image);
  }
  if (spec_.hooks.before_start) spec_.hooks.before_start(container);
  throw_if_removed();
  watch.lap_ms();
  const ContainerInfo info = engine.start(container, Lifetime::session);
  times_.start_ms = watch.lap_ms();
  if (!service_->adopt(info)) {
    discard(engine, info.id, {}, service_->name());
    throw_if_removed();
  }
  Service handle(service_, false);
  if (spec_.hooks.after_start) spec_.hooks.after_start(handle);
  const WaitOutcome outcome = wait_until_ready(info, patience(spec_.startup_timeout));
  if (outcome.end != WaitOutcome::End::ready) fail(info, outcome, false);
  times_.ready_ms = watch.lap_ms();
  {
    const std::lock_guard lock(service_->mutex_);
    service_->times_ = times_;
  }
  if (spec_.hooks.ready) spec_.hooks.ready(handle);
  report_started(service_->name(), image_text(spec_), times_);
}

ContainerSpec ServiceStart::container_for(const ImageInfo& image) const {
  ContainerSpec container = spec_.container;
  container.image = image.id;
  container.name = container_name(service_->name());
  if (settings::trust_host_cas()) container.trust_host_cas = true;
  if (container.network == "default") container.network = service_->session_->network();
  if (container.network != "none" && container.network != "host")
    container.aliases.push_back(service_->name());
  for (const FileSpec& file : spec_.files) container.mounts.push_back(mount_of(file));
  return container;
}

std::string ServiceStart::ensure_prepared(const ContainerSpec& container, const ImageInfo& image) {
  StateInputs inputs{image.id, spec_.container, {}, spec_.preparation.inputs};
  for (const FileSpec& file : spec_.files) inputs.files.emplace_back(file.target, content_of(file));
  const std::string key = state_key(inputs);
  const Deadline deadline = Deadline::after(patience(spec_.preparation.timeout));
  const bool made = ensure_state(service_->engine(), key, deadline, [&] { return prepare(container); });
  times_.from_prepared_state = !made;
  return key;
}

std::string ServiceStart::prepare(ContainerSpec container) {
  Engine& engine = service_->engine();
  report_progress(service_->name(), "preparing a state to clone");
  container.name += "-prepare";
  container.aliases.clear();
  for (PortMapping& port : container.ports) port.host_port = 0;
  const ContainerInfo info = engine.start(container, Lifetime::session);
  try {
    const WaitOutcome outcome = wait_until_ready(info, patience(spec_.preparation.timeout));
    if (outcome.end != WaitOutcome::End::ready) fail(info, outcome, true);
    if (spec_.preparation.finish) spec_.preparation.finish(engine, info);
    const ExitStatus exit = engine.stop(info.id, std::chrono::seconds(60));
    if (exit.code != spec_.preparation.clean_exit_code) {
      WaitOutcome unclean;
      unclean.end = WaitOutcome::End::exited;
      unclean.exit = exit;
      unclean.last_answer = "it was ready, but did not stop cleanly";
      fail(info, unclean, true);
    }
  } catch (...) {
    discard(engine, info.id, {}, service_->name());
    throw;
  }
  return info.id;
}

WaitOutcome ServiceStart::wait_until_ready(const ContainerInfo& info, std::chrono::nanoseconds timeout) {
  return poll(spec_.ready, WaitTarget{service_->engine(), info}, timeout);
}

void ServiceStart::fail(const ContainerInfo& info, const WaitOutcome& outcome, bool preparing) {
  throw_if_removed();
  Engine& engine = service_->engine();
  StartFailure failure;
  failure.service = service_->name();
  failure.image = image_text(spec_);
  failure.waited_for = spec_.ready.describe();
  failure.outcome = outcome;
  failure.exit = outcome.exit ? outcome.exit : engine.wait(info.id, Deadline::after(std::chrono::seconds(0)));
  // An exited container's last lines may still be on their way; a running one prints what it likes.
  failure.log =
      log_tail(engine, info.id, tail_lines, Deadline::after(std::chrono::seconds(failure.exit ? 2 : 0)));
  failure.state_key = preparing ? std::string() : state_key_;
  failure.preparing = preparing;
  failure.memory_limit_bytes = spec_.container.limits.memory_bytes;
  {
    const std::string log = log_text(engine, info.id);
    const std::lock_guard lock(service_->mutex_);
    service_->last_log_ = log;
    service_->info_.reset();
  }
  discard(engine, info.id, {}, service_->name());
  throw StartError(describe_failure(failure));
}

void ServiceStart::throw_if_removed() const {
  if (service_->removed())
    throw StartError("start service " + service_->name() + ": it was removed meanwhile");
}

void discard(Engine& engine, const std::string& id, std::chrono::milliseconds grace,
             const std::string& service) noexcept {
  try {
    if (grace.count() > 0) engine.stop(id, grace);
    engine.remove(id, true);
  } catch (const std::exception& error) {
    // What is left belongs to the session and is swept with it.
    report_progress(service, std::string("not removed: ") + error.what());
  }
}

}  // namespace devenv
