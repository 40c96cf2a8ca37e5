// Writes tar archives: ustar, with a PAX header where ustar does not suffice. The same entries give the same
// bytes. Names are bytes here; libarchive's writer wants characters of the locale.
#pragma once

#include "byte_stream.h"
#include "tar_entry.h"

namespace devenv::store {

class TarWriter {
 public:
  explicit TarWriter(ByteSink sink) : sink_(std::move(sink)) {}

  /// Exactly `entry.size` bytes of write() must follow (regular files). Sparse maps are not written.
  void begin(const TarEntry& entry);
  void write(std::string_view data);
  /// Fills the last block of the entry. Throws Error when less than its size was written.
  void end();
  /// The two zero blocks.
  void finish();

 private:
  ByteSink sink_;
  std::uint64_t left_ = 0, padding_ = 0;
};

}  // namespace devenv::store
