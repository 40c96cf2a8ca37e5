// A regular expression out of a test's source. Immutable.
#pragma once

#include <regex>
#include <string>

namespace devenv {

class Pattern {
 public:
  /// `object` is what matches it: "a log line". Throws Error for what is no ECMAScript regular expression.
  Pattern(const std::string& text, std::string object);

  /// In the beginning of `text`: std::regex recurses per character. Throws Error when it gives up.
  bool found_in(const std::string& text) const;

 private:
  std::string text_, object_;
  std::regex regex_;
};

}  // namespace devenv
