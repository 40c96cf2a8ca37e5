// libarchive's filters, without its formats: see tar_reader.h for why.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include "archive_library.h"
#include "byte_stream.h"
#include "compression.h"
#include "devenv/error.h"

namespace devenv::store {

Compression compression_of(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.starts_with("\x1f\x8b\x08"sv)) return Compression::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return Compression::zstd;
  if (head.starts_with("BZh"sv)) return Compression::bzip2;
  if (head.starts_with("\xfd"
                       "7zXZ\0"sv))
    return Compression::xz;
  // zstd:chunked and friends may begin with a skippable frame.
  if (head.size() >= 4 && head.substr(1, 3) == "\x2a\x4d\x18"sv && (head[0] & 0xf0) == 0x50)
    return Compression::zstd;
  return Compression::none;
}

namespace {

constexpr std::size_t head_size = 6;

/// Gives back the bytes that were read to recognise the format.
ByteSource with_head(std::string head, ByteSource rest) {
  return [head = std::move(head), offset = std::size_t{0}, rest = std::move(rest)](char* buffer,
                                                                                   std::size_t size) mutable {
    if (offset == head.size()) return rest(buffer, size);
    const std::size_t n = std::min(size, head.size() - offset);
    std::memcpy(buffer, head.data() + offset, n);
    offset += n;
    return n;
  };
}

class ArchiveFilter {
 public:
  ArchiveFilter(ByteSource source, Compression compression)
      : source_(std::move(source)), archive_(libarchive().read_new()) {
    enable(compression);
    libarchive().read_support_format_raw(archive_.get());
    libarchive().read_support_format_empty(archive_.get());
    require(libarchive().read_open(archive_.get(), this, nullptr, &ArchiveFilter::fill, nullptr));
    archive_entry* entry = nullptr;
    const int result = libarchive().read_next_header(archive_.get(), &entry);
    at_end_ = result == ARCHIVE_EOF;
    if (!at_end_) require(result);
  }

  std::size_t read(char* buffer, std::size_t size) {
    if (at_end_) return 0;
    const la_ssize_t n = libarchive().read_data(archive_.get(), buffer, size);
    if (n < 0) require(static_cast<int>(n));
    return static_cast<std::size_t>(n);
  }

 private:
  void enable(Compression compression) {
    switch (compression) {
      case Compression::gzip:
        libarchive().read_support_filter_gzip(archive_.get());
        break;
      case Compression::zstd:
        libarchive().read_support_filter_zstd(archive_.get());
        break;
      case Compression::bzip2:
        libarchive().read_support_filter_bzip2(archive_.get());
        break;
      case Compression::xz:
        libarchive().read_support_filter_xz(archive_.get());
        break;
      case Compression::none:
        break;
    }
  }

  static la_ssize_t fill(archive* handle, void* self, const void** data) {
    auto& filter = *static_cast<ArchiveFilter*>(self);
    try {
      *data = filter.buffer_.data();
      return static_cast<la_ssize_t>(filter.source_(filter.buffer_.data(), filter.buffer_.size()));
    } catch (...) {  // must not pass through C frames
      filter.failure_ = std::current_exception();
      libarchive().set_error(handle, EIO, "source failed");
      return -1;
    }
  }

  void require(int result) {
    if (failure_) std::rethrow_exception(failure_);
    if (result >= ARCHIVE_WARN && result != ARCHIVE_RETRY) return;
    const char* reason = libarchive().error_string(archive_.get());
    throw Error(std::string("decompress: ") + (reason ? reason : "corrupt data"));
  }

  struct Free {
    void operator()(archive* handle) const { libarchive().read_free(handle); }
  };
  ByteSource source_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::exception_ptr failure_;
  std::unique_ptr<archive, Free> archive_;
  bool at_end_ = false;
};

}  // namespace

ByteSource decompressed(ByteSource source) {
  std::string head(head_size, '\0');
  std::size_t have = 0;
  while (have < head_size) {
    const std::size_t n = source(head.data() + have, head_size - have);
    if (n == 0) break;
    have += n;
  }
  head.resize(have);
  const Compression compression = compression_of(head);
  ByteSource whole = with_head(std::move(head), std::move(source));
  if (compression == Compression::none) return whole;
#ifdef DEVENV_HAVE_ISAL
  if (compression == Compression::gzip) return gunzip(std::move(whole));
#endif
  auto filter = std::make_shared<ArchiveFilter>(std::move(whole), compression);
  return [filter](char* buffer, std::size_t size) { return filter->read(buffer, size); };
}

}  // namespace devenv::store
