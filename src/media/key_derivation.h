// SPDX-License-Identifier: Apache-2.0
#pragma once
// Session keys from a master key (RFC 3711 4.3, RFC 6188 3, RFC 7714 11), key derivation rate zero:
// derived once. Internal to the room.

#include <cstdint>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

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

// `length` bytes of AES-CM keystream under the master key. A salt of 12 bytes (RFC 7714) counts as one of
// 14 that ends in zeros. Error: "media.srtp.cipher".
Result<Secret> deriveKey(Bytes master_key, Bytes master_salt, KeyLabel label, std::size_t length);

}  // namespace sallyport::media
