// The OCI image config (image-spec config.md) with docker's extensions. Pure. Fields we do not know survive
// parse and serialise. Input is hostile.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "manifest.h"
#include "runtime/base/json.h"

namespace devenv::store {

/// Durations are nanoseconds, 0 = default.
struct Healthcheck {
  std::vector<std::string> test;  ///< {"NONE"}, {"CMD", …}, {"CMD-SHELL", text}; empty: inherit
  std::int64_t interval_ns = 0, timeout_ns = 0, start_period_ns = 0, start_interval_ns = 0;
  int retries = 0;
  bool operator==(const Healthcheck&) const = default;
};

struct History {
  std::string created;  ///< RFC 3339, may be empty
  std::string created_by;
  std::string author, comment;
  bool empty_layer = false;
};

/// What containers of the image start with ("config" of the document).
struct RunConfig {
  std::vector<std::string> env;  ///< "K=V"
  std::vector<std::string> cmd, entrypoint;
  std::string user, working_dir;
  std::set<std::string> exposed_ports;  ///< "80/tcp"
  std::set<std::string> volumes;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::optional<Healthcheck> healthcheck;
  std::vector<std::string> shell;
  std::vector<std::string> onbuild;
  Json other = Json::object();  ///< fields not named above, kept
};

struct ImageConfig {
  std::string created;  ///< RFC 3339, may be empty
  std::string author;
  Platform platform;
  RunConfig config;
  std::vector<std::string> diff_ids;  ///< rootfs, the base first
  std::vector<History> history;
  Json other = Json::object();
};

/// Throws Error naming `name` and the field.
ImageConfig parse_image_config(std::string_view text, const std::string& name);
/// Compact JSON with sorted keys: the same config gives the same bytes.
std::string serialise(const ImageConfig& config);

}  // namespace devenv::store
