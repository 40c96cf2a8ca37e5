// Small values under keys, replaced atomically: the build cache and such. A value that cannot be read is a
// miss. Thread-safe, and safe between processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::store {

class Cache {
 public:
  /// `dir` is made on the first put.
  explicit Cache(std::string dir) : dir_(std::move(dir)) {}

  /// Keys are file names: [a-zA-Z0-9_.-]+, not beginning with '.'.
  std::optional<std::string> get(const std::string& key) const;
  void put(const std::string& key, std::string_view value) const;
  void remove(const std::string& key) const;
  std::vector<std::string> keys() const;  ///< sorted

 private:
  std::string path(const std::string& key) const;
  std::string dir_;
};

}  // namespace devenv::store
