// The rules of .dockerignore, as moby's patternmatcher has them: rooted patterns, the last match wins, `!`
// takes back (also below an ignored directory), `**` spans directories, a match of a parent counts.
// Pure; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::build {

/// Patterns of a .dockerignore file: comments, blanks, BOM and leading slashes removed. Throws Error.
std::vector<std::string> read_ignore_file(std::string_view text);

class IgnorePattern;

/// Which patterns matched the directories above a path; lets a walk ask once per directory.
using ParentMatches = std::vector<bool>;

class IgnoreRules {
 public:
  IgnoreRules();
  /// Throws Error for a malformed pattern.
  explicit IgnoreRules(const std::vector<std::string>& patterns);
  ~IgnoreRules();
  IgnoreRules(IgnoreRules&&) noexcept;
  IgnoreRules& operator=(IgnoreRules&&) noexcept;

  /// Whether `path` (relative, '/'-separated) is ignored, by itself or by a parent. Never ".". Throws Error
  /// when a pattern turns out to be malformed.
  bool ignored(std::string_view path) const;
  /// The same during a walk: `parents` is what the call for the directory above left in `matches`.
  bool ignored(std::string_view path, const ParentMatches& parents, ParentMatches& matches) const;
  /// The pattern that decided, as written; empty when the path is not ignored.
  std::string reason(std::string_view path) const;

  /// Whether something below an ignored directory could be taken back by a `!`.
  bool may_reinclude_below(std::string_view directory) const;
  bool empty() const { return patterns_.empty(); }

 private:
  std::vector<std::unique_ptr<IgnorePattern>> patterns_;
};

}  // namespace devenv::build
