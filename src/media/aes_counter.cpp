// SPDX-License-Identifier: Apache-2.0
#include "media/aes_counter.h"

#include <openssl/evp.h>

#include <cstring>

#include "core/check.h"
#include "core/secret.h"
#include "media/srtp.h"

namespace sallyport::media {
namespace {

// Fetched once per process: a fetch takes a lock and walks the providers.
const EVP_CIPHER* blockCipher(std::size_t key_bytes) {
  static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);
  static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  return key_bytes == 32 ? aes256 : aes128;
}

}  // namespace

void CipherContextFree::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

Result<AesCounter> AesCounter::create(Bytes key) {
  SP_CHECK(key.size() == 16 || key.size() == 32);
  CipherContext context{EVP_CIPHER_CTX_new()};
  const bool ready = context != nullptr &&
                     EVP_EncryptInit_ex2(context.get(), blockCipher(key.size()), key.data(), nullptr, nullptr) == 1 &&
                     EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1;
  if (!ready) return Error{ErrorKind::internal, "media.srtp.cipher", "AES is not available"};
  return AesCounter{std::move(context)};
}

bool AesCounter::rekey(Bytes key) {
  return EVP_EncryptInit_ex2(context_.get(), nullptr, key.data(), nullptr, nullptr) == 1;
}

bool AesCounter::apply(const AesBlock& first, std::uint8_t* data, std::size_t length) {
  SP_CHECK(length <= kLongestPacket);
  alignas(64) std::uint8_t stream[kLongestPacket];
  const auto blocks = (length + kAesBlockBytes - 1) / kAesBlockBytes;
  for (std::size_t block = 0; block < blocks; ++block) {
    auto* const at = stream + block * kAesBlockBytes;
    std::memcpy(at, first.data(), kAesBlockBytes);
    storeBe16(at + kAesBlockBytes - 2, static_cast<std::uint16_t>(block));
  }
  int written = 0;
  if (blocks > 0 &&
      EVP_EncryptUpdate(context_.get(), stream, &written, stream, static_cast<int>(blocks * kAesBlockBytes)) != 1) {
    return false;
  }
  for (std::size_t i = 0; i < length; ++i) data[i] ^= stream[i];
  return true;
}

}  // namespace sallyport::media
