// The digest functions of OpenSSL's libcrypto, loaded with the first digest.
#pragma once

#include <openssl/evp.h>

#include "runtime/base/lazy_library.h"

namespace devenv {

struct CryptoLibrary {
  LazyLibrary library{"libcrypto.so.3", "libssl3"};
  decltype(&::EVP_MD_CTX_new) EVP_MD_CTX_new =
      library.function<decltype(&::EVP_MD_CTX_new)>("EVP_MD_CTX_new");
  decltype(&::EVP_MD_CTX_free) EVP_MD_CTX_free =
      library.function<decltype(&::EVP_MD_CTX_free)>("EVP_MD_CTX_free");
  decltype(&::EVP_DigestInit_ex) EVP_DigestInit_ex =
      library.function<decltype(&::EVP_DigestInit_ex)>("EVP_DigestInit_ex");
  decltype(&::EVP_DigestUpdate) EVP_DigestUpdate =
      library.function<decltype(&::EVP_DigestUpdate)>("EVP_DigestUpdate");
  decltype(&::EVP_DigestFinal_ex) EVP_DigestFinal_ex =
      library.function<decltype(&::EVP_DigestFinal_ex)>("EVP_DigestFinal_ex");
  decltype(&::EVP_sha256) EVP_sha256 = library.function<decltype(&::EVP_sha256)>("EVP_sha256");
};

/// Loaded by the first call, for good. Throws NotFound when it cannot be; the next call tries again.
inline const CryptoLibrary& libcrypto() {
  static const CryptoLibrary loaded;
  return loaded;
}

}  // namespace devenv
