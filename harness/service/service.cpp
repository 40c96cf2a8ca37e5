#include "devenv/service.h"

#include "state.h"

namespace devenv {

Service::Service() = default;
Service::Service(std::shared_ptr<State> state, bool owner) : state_(std::move(state)), owner_(owner) {}
Service::Service(Service&& other) noexcept
    : state_(std::move(other.state_)), owner_(std::exchange(other.owner_, false)) {}

Service& Service::operator=(Service&& other) noexcept {
  if (this != &other) {
    if (owner_) remove();
    state_ = std::move(other.state_);
    owner_ = std::exchange(other.owner_, false);
  }
  return *this;
}

Service::~Service() {
  if (owner_) remove();
}

Service::State& Service::state() const {
  if (!state_) throw Error("use a service: this handle is empty", "it was moved from, or never started");
  return *state_;
}

const std::string& Service::name() const { return state().name(); }
void Service::wait_ready() const { state().wait_ready(); }
std::string Service::host() const { return "127.0.0.1"; }
std::string Service::id() const { return state().id(); }
ContainerInfo Service::info() const { return state().engine().inspect(id()); }
StartTimes Service::times() const { return state().times(); }

std::uint16_t Service::port(std::uint16_t container_port) const {
  const ContainerInfo container = state().started_info();
  if (container_port == 0) {
    if (container.ports.empty())
      throw Error("find a port of service " + name() + ": it publishes none", "add it to container.ports");
    return container.ports.front().host_port;
  }
  return WaitTarget{state().engine(), container}.host_port(container_port);
}

ExecResult Service::exec(std::vector<std::string> command, std::chrono::milliseconds timeout) const {
  ExecSpec spec;
  spec.command = std::move(command);
  return exec(spec, Deadline::after(timeout));
}

ExecResult Service::exec(const ExecSpec& spec, Deadline deadline) const {
  return state().engine().exec(id(), spec, deadline);
}

std::string Service::logs() const { return state().logs(); }
std::unique_ptr<LogReader> Service::log_reader() const { return state().engine().logs(id()); }

std::string Service::read_file(const std::string& path) const {
  const ExecResult result = exec({"cat", "--", path});
  if (result.exit_code() != 0) throw Error("read " + path + " in service " + name() + ": " + result.errors);
  return result.output;
}

ExitStatus Service::stop(std::chrono::milliseconds grace) { return state().engine().stop(id(), grace); }

std::optional<ExitStatus> Service::wait_exit(Deadline deadline) const {
  return state().engine().wait(id(), deadline);
}

void Service::remove() noexcept {
  if (state_) state_->remove();
}

}  // namespace devenv
