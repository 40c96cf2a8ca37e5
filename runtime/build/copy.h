// Puts files into a root file system as COPY and ADD do. By descriptor; symlinks at the destination are
// followed inside the root only.
#pragma once

#include <optional>
#include <string>

#include "owner.h"
#include "source_tree.h"

namespace devenv::build {

struct CopyTarget {
  int root_fd = -1;
  std::string destination;     ///< absolute; a trailing slash means a directory
  std::optional<Owner> owner;  ///< nullopt: the source's own (COPY --from)
  std::optional<unsigned> mode;
  std::optional<Owner> unpack_owner;  ///< of an archive's entries; nullopt: their own
  bool unpack = false;                ///< local archives are unpacked
  bool parents = false;               ///< directories keep their own name, too
};

/// A directory's content, or a file, onto the destination. Throws Error for a file onto a directory's place
/// or the other way round, SystemError.
void copy_match(const SourceTree& tree, const SourceMatch& match, const IgnoreRules& excludes,
                const CopyTarget& target);

/// A new file with `content`: a heredoc (0644 unless --chmod), or a download (0600).
void copy_content(const std::string& content, const std::string& name, unsigned mode,
                  const CopyTarget& target);
void copy_download(int file_fd, const std::string& name, std::int64_t mtime_s, const CopyTarget& target);

/// Unpacks a download into the destination; false when it is no archive.
bool unpack_download(int file_fd, const std::string& name, const CopyTarget& target);

/// Makes absolute `path` a directory of the root with its parents, 0755, the new ones owned by `owner`.
/// Returns whether anything was made.
bool make_directory(int root_fd, const std::string& path, Owner owner);

/// Whether `path` is there and a directory, symlinks followed inside the root.
bool is_directory(int root_fd, const std::string& path);

}  // namespace devenv::build
