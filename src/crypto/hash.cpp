// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "core/check.h"

namespace sallyport::crypto {
namespace {

// Looked up once: asking the library by name costs more than a short hash.
const EVP_MD* implementation(HashAlgorithm algorithm) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  static const EVP_MD* const sha512_256 = EVP_MD_fetch(nullptr, "SHA2-512/256", nullptr);
  static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  switch (algorithm) {
    case HashAlgorithm::sha256: return sha256;
    case HashAlgorithm::sha512_256: return sha512_256;
    case HashAlgorithm::md5: return md5;
  }
  return nullptr;
}

template <typename Digest>
Digest hmac(const EVP_MD* how, Bytes key, Bytes data) {
  static constexpr std::uint8_t kNoKey = 0;  // OpenSSL takes a null pointer for "the key of before"
  Digest digest;
  unsigned size = 0;
  const void* key_bytes = key.empty() ? &kNoKey : key.data();
  SP_CHECK(HMAC(how, key_bytes, static_cast<int>(key.size()), data.data(), data.size(), digest.data(), &size) !=
           nullptr);
  return digest;
}

}  // namespace

Sha256Digest sha256(Bytes data) {
  Sha256Digest digest;
  SHA256(data.data(), data.size(), digest.data());
  return digest;
}

Sha384Digest sha384(Bytes data) {
  Sha384Digest digest;
  SHA384(data.data(), data.size(), digest.data());
  return digest;
}

Sha256Digest hmacSha256(Bytes key, Bytes data) { return hmac<Sha256Digest>(EVP_sha256(), key, data); }

Sha1Digest hmacSha1(Bytes key, Bytes data) { return hmac<Sha1Digest>(EVP_sha1(), key, data); }

std::size_t hashBytes(HashAlgorithm algorithm) { return algorithm == HashAlgorithm::md5 ? 16 : 32; }

Bytes hash(HashAlgorithm algorithm, Bytes data, std::span<std::uint8_t, kMaxHashBytes> out) {
  unsigned size = 0;
  const EVP_MD* const how = implementation(algorithm);
  SP_CHECK(how != nullptr && EVP_Digest(data.data(), data.size(), out.data(), &size, how, nullptr) == 1);
  return out.first(size);
}

bool equalInConstantTime(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sallyport::crypto
