#include "sha256.h"

#include <nettle/sha2.h>
#undef sha256_digest  // nettle's short name for nettle_sha256_digest, and a name of ours

namespace devenv {

struct Sha256::Context : sha256_ctx {};

Sha256::Sha256() : context_(std::make_unique<Context>()) { sha256_init(context_.get()); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(std::string_view data) {
  sha256_update(context_.get(), data.size(), reinterpret_cast<const unsigned char*>(data.data()));
  return *this;
}

std::string Sha256::hex() {
  unsigned char bytes[SHA256_DIGEST_SIZE];
  nettle_sha256_digest(context_.get(), sizeof bytes, bytes);
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string sha256_hex(std::string_view data) { return Sha256().update(data).hex(); }
std::string sha256_digest(std::string_view data) { return "sha256:" + sha256_hex(data); }

}  // namespace devenv
