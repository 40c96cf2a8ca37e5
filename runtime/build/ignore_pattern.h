// One .dockerignore pattern, compiled. moby turns it into a Go regular expression; this is the part of that
// language such patterns can reach, so that odd ones (`[a-\]b]`, `\d`) match the same names. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devenv::build {

class IgnorePattern {
 public:
  /// `text` is cleaned and without its `!`.
  IgnorePattern(std::string text, bool exclusion);

  /// Throws Error when the pattern cannot be compiled; moby, too, says so only when it is first used.
  bool matches(std::string_view path) const;
  bool exclusion() const { return exclusion_; }
  const std::string& text() const { return text_; }

  using Ranges = std::vector<std::pair<char32_t, char32_t>>;

  /// One state of the machine; the next one follows it. `directories` stands before two states, any runes
  /// and a slash, which may be skipped together.
  struct State {
    enum class Type { take, text_begin, text_end, word_boundary, no_word_boundary, directories };
    Type type = Type::take;
    Ranges ranges;
    bool negated = false;
    bool repeated = false;  ///< zero or more
  };

 private:
  enum class Kind { exact, prefix, suffix, expression, broken };

  std::string translate();
  bool run(std::u32string_view path) const;

  std::string text_;
  bool exclusion_;
  Kind kind_ = Kind::exact;
  std::vector<State> states_;
};

}  // namespace devenv::build
