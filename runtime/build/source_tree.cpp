#include "source_tree.h"

#include <devenv/error.h>
#include <fcntl.h>

#include <algorithm>

#include "path_match.h"
#include "runtime/base/nearest.h"
#include "text.h"

namespace devenv::build {
namespace {

std::string join(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "/" + name;
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// What of a pattern comes before its first component with a wildcard.
std::string fixed_part(const std::string& pattern) {
  std::string fixed;
  std::size_t begin = 0;
  while (begin <= pattern.size()) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    const std::string part = pattern.substr(begin, end - begin);
    if (has_wildcard(part)) return fixed;
    fixed = join(fixed, part);
    begin = end + 1;
  }
  return fixed;
}

bool matches(const std::string& pattern, const std::string& path, bool parents) {
  if (parents && pattern.find("**") != std::string::npos) {
    const IgnoreRules rules({pattern});
    ParentMatches none;
    return rules.ignored(path, {}, none);
  }
  return path_match(pattern, path);
}

}  // namespace

std::string clamp_source(const std::string& source) { return clean_path("/" + source).substr(1); }

struct SourceTree::Walk {
  const SourceTree& source;
  const IgnoreRules& excludes;
  const std::function<void(const SourceEntry&)>& visit;
  std::string start;
  std::vector<SourceEntry> pending;  // hidden directories above, not visited yet

  bool excluded(const std::string& below) const {
    return !excludes.empty() && (excludes.ignored(below) || excludes.ignored(join(start, below)));
  }

  void flush() {
    for (const SourceEntry& entry : std::exchange(pending, {})) visit(entry);
  }

  void run(int dirfd, const std::string& below, const ParentMatches& parents) {
    for (const std::string& name : store::names_in(dirfd)) {
      const auto st = store::stat_at(dirfd, name);
      if (!st) continue;  // gone since
      const std::string path = join(below, name), full = join(start, path);
      if (excluded(path)) continue;
      ParentMatches here;
      const bool is_hidden = source.rules_ && source.rules_->ignored(full, parents, here);
      const bool directory = S_ISDIR(st->st_mode);
      if (is_hidden && !(directory && source.rules_->may_reinclude_below(full))) continue;
      const SourceEntry entry{path, *st, dirfd, name};
      if (!is_hidden) {
        flush();
        visit(entry);
      }
      if (!directory) continue;
      const UniqueFd child = open_child(dirfd, name);
      if (is_hidden) pending.push_back(entry);
      run(child.get(), path, here);
      if (is_hidden && !pending.empty()) pending.pop_back();
    }
  }

  static UniqueFd open_child(int dirfd, const std::string& name) {
    const int fd = openat(dirfd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) throw SystemError(errno, "open directory " + name + " of the build context");
    return UniqueFd(fd);
  }
};

void SourceTree::walk(const std::string& start, const IgnoreRules& excludes,
                      const std::function<void(const SourceEntry&)>& visit) const {
  Walk walk{*this, excludes, visit, start, {}};
  const UniqueFd dir = tree_.open_directory(start);
  ParentMatches parents;
  if (rules_) {
    // What matched the directories above the start counts for everything below it.
    for (std::size_t i = 0; i <= start.size(); ++i) {
      if (start.empty() || (i < start.size() && start[i] != '/')) continue;
      ParentMatches next;
      rules_->ignored(start.substr(0, i), parents, next);
      parents = std::move(next);
    }
  }
  walk.run(dir.get(), "", parents);
}

std::vector<std::string> SourceTree::find(const std::string& pattern, bool parents) const {
  if (!has_wildcard(pattern)) return {pattern};
  path_match(pattern, "");  // a malformed one is refused before the walk
  std::vector<std::string> found;
  const std::string fixed = fixed_part(pattern);
  const std::string start = tree_.resolve(fixed);
  try {
    walk(start, {}, [&](const SourceEntry& entry) {
      const std::string path = join(fixed, entry.path);
      // What lies below a match comes with it.
      for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        if (std::find(found.begin(), found.end(), path.substr(0, slash)) != found.end()) return;
      if (matches(pattern, path, parents)) found.push_back(path);
    });
  } catch (const SystemError& error) {
    if (error.code() != ENOENT && error.code() != ENOTDIR) throw;
  }
  return found;
}

std::vector<SourceMatch> SourceTree::match(const std::string& source, bool parents) const {
  std::string pivot, asked = source;
  if (const std::size_t at = source.find("/./"); parents && at != std::string::npos) {
    pivot = clamp_source(source.substr(0, at));
    asked = source.substr(0, at) + "/" + source.substr(at + 3);
  }
  const std::string clean = clamp_source(asked);
  std::vector<SourceMatch> out;
  for (const std::string& path : find(clean, parents)) {
    const std::string resolved = tree_.resolve(path);
    if (!resolved.empty() && (hidden(path) || hidden(resolved)) &&
        !(rules_->may_reinclude_below(resolved) && !has_wildcard(clean)))
      continue;
    SourceMatch match{resolved, base_of(path), "", resolved.empty()};
    if (!resolved.empty()) {
      const UniqueFd dir = [&] {
        try {
          return tree_.open_directory(parent_of(resolved));
        } catch (const SystemError&) {
          return UniqueFd();
        }
      }();
      const auto st = dir ? store::stat_at(dir.get(), base_of(resolved)) : std::nullopt;
      if (!st) continue;
      match.directory = S_ISDIR(st->st_mode);
      if (match.directory && hidden(resolved)) {
        bool any = false;
        walk(resolved, {}, [&](const SourceEntry&) { any = true; });
        if (!any) continue;
      }
    }
    if (parents) {
      match.parent = parent_of(path);
      if (!pivot.empty()) match.parent = match.parent == pivot ? "" : match.parent.substr(pivot.size() + 1);
    }
    out.push_back(std::move(match));
  }
  if (out.empty()) fail_missing(source, clean);
  return out;
}

std::vector<std::string> SourceTree::names_near(const std::string& clean) const {
  try {
    std::vector<std::string> names;
    const UniqueFd dir = tree_.open_directory(tree_.resolve(parent_of(clean)));
    for (const std::string& name : store::names_in(dir.get()))
      if (!hidden(join(parent_of(clean), name))) names.push_back(name);
    return names;
  } catch (const Error&) {
    return {};
  }
}

void SourceTree::fail_missing(const std::string& source, const std::string& clean) const {
  const std::string reason = rules_ ? rules_->reason(clean) : "";
  if (!reason.empty())
    throw NotFound(
        "\"/" + clean + "\": not found: it is hidden by the .dockerignore pattern \"" + reason + "\"",
        "remove the pattern or add !" + clean);
  const std::string what = has_wildcard(clean) ? "nothing matches \"" : "\"";
  const std::vector<std::string> names = names_near(clean);
  const std::string nearest = nearest_name(base_of(clean), names);
  std::string hint;
  if (!nearest.empty()) {
    hint = "did you mean " + join(parent_of(clean), nearest) + "?";
  } else {
    hint = names.empty() ? "its directory does not exist or is empty" : "there is:";
    for (std::size_t i = 0; i < names.size() && i < 8; ++i) hint += " " + names[i];
    if (names.size() > 8) hint += " …";
  }
  if (source.find("..") != std::string::npos) hint += "; paths cannot leave the build context";
  throw NotFound(what + "/" + clean + "\"" + (has_wildcard(clean) ? "" : ": not found"), hint);
}

}  // namespace devenv::build
