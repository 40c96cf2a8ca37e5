// Flags of one instruction, checked against those it knows. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace devenv::build {

enum class FlagKind { text, boolean, list };

class Flags {
 public:
  /// Throws Error without a place: unknown (with the nearest), repeated, missing or wrong value.
  Flags(const std::vector<std::string>& given, const std::map<std::string, FlagKind>& known);

  std::string text(const std::string& name) const;
  bool is_true(const std::string& name) const { return text(name) == "true"; }
  std::optional<bool> boolean(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

/// Go's time.ParseDuration: "1h30m", "1.5s", "100ms"; nanoseconds. Throws Error.
long long parse_duration_ns(const std::string& text);

/// One record of Go's encoding/csv. Throws Error on a stray quote.
std::vector<std::string> split_csv(const std::string& text);

}  // namespace devenv::build
