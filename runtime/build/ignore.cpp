#include "ignore.h"

#include <devenv/error.h>

#include <algorithm>

#include "ignore_pattern.h"
#include "path_match.h"
#include "text.h"

namespace devenv::build {
namespace {

// The directories above a path, nearest last: a, a/b for a/b/c. An absolute path has "" and "/" as well.
std::vector<std::string_view> parents_of(std::string_view path) {
  std::vector<std::string_view> parents;
  for (std::size_t i = path.find('/'); i != path.npos; i = path.find('/', i + 1))
    parents.push_back(path.substr(0, i));
  if (path.starts_with('/') && path.find('/', 1) == path.npos) parents.push_back("/");
  return parents;
}

bool matches_or_parent(const IgnorePattern& pattern, std::string_view path) {
  if (pattern.matches(path)) return true;
  const auto parents = parents_of(path);
  return std::any_of(parents.begin(), parents.end(),
                     [&](std::string_view parent) { return pattern.matches(parent); });
}

}  // namespace

std::vector<std::string> read_ignore_file(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> patterns;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) continue;
    line = trim(line);
    if (line.empty()) continue;
    const bool exclusion = line.starts_with('!');
    if (exclusion) line = trim(line.substr(1));
    std::string pattern;
    if (!line.empty()) {
      pattern = clean_path(line);
      if (pattern.size() > 1 && pattern[0] == '/') pattern.erase(0, 1);
    }
    patterns.push_back(exclusion ? "!" + pattern : pattern);
  }
  return patterns;
}

IgnoreRules::IgnoreRules() = default;
IgnoreRules::~IgnoreRules() = default;
IgnoreRules::IgnoreRules(IgnoreRules&&) noexcept = default;
IgnoreRules& IgnoreRules::operator=(IgnoreRules&&) noexcept = default;

IgnoreRules::IgnoreRules(const std::vector<std::string>& patterns) {
  for (const std::string& written : patterns) {
    std::string_view text = trim(written);
    if (text.empty()) continue;
    std::string pattern = clean_path(text);
    const bool exclusion = pattern[0] == '!';
    if (exclusion) pattern.erase(0, 1);
    if (pattern.empty()) throw Error("read ignore patterns: illegal exclusion pattern: \"!\"");
    path_match(pattern, ".");
    patterns_.push_back(std::make_unique<IgnorePattern>(std::move(pattern), exclusion));
  }
}

bool IgnoreRules::ignored(std::string_view path) const {
  const std::string clean = clean_path(path);
  if (clean == ".") return false;
  bool ignored = false;
  for (const auto& pattern : patterns_)
    if (pattern->exclusion() == ignored && matches_or_parent(*pattern, clean)) ignored = !ignored;
  return ignored;
}

bool IgnoreRules::ignored(std::string_view path, const ParentMatches& parents, ParentMatches& matches) const {
  matches.assign(patterns_.size(), false);
  bool ignored = false;
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    // Every pattern is asked, also one that cannot change the outcome here: it may decide for a path below.
    const bool match = (i < parents.size() && parents[i]) || patterns_[i]->matches(path);
    matches[i] = match;
    if (match) ignored = !patterns_[i]->exclusion();
  }
  return ignored;
}

std::string IgnoreRules::reason(std::string_view path) const {
  const std::string clean = clean_path(path);
  std::string reason;
  bool ignored = false;
  for (const auto& pattern : patterns_) {
    if (pattern->exclusion() != ignored || !matches_or_parent(*pattern, clean)) continue;
    ignored = !ignored;
    reason = pattern->text();
  }
  return ignored ? reason : std::string{};
}

bool IgnoreRules::may_reinclude_below(std::string_view directory) const {
  const std::string below = std::string(directory) + "/";
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& pattern) {
    if (!pattern->exclusion()) return false;
    // A wildcard could match anywhere; what comes before it must agree with the directory.
    const std::string& text = pattern->text();
    const std::string fixed = text.substr(0, text.find_first_of("*?[\\"));
    return below.starts_with(fixed) || fixed.starts_with(below);
  });
}

}  // namespace devenv::build
