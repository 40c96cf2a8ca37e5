// JSON with errors a person can act on. A thin face of nlohmann::json; never included by a public header.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "devenv/error.h"

namespace devenv {

using Json = nlohmann::json;

/// Parses `text`; `name` says where it came from ("image config sha256:…"). Throws Error "parse <name>: …".
Json parse_json(std::string_view text, const std::string& name);

/// object[key] when it is there, not null and convertible, else `fallback`. A wrong type throws Error.
template <class T>
T json_value(const Json& object, const char* key, T fallback, const std::string& name) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return fallback;
  bool fits = true;
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)  // get() would cut what does not fit
    fits = found->is_number_unsigned() ? std::in_range<T>(found->template get<std::uint64_t>())
                                       : found->is_number_integer() && std::in_range<T>(found->template get<std::int64_t>());
  try {
    if (fits) return found->get<T>();
  } catch (const nlohmann::json::exception&) {
  }
  throw Error("parse " + name + ": \"" + key + "\" has the wrong type");
}

/// The text of `json`; bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const Json& json, int indent = -1);

}  // namespace devenv
