// SPDX-License-Identifier: Apache-2.0
#include "media/key_fingerprint.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "core/check.h"

namespace sallyport::media {

std::uint64_t fingerprintOf(const SrtpKeying& keying) {
  std::array<std::uint8_t, 32> digest{};
  const auto key = keying.key_and_salt.bytes();
  SP_CHECK(EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  std::uint64_t fingerprint = 0;
  std::memcpy(&fingerprint, digest.data(), sizeof(fingerprint));
  return fingerprint;
}

}  // namespace sallyport::media
