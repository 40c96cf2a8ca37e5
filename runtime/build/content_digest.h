// Digests of what a COPY would take: names, types, modes, contents, link targets, xattrs; never times.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>

#include "source_tree.h"

namespace devenv::build {

/// Remembers file digests under (device, inode, size, mtime, ctime), so that a cached build reads no file.
/// Only files whose ctime is safely older than their record are remembered: a write within the clock's
/// granularity of the look would go unnoticed.
class DigestMemo {
 public:
  /// `text` is what text() once returned; anything unreadable in it is dropped.
  DigestMemo() = default;
  explicit DigestMemo(const std::string& text);

  /// The sha256 of the regular file `name` in `dirfd`, whose stat is `st`. Throws SystemError.
  std::string digest(int dirfd, const std::string& name, const struct stat& st);
  bool changed() const { return changed_; }
  /// The entries used since construction, to be kept.
  std::string text() const;

 private:
  std::map<std::string, std::string> known_, used_;
  bool changed_ = false;
};

/// `owners`: whether uid and gid count (COPY --from), or not (the context, whose owners are not copied).
std::string content_digest(const SourceTree& tree, const SourceMatch& match, const IgnoreRules& excludes,
                           bool owners, DigestMemo& memo);

}  // namespace devenv::build
