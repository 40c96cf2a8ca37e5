// Records of persistent containers (those of the command, without --rm): containers/<id>/config.json beside
// whatever the engine keeps there (upper, work, log). Thread-safe, and safe between processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lock.h"

namespace devenv::store {

class ContainerStore {
 public:
  explicit ContainerStore(std::string store_root) : root_(std::move(store_root)) {}

  /// Makes containers/<id> with its record; returns the directory. Throws Conflict when it exists.
  std::string create(const std::string& id, std::string_view config_json) const;
  std::string path(const std::string& id) const;
  std::optional<std::string> load(const std::string& id) const;
  /// Replaces the record atomically. Throws NotFound when the container is gone.
  void update(const std::string& id, std::string_view config_json) const;
  /// (id, record), sorted by id. Directories without a record (being made or removed) are passed over.
  std::vector<std::pair<std::string, std::string>> list() const;
  /// With everything in it; a missing one is fine. Nothing may be mounted below it any more.
  void remove(const std::string& id) const;
  /// One at a time decides about names. Short.
  FileLock lock(Deadline deadline) const;

 private:
  std::string root_;
};

}  // namespace devenv::store
