// Cuts the kernel's text files into lines and fields. Views into the text, which has to outlive them. No streams:
// they would make up a third of the static helper, which is copied into memory at every start.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace devenv {

/// The fields between runs of any of `separators`; none is empty.
inline std::vector<std::string_view> fields(std::string_view text, std::string_view separators = " \t\n") {
  std::vector<std::string_view> found;
  for (std::size_t end = 0;;) {
    const std::size_t begin = text.find_first_not_of(separators, end);
    if (begin == std::string_view::npos) return found;
    end = text.find_first_of(separators, begin);
    found.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return found;
  }
}

/// The lines that are not empty.
inline std::vector<std::string_view> lines(std::string_view text) { return fields(text, "\n"); }

}  // namespace devenv
