// Files a COPY can take from: the build context behind its ignore rules, or a stage's or image's root.
//
// Everything is reached by descriptor from the root; symlinks are resolved as if the root were /, so nothing
// outside can be named. One thread at a time.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "ignore.h"
#include "runtime/store/tree.h"

namespace devenv::build {

/// One thing a source named.
struct SourceMatch {
  std::string path;    ///< where it is, symlinks resolved, relative to the root; "" is the root
  std::string name;    ///< what it is called at the destination
  std::string parent;  ///< --parents: directories to keep, "" or "a/b"
  bool directory = false;
};

/// One file met on a walk. `dirfd` and the name in it are valid during the call only.
struct SourceEntry {
  std::string path;  ///< relative to where the walk began
  struct stat st {};
  int dirfd = -1;
  std::string name;
};

class SourceTree {
 public:
  /// `root_fd` and `rules` (may be null) must outlive it.
  SourceTree(int root_fd, const IgnoreRules* rules) : tree_(root_fd), rules_(rules) {}

  /// Everything `source` names: at least one match. Wildcards as Go's filepath.Match; with `parents` also
  /// `**` and the pivot `/./`. Throws NotFound with the path looked for, the ignore pattern that hid it and
  /// the nearest names.
  std::vector<SourceMatch> match(const std::string& source, bool parents) const;

  /// Visits what lies below directory `start`, directories before their content, sorted, without what the
  /// ignore rules or `excludes` hide. A hidden directory is visited when something below it is not hidden.
  void walk(const std::string& start, const IgnoreRules& excludes,
            const std::function<void(const SourceEntry&)>& visit) const;

  const store::Tree& tree() const { return tree_; }

 private:
  struct Walk;
  bool hidden(const std::string& path) const { return rules_ && rules_->ignored(path); }
  std::vector<std::string> find(const std::string& pattern, bool parents) const;
  [[noreturn]] void fail_missing(const std::string& source, const std::string& clean) const;
  std::vector<std::string> names_near(const std::string& clean) const;

  store::Tree tree_;
  const IgnoreRules* rules_;
};

/// `source` inside the root: cleaned, `..` clamped, no leading slash.
std::string clamp_source(const std::string& source);

}  // namespace devenv::build
