// SHA-256 (FIPS 180-4) by nettle, which is as fast as libcrypto and needs no milliseconds to be loaded. Streaming
// or at once. Move-only, one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace devenv {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(std::string_view data);
  /// 64 lower-case hex digits. Call once; the object is spent afterwards.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// 64 lower-case hex digits of the digest of `data`.
std::string sha256_hex(std::string_view data);
/// "sha256:" + sha256_hex(data): an OCI digest (image-spec, descriptor.md).
std::string sha256_digest(std::string_view data);

}  // namespace devenv
