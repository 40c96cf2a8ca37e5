// Recognising and undoing compression: what byte_stream's decompressed() is made of.
#pragma once

#include <string_view>

#include "byte_stream.h"

namespace devenv::store {

enum class Compression { none, gzip, zstd, bzip2, xz };

/// By the first 6 bytes.
Compression compression_of(std::string_view head);

/// gzip through ISA-L, six times as fast as zlib: inflating is most of what a pull costs. Members may be
/// concatenated; checksums are verified.
ByteSource gunzip(ByteSource source);

}  // namespace devenv::store
