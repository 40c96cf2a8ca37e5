// The patterns of ${v#p}, ${v%p} and ${v/p/r}: `*` and `?`, backslash escapes, no brackets. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace devenv::build {

class ShellPattern {
 public:
  /// Throws Error `invalid pattern (…) in substitution: …`. `greedy`: stars take as much as they can.
  ShellPattern(const std::u32string& pattern, bool greedy);

  /// End of the match that begins exactly at `start`.
  std::optional<std::size_t> match_at(const std::u32string& text, std::size_t start) const;
  /// The leftmost match at or after `start`: [begin, end).
  std::optional<std::pair<std::size_t, std::size_t>> find(const std::u32string& text,
                                                          std::size_t start) const;

 private:
  struct Element {
    enum class Kind { rune, any, star };
    Kind kind;
    char32_t rune;
  };
  std::vector<Element> elements_;
  bool greedy_;
};

/// value without the shortest (or longest, when greedy) prefix or suffix that matches.
std::u32string strip_prefix(const std::u32string& pattern, const std::u32string& value, bool greedy);
std::u32string strip_suffix(const std::u32string& pattern, const std::u32string& value, bool greedy);
/// Replaces the first match with `replacement` as it is.
std::u32string replace_first(const std::u32string& pattern, std::u32string value,
                             const std::u32string& replacement);
/// Replaces every match. BuildKit hands the replacement to Go's regexp as a template: `$$` is `$`, `$0` the
/// match, and any other `$name` or `${name}` nothing. Kept, since Dockerfiles are tested against BuildKit.
std::u32string replace_all(const std::u32string& pattern, const std::u32string& value,
                           const std::u32string& replacement);

}  // namespace devenv::build
