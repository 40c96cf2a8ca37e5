#include "fake_engine.h"

#include <gtest/gtest.h>

#include "runtime/engine/paths.h"

namespace devenv {

// These tests have no machine under them.
std::unique_ptr<Engine> make_native_engine(const NativeEngineOptions&) {
  return std::make_unique<testing::FakeEngine>();
}

NativeEngineOptions engine::resolve_options(NativeEngineOptions options) {
  options.store_dir = ::testing::TempDir() + "/devenv-harness-test";
  return options;
}

namespace testing {
namespace {

class FakeLogReader : public LogReader {
 public:
  explicit FakeLogReader(std::vector<LogLine> lines) : lines_(std::move(lines)) {}
  std::optional<LogLine> next(Deadline) override {
    if (next_ == lines_.size()) return std::nullopt;
    return lines_[next_++];
  }
  bool ended() const override { return next_ == lines_.size(); }

 private:
  std::vector<LogLine> lines_;
  std::size_t next_ = 0;
};

/// "postgres-1a2b3c4d" → "postgres": names are made unique with a random end.
std::string service_of(const std::string& name) {
  const bool preparing = name.size() > 8 && name.compare(name.size() - 8, 8, "-prepare") == 0;
  const std::string rest = preparing ? name.substr(0, name.size() - 8) : name;
  return rest.substr(0, rest.rfind('-')) + (preparing ? " (prepare)" : "");
}

}  // namespace

std::vector<std::string> FakeEngine::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<ContainerSpec> FakeEngine::started() const {
  const std::lock_guard lock(mutex_);
  return started_;
}

std::size_t FakeEngine::running() const {
  const std::lock_guard lock(mutex_);
  return containers_.size();
}

void FakeEngine::end(const std::string& name_prefix, ExitStatus exit) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, container] : containers_)
    if (container.info.name.compare(0, name_prefix.size(), name_prefix) == 0) container.exit = exit;
  changed_.notify_all();
}

ImageInfo FakeEngine::ensure_image(const std::string& reference, PullPolicy, const Progress&, Deadline) {
  const std::lock_guard lock(mutex_);
  note("image " + reference);
  if (reference == "missing")
    throw NotFound("find image missing: not in the store", "run devenv build -t missing");
  ImageInfo image;
  image.id = reference;
  image.entrypoint = {"/usr/local/bin/docker-entrypoint.sh"};
  return image;
}

ImageInfo FakeEngine::build(const BuildSpec& spec, const Progress&) {
  if (on_build) on_build(spec);
  const std::lock_guard lock(mutex_);
  note("build " + spec.context_dir);
  ImageInfo image;
  image.id = "built:" + spec.context_dir;
  return image;
}

NetworkInfo FakeEngine::create_network(const NetworkSpec& spec) {
  const std::lock_guard lock(mutex_);
  note("create network");
  NetworkInfo network;
  network.name = spec.name;
  return network;
}

void FakeEngine::remove_network(const std::string&) {
  const std::lock_guard lock(mutex_);
  note("remove network");
}

ContainerInfo FakeEngine::start(const ContainerSpec& spec, Lifetime) {
  const std::lock_guard lock(mutex_);
  started_.push_back(spec);
  note("start " + service_of(spec.name) + (spec.frozen_state.empty() ? "" : " (clone)"));
  FakeContainer container;
  container.info.id = std::to_string(++last_id_);
  container.info.name = spec.name;
  container.info.image = spec.image;
  container.info.spec = spec;
  for (const PortMapping& port : spec.ports)
    container.info.ports.push_back(
        {port.container_port, port.protocol, "127.0.0.1",
         static_cast<std::uint16_t>(port.host_port != 0 ? port.host_port : 40000 + last_id_)});
  const auto script = on_start.find(spec.image);
  if (script != on_start.end()) script->second(container);
  const ContainerInfo info = container.info;
  containers_[info.id] = std::move(container);
  changed_.notify_all();
  return info;
}

FakeContainer& FakeEngine::find(const std::string& id) {
  const auto found = containers_.find(id);
  if (found == containers_.end()) throw NotFound("find container " + id + ": there is none");
  return found->second;
}

ContainerInfo FakeEngine::inspect(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return find(id).info;
}

ExecResult FakeEngine::exec(const std::string& id, const ExecSpec& spec, Deadline) {
  {
    const std::lock_guard lock(mutex_);
    find(id);
  }
  return on_exec ? on_exec(spec.command) : ExecResult{};
}

std::unique_ptr<LogReader> FakeEngine::logs(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return std::make_unique<FakeLogReader>(find(id).log);
}

ExitStatus FakeEngine::stop(const std::string& id, std::optional<std::chrono::milliseconds>) {
  const std::lock_guard lock(mutex_);
  FakeContainer& container = find(id);
  note("stop " + service_of(container.info.name));
  if (!container.exit) container.exit = ExitStatus{stop_exit_code, 0, false};
  changed_.notify_all();
  return *container.exit;
}

std::optional<ExitStatus> FakeEngine::wait(const std::string& id, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto over = [&] { return containers_.count(id) == 0 || containers_[id].exit.has_value(); };
  if (deadline.is_never())
    changed_.wait(lock, over);
  else
    changed_.wait_for(lock, deadline.remaining(), over);
  if (containers_.count(id) == 0) return ExitStatus{137, 9, false};
  return containers_[id].exit;
}

void FakeEngine::remove(const std::string& id, bool) {
  const std::lock_guard lock(mutex_);
  if (containers_.count(id) == 0) return;
  note("remove " + service_of(containers_[id].info.name));
  containers_.erase(id);
  changed_.notify_all();
}

bool FakeEngine::listening(const std::string& id, std::uint16_t port, Protocol) {
  const std::lock_guard lock(mutex_);
  if (containers_.count(id) == 0) return false;
  FakeContainer& container = containers_[id];
  ++container.asked;
  const auto script = on_question.find(container.info.image);
  if (script != on_question.end()) script->second(container);
  changed_.notify_all();
  return container.listening.count(port) != 0;
}

bool FakeEngine::has_state(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return frozen.count(key) != 0;
}

void FakeEngine::freeze(const std::string& id, const std::string& key) {
  const std::lock_guard lock(mutex_);
  note("freeze " + service_of(find(id).info.name));
  containers_.erase(id);
  frozen.insert(key);
}

std::shared_ptr<void> FakeEngine::lock_state(const std::string&, Deadline) {
  return std::make_shared<std::unique_lock<std::mutex>>(state_lock_);
}

}  // namespace testing
}  // namespace devenv
