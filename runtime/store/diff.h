// Makes OCI layers: from an overlay upper directory, or by comparing two whole trees. Plain tar (PAX where
// ustar does not suffice), entries sorted by path, no duplicates, hard links kept, sockets skipped; the same
// trees give the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "blob.h"
#include "byte_stream.h"

namespace devenv::store {

struct DiffOptions {
  std::optional<std::int64_t> clamp_mtime_s;  ///< SOURCE_DATE_EPOCH: later times become this
  /// tar_upper: root of the merged lower tree, to write an opaque directory as explicit whiteouts (what the
  /// image-spec prefers); -1: as ".wh..wh..opq".
  int lower_dirfd = -1;
};

struct LayerBlob {
  std::string digest;  ///< = diff_id, it is not compressed
  std::string diff_id;
  std::uint64_t size = 0;
  bool empty = true;  ///< no entry at all
};

/// The changes an overlay upper directory holds (whiteout: character device 0:0 or overlay.whiteout; opaque:
/// overlay.opaque, trusted. or user.). The tree must not change meanwhile. Throws Error naming the path.
void tar_upper(int upper_dirfd, const ByteSink& out, const DiffOptions& options = {});
/// The same into a blob of media type application/vnd.oci.image.layer.v1.tar.
LayerBlob store_upper(int upper_dirfd, const BlobStore& blobs, const DiffOptions& options = {});

/// What makes `upper_dirfd`'s tree out of `lower_dirfd`'s, ordinary trees both. Changed: type, mode, owner,
/// device, link target, xattrs, content, hard links, and the mtime of anything but directories. Parents of
/// what changed are included.
void diff_layer(int lower_dirfd, int upper_dirfd, const ByteSink& out, const DiffOptions& options = {});

}  // namespace devenv::store
