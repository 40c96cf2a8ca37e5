// --mount of RUN, read from its CSV fields once their values are expanded. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "instructions.h"

namespace devenv::build {

struct Mount {
  enum class Type { bind, cache, tmpfs, secret, ssh };
  Type type = Type::bind;
  std::string from;    ///< stage or image; empty: the context
  std::string source;  ///< inside `from`; "" is its root
  std::string target;  ///< absolute, cleaned
  bool read_only = false;
  std::string id;       ///< cache: its target by default; secret: the file name of its target
  std::string sharing;  ///< cache: shared, private, locked
  std::uint64_t size_bytes = 0;
  std::optional<unsigned> mode;
  std::optional<unsigned> uid, gid;
  bool required = false;
  std::string env;  ///< secret: the variable that holds it; then a target is optional
  bool has_target = false;
};

/// `workdir` is joined to a relative target; `expand` is applied to values. Throws Error without a place.
Mount read_mount(const MountFields& fields, const std::string& workdir,
                 const std::function<std::string(const std::string&)>& expand);

/// The stage or image a mount takes its files from; empty: the context or nothing.
std::string mount_from(const MountFields& fields);

/// "10m", "1.5g", "100": bytes, powers of 1024. Throws Error.
std::uint64_t parse_size(const std::string& text);

}  // namespace devenv::build
