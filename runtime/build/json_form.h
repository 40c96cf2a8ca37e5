// The exec form: a JSON array of strings, read as Go's encoding/json reads it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::build {

struct JsonForm {
  enum class Kind {
    strings,      ///< valid: `elements`
    not_strings,  ///< a valid array with an element that is no string: an error in a Dockerfile
    broken,       ///< begins with '[' and is not JSON: silently the shell form; `offset` is where it broke
    absent,       ///< does not begin with '['
  };
  Kind kind = Kind::absent;
  std::vector<std::string> elements;
  std::size_t offset = 0;  ///< bytes into the text given
};

JsonForm read_json_form(std::string_view text);

/// What broke it, for a warning: `'“' (U+201C) at character 2 is no JSON quote`.
std::string explain_broken_json(std::string_view text, std::size_t offset);

}  // namespace devenv::build
