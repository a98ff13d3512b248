// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "core/check.h"

namespace sallyport::crypto {

Sha256Digest sha256(Bytes data) {
  Sha256Digest digest;
  SHA256(data.data(), data.size(), digest.data());
  return digest;
}

Sha256Digest hmacSha256(Bytes key, Bytes data) {
  static constexpr std::uint8_t kNoKey = 0;  // OpenSSL takes a null pointer for "the key of before"
  Sha256Digest digest;
  unsigned size = 0;
  const void* key_bytes = key.empty() ? &kNoKey : key.data();
  SP_CHECK(HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), data.data(), data.size(), digest.data(),
                &size) != nullptr);
  return digest;
}

}  // namespace sallyport::crypto
