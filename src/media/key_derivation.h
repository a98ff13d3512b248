// SPDX-License-Identifier: Apache-2.0
#pragma once
// Session keys from a master key (RFC 3711 4.3, RFC 6188 3, RFC 7714 11), key derivation rate zero:
// derived once. Internal to the room.

#include <cstdint>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"
#include "media/aes_counter.h"

namespace sallyport::media {

// RFC 3711 4.3.1, table in 4.3.2.
enum class KeyLabel : std::uint8_t {
  rtpEncryption = 0,
  rtpAuthentication = 1,
  rtpSalt = 2,
  rtcpEncryption = 3,
  rtcpAuthentication = 4,
  rtcpSalt = 5,
};

// One master key and salt, whose session keys are drawn one by one: the cipher is set up once for all of them.
class KeyDerivation {
 public:
  // A salt of 12 bytes (RFC 7714) counts as one of 14 that ends in zeros. Error: "media.srtp.cipher".
  static Result<KeyDerivation> create(Bytes master_key, Bytes master_salt);

  // `length` bytes of AES-CM keystream under the master key. Error: "media.srtp.cipher".
  Result<Secret> derive(KeyLabel label, std::size_t length);

  std::size_t masterKeyBytes() const { return master_key_bytes_; }

 private:
  KeyDerivation(AesCounter prf, const AesBlock& salt, std::size_t master_key_bytes)
      : prf_(std::move(prf)), salt_(salt), master_key_bytes_(master_key_bytes) {}

  AesCounter prf_;
  AesBlock salt_;
  std::size_t master_key_bytes_;
};

}  // namespace sallyport::media
