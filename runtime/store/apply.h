// Applies an OCI layer (or, without whiteouts, any tar archive) to a directory tree.
//
// Nothing outside the root can be read, written or linked to: parents are resolved inside the root
// (symlinks followed as if it were /), the last component is never followed, all by descriptor. The same code
// serves a plain directory and the root of an overlay mount. Entries are understood as Go's archive/tar does,
// which is what docker, containerd and BuildKit use, so that a layer means the same here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "byte_stream.h"

namespace devenv::store {

struct ApplyOptions {
  std::uint64_t max_bytes = 256ull << 30;  ///< of the plain archive, and of all files together
  std::uint64_t max_entries = 8u << 20;
  bool whiteouts = true;                         ///< false: ".wh." names are ordinary (ADD of an archive)
  std::optional<std::pair<uid_t, gid_t>> owner;  ///< instead of every entry's own (ADD --chown)
};

struct ApplyResult {
  std::string diff_id;     ///< digest of the plain archive
  std::uint64_t size = 0;  ///< bytes of the plain archive
  std::uint64_t entries = 0;
};

/// Applies `archive` (plain, gzip, zstd, bzip2 or xz) below `root_dirfd`. Reads it to its end. Throws Error
/// "apply layer: entry <name>: <reason>"; the tree is then partly changed.
ApplyResult apply_layer(int root_dirfd, ByteSource archive, const ApplyOptions& options = {});

/// Whether `data` (the first 512 bytes or more of a file) begins a tar archive or a compressed stream.
bool looks_like_archive(std::string_view data);

}  // namespace devenv::store
