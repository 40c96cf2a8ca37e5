// Named volumes: volumes/<name>/_data. In use = a shared lock on volumes/<name>. Thread-safe, and safe
// between processes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lock.h"

namespace devenv::store {

struct VolumeRecord {
  std::string name;
  std::string data_path;  ///< absolute
  std::int64_t created_unix_s = 0;
  std::map<std::string, std::string> labels;
};

class VolumeStore {
 public:
  explicit VolumeStore(std::string store_root) : root_(std::move(store_root)) {}

  /// The volume of that name, made when missing. Names: [a-zA-Z0-9][a-zA-Z0-9_.-]+.
  VolumeRecord create(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
  /// Throws NotFound.
  VolumeRecord get(const std::string& name) const;
  bool has(const std::string& name) const;
  std::vector<VolumeRecord> list() const;  ///< sorted by name
  /// Throws NotFound, Conflict when in use.
  void remove(const std::string& name) const;

  /// create() and use() in one, whoever else may be removing it. Throws Timeout at the deadline.
  std::pair<VolumeRecord, FileLock> obtain(const std::string& name, Deadline deadline) const;
  /// Marks it as used until the lock (or every copy of its descriptor) is gone. Throws NotFound.
  FileLock use(const std::string& name) const;
  /// Excludes others while it is being seeded from an image.
  FileLock lock(const std::string& name, Deadline deadline) const;
  /// Nothing in _data yet: to be seeded from the image.
  bool is_empty(const std::string& name) const;

 private:
  std::string root_;
};

}  // namespace devenv::store
