// Streams of bytes between blobs, archives and the network, and decompression by content.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace devenv::store {

/// Fills at most `size` bytes and says how many; 0 is the end. Throws on failure. Not thread-safe.
using ByteSource = std::function<std::size_t(char* buffer, std::size_t size)>;
/// Takes all of `data` or throws.
using ByteSink = std::function<void(std::string_view data)>;

/// Reads `fd` (not owned, must outlive it) from where it stands. `name` is for errors.
ByteSource fd_source(int fd, std::string name);
/// Reads `data`, which must outlive it.
ByteSource memory_source(std::string_view data);
/// Writes to `fd` (not owned).
ByteSink fd_sink(int fd, std::string name);

/// The plain bytes of `source`: gzip, zstd, bzip2 and xz are recognised by content, anything else passes
/// through. Throws Error on corrupt or truncated compressed data.
ByteSource decompressed(ByteSource source);

}  // namespace devenv::store
