#include "devenv/wait.h"

namespace devenv {

std::uint16_t WaitTarget::host_port(std::uint16_t container_port) const {
  for (const PublishedPort& port : container.ports)
    if (port.container_port == container_port && port.protocol == Protocol::tcp && port.host_port != 0)
      return port.host_port;
  throw Error("find the host port of " + std::to_string(container_port) + "/tcp of " + container.name +
                  ": it is not published",
              "add it to the service's ports");
}

// Most conditions on a process that is gone are asked once more: a one-shot container may have met its own.
WaitAnswer WaitProbe::ask_after_exit(const ExitStatus& exit) {
  if (exit.code != 0) return WaitAnswer::not_yet({});
  return ask(Deadline::after(std::chrono::seconds(1)));
}

Wait Wait::within(std::chrono::milliseconds timeout) const {
  Wait copy = *this;
  copy.timeout_ = timeout;
  return copy;
}

Wait Wait::every(std::chrono::milliseconds interval) const {
  Wait copy = *this;
  copy.interval_ = interval;
  return copy;
}

std::string Wait::describe() const { return strategy_ ? strategy_->describe() : "its process to start"; }

}  // namespace devenv
