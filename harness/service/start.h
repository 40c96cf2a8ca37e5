// From a ServiceSpec to a ready container: image, prepared state, start, wait. The other front doors (a
// compose file, a dev shell) come through here too.
#pragma once

#include <memory>
#include <string>

#include "harness/service/state.h"

namespace devenv {

class ServiceStart {
 public:
  explicit ServiceStart(std::shared_ptr<Service::State> state);

  /// Returns when the service is ready. Throws StartError; then nothing of it is left running.
  void run();

 private:
  void attempt();
  ContainerSpec container_for(const ImageInfo& image) const;
  std::string ensure_prepared(const ContainerSpec& container, const ImageInfo& image);
  std::string prepare(ContainerSpec container);
  WaitOutcome wait_until_ready(const ContainerInfo& info, std::chrono::nanoseconds timeout);
  [[noreturn]] void fail(const ContainerInfo& info, const WaitOutcome& outcome, bool preparing);
  void throw_if_removed() const;

  std::shared_ptr<Service::State> service_;
  const ServiceSpec& spec_;
  StartTimes times_;
  std::string state_key_;
};

/// The way every container of the harness goes: its grace if it has one, then removal by force. Idempotent,
/// never throws.
void discard(Engine& engine, const std::string& id, std::chrono::milliseconds grace,
             const std::string& service) noexcept;

}  // namespace devenv
