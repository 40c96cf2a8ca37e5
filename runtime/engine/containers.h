// Containers of the built-in engine: from a spec to a running one, and everything asked of it afterwards.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "devenv/engine.h"
#include "holders.h"
#include "images.h"
#include "runtime/launch/spec_to_plan.h"
#include "runtime/store/store.h"

namespace devenv::engine {

class Containers {
 public:
  Containers(const store::Store& store, Holders& holders, const Images& images)
      : store_(store), holders_(holders), images_(images) {}

  ContainerInfo start(const ContainerSpec& spec, Lifetime lifetime);
  ContainerInfo inspect(const std::string& id);
  std::vector<ContainerInfo> list(bool all);
  std::unique_ptr<LogReader> logs(const std::string& id);
  void signal(const std::string& id, int number);
  ExitStatus stop(const std::string& id, std::optional<std::chrono::milliseconds> grace);
  std::optional<ExitStatus> wait(const std::string& id, Deadline deadline);
  void remove(const std::string& id, bool force);
  bool listening(const std::string& id, std::uint16_t port, Protocol protocol);
  /// Commits the writable layer of an exited container under `key` and removes the container.
  void freeze(const std::string& id, const std::string& key);

  /// Throws Conflict naming the containers that use it, NotFound unless `force`.
  void remove_volume(const std::string& name, bool force);
  /// Throws Conflict naming the containers on it.
  void remove_network(const std::string& name_or_id);

  /// The write end of the standard input of a container this engine started, once; empty after that, and when
  /// it has none of its own.
  UniqueFd take_input(const std::string& full_id);

  /// In a live holder and running. Throws NotFound, Conflict.
  Located running(const std::string& id);

 private:
  /// From its record in the store: its holder is gone.
  std::optional<ContainerInfo> read_kept(const std::string& id) const;
  ContainerInfo merge(const launch::ContainerRecord& record) const;
  std::string free_name(const std::string& wanted);
  launch::PlanInput plan_input(const ContainerSpec& spec, const store::StoredImage& image);
  std::shared_ptr<launch::Holder> holder_for(const ContainerSpec& spec, Lifetime lifetime);

  const store::Store& store_;
  Holders& holders_;
  const Images& images_;
  std::mutex mutex_;
  std::map<std::string, UniqueFd> inputs_;  ///< by full id, until taken
};

/// "SIGTERM", "TERM", "15" → 15. Throws Error naming it.
int parse_signal(const std::string& text);

/// The seccomp filter for a spec, from the store's cache; empty when it is to run without.
std::vector<std::uint8_t> seccomp_filter(const ContainerSpec& spec, const store::Store& store);

launch::ImageDefaults image_defaults(const store::RunConfig& config);

/// Adds the host's CA bundle to a plan's input: the mounts, and the environment that points there.
void trust_host_cas(launch::PlanInput& input);

}  // namespace devenv::engine
