// SPDX-License-Identifier: Apache-2.0
#pragma once
// SHA-256 (FIPS 180-4) and HMAC over it (RFC 2104).

#include <array>
#include <cstdint>

#include "core/bytes.h"

namespace sallyport::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(Bytes data);
Sha256Digest hmacSha256(Bytes key, Bytes data);  // a key of any length

}  // namespace sallyport::crypto
