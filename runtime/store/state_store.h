// Frozen states: states/<key>/{diff,meta.json}, the writable layer of a cleanly exited container, one more
// lower layer for later ones. Appear by rename; the first of a key wins. Thread-safe, and safe between
// processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lock.h"

namespace devenv::store {

struct StateRecord {
  std::string key;
  std::string diff_path;  ///< absolute; an overlay upper directory
  std::string meta;       ///< JSON as given to commit
  std::int64_t created_unix_s = 0;
};

class StateStore {
 public:
  explicit StateStore(std::string store_root) : root_(std::move(store_root)) {}

  bool has(const std::string& key) const;
  std::optional<StateRecord> find(const std::string& key) const;
  std::vector<StateRecord> list() const;  ///< sorted by key

  /// Moves `upper_dir` (same file system) to be the state. False, and upper_dir untouched, when the key
  /// exists. Keys: [a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}.
  bool commit(const std::string& key, const std::string& upper_dir, const std::string& meta_json) const;
  /// False when there was none. Throws Conflict while some container uses it.
  bool remove(const std::string& key) const;

  /// Marks it as used (a shared lock on states/<key>); throws NotFound.
  FileLock use(const std::string& key) const;
  /// One process prepares a key while others wait. Not the lock of use().
  FileLock lock(const std::string& key, Deadline deadline) const;

 private:
  std::string root_;
};

}  // namespace devenv::store
