#include "sha256.h"

#include "crypto_library.h"
#include "devenv/error.h"

namespace devenv {

struct Sha256::Context {
  EVP_MD_CTX* evp = libcrypto().EVP_MD_CTX_new();
  ~Context() { libcrypto().EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (!context_->evp || libcrypto().EVP_DigestInit_ex(context_->evp, libcrypto().EVP_sha256(), nullptr) != 1)
    throw Error("set up SHA-256: OpenSSL refused");
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(std::string_view data) {
  if (libcrypto().EVP_DigestUpdate(context_->evp, data.data(), data.size()) != 1)
    throw Error("hash data: OpenSSL refused");
  return *this;
}

std::string Sha256::hex() {
  unsigned char bytes[32];
  unsigned size = 0;
  if (libcrypto().EVP_DigestFinal_ex(context_->evp, bytes, &size) != 1)
    throw Error("hash data: OpenSSL refused");
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
