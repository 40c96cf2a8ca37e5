// Records of persistent containers (those of the command, without --rm): containers/<id>/config.json beside
// whatever the engine keeps there (upper, work, log). Each name is a link container-names/<name> → <id>, so
// that one container is found without reading the records of the others. Thread-safe, and safe between
// processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lock.h"

namespace devenv::store {

class ContainerStore {
 public:
  explicit ContainerStore(std::string store_root) : root_(std::move(store_root)) {}

  /// Makes containers/<id> with its record, and takes the name in its "name"; returns the directory. Throws
  /// Conflict when one of that id or name exists.
  std::string create(const std::string& id, std::string_view config_json) const;
  std::string path(const std::string& id) const;
  /// nullopt: there is no such container. Throws Error when its record cannot be read.
  std::optional<std::string> load(const std::string& id) const;
  /// Replaces the record atomically; the name stays. Throws NotFound when the container is gone.
  void update(const std::string& id, std::string_view config_json) const;
  /// Sorted.
  std::vector<std::string> ids() const;
  /// The id of a container by its id, its name or what only its id begins with. Throws Conflict when several
  /// ids begin like that.
  std::optional<std::string> find(const std::string& id_or_name) const;
  std::optional<std::string> find_name(const std::string& name) const;
  /// Its name, also when its record is damaged; empty when it has none.
  std::string name_of(const std::string& id) const;
  /// With everything in it; a missing one is fine. Nothing may be mounted below it any more.
  void remove(const std::string& id) const;

 private:
  bool has(const std::string& id) const;
  std::string names() const { return root_ + "/container-names"; }
  void index_names() const;
  void take_name(const std::string& name, const std::string& id) const;
  /// One at a time decides about names. Short.
  FileLock lock() const;

  std::string root_;
};

}  // namespace devenv::store
