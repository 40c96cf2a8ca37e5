// Content-addressed blobs: blobs/sha256/<hex> of the OCI image layout. A blob appears by rename after its
// digest and size were checked, so a name that exists is complete. Thread-safe, and safe between processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "byte_stream.h"
#include "devenv/error.h"
#include "runtime/base/sha256.h"
#include "runtime/base/unique_fd.h"

namespace devenv::store {

/// The bytes are not what their name promises. The message names the digest and the way out.
class CorruptBlob : public Error {
 public:
  using Error::Error;
};

/// A blob being written: bytes go to tmp/, hashed on the way. Discarded unless committed. One thread.
class BlobWriter {
 public:
  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) = delete;
  ~BlobWriter();

  /// Throws SystemError (no space left: nothing is left behind once the writer is gone).
  void write(std::string_view data);
  std::uint64_t size() const { return size_; }
  /// Publishes it and returns its digest. `expected` non-empty: throws CorruptBlob when digest (or size,
  /// when given) differ. Call once.
  std::string commit(const std::string& expected_digest = {},
                     std::optional<std::uint64_t> expected_size = std::nullopt);

 private:
  friend class BlobStore;
  explicit BlobWriter(const std::string& root);
  void publish(const std::string& path, const std::string& digest);

  std::string root_;
  UniqueFd fd_;       ///< unnamed (O_TMPFILE) until commit: a crash leaves nothing
  std::string name_;  ///< empty, or its temporary name where the file system has no unnamed files
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

class BlobStore {
 public:
  explicit BlobStore(std::string store_root) : root_(std::move(store_root)) {}

  bool has(const std::string& digest) const;
  /// Its absolute path; need not exist. Throws Error for a malformed digest.
  std::string path(const std::string& digest) const;
  /// Throws NotFound "blob sha256:… is not in the store …".
  UniqueFd open(const std::string& digest) const;
  std::uint64_t size(const std::string& digest) const;
  /// The whole blob, its digest verified. For manifests and configs. Throws NotFound, CorruptBlob (and then
  /// has removed it, so that a pull or build heals the store).
  std::string read(const std::string& digest, std::size_t limit = 4u << 20) const;
  /// The same for one who only looks: a damaged blob stays.
  std::string inspect(const std::string& digest, std::size_t limit) const;

  BlobWriter begin() const { return BlobWriter(root_); }
  /// Stores `data`, returns its digest.
  std::string put(std::string_view data) const;
  /// Rereads and hashes it. Throws NotFound, CorruptBlob.
  void verify(const std::string& digest) const;
  void remove(const std::string& digest) const;
  /// Digests of all blobs present, sorted.
  std::vector<std::string> list() const;

 private:
  CorruptBlob damaged(const std::string& digest) const;
  std::string root_;
};

}  // namespace devenv::store
