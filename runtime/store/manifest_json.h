// What manifest and image_config share in writing JSON and messages about it.
#pragma once

#include <string>

#include "runtime/base/json.h"

namespace devenv::store {

/// Compact, keys sorted; bytes that are no UTF-8 become U+FFFD instead of an exception.
std::string dump(const Json& json);
/// `text` cut to what a message can show, control characters replaced.
std::string printable(const std::string& text);

}  // namespace devenv::store
