// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hashes (FIPS 180-4, RFC 1321) and HMAC (RFC 2104). One call each, nothing kept between calls.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/bytes.h"

namespace sallyport::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;
using Sha384Digest = std::array<std::uint8_t, 48>;
using Sha1Digest = std::array<std::uint8_t, 20>;

Sha256Digest sha256(Bytes data);
Sha384Digest sha384(Bytes data);
Sha256Digest hmacSha256(Bytes key, Bytes data);  // a key of any length
Sha1Digest hmacSha1(Bytes key, Bytes data);      // for protocols that know no other

// md5 proves nothing by itself; it stands here for the digest authentication of peers that know no other.
enum class HashAlgorithm : std::uint8_t { sha256, sha512_256, md5 };
inline constexpr std::size_t kMaxHashBytes = 32;
std::size_t hashBytes(HashAlgorithm algorithm);

// Writes hashBytes(algorithm) bytes to the front of `out` and returns them.
Bytes hash(HashAlgorithm algorithm, Bytes data, std::span<std::uint8_t, kMaxHashBytes> out);

// In a time that depends on the sizes only.
bool equalInConstantTime(Bytes a, Bytes b);

}  // namespace sallyport::crypto
