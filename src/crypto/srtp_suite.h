// SPDX-License-Identifier: Apache-2.0
#pragma once
// The SRTP suites Sallyport speaks (RFC 7714, RFC 6188, RFC 4568 6.2), as facts that signalling
// (sdp) and the transforms (media) share. There is no NULL suite and no 32-bit tag.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::crypto {

// How voice is protected on one side of a call. none: plain RTP, of peers that are configured as `unprotected` only.
// endToEnd: SRTP between the two ends, who agree the keys by ZRTP; we relay it as it is.
enum class MediaProtection : std::uint8_t { srtp, none, endToEnd };

enum class SrtpSuite : std::uint8_t { aeadAes256Gcm, aeadAes128Gcm, aes256CmHmacSha1_80, aesCm128HmacSha1_80 };

struct SrtpSuiteFacts {
  std::string_view name;  // IANA "SRTP Crypto Suite Registrations"
  std::size_t master_key_bytes;
  std::size_t master_salt_bytes;
  std::size_t tag_bytes;  // appended to each RTP and RTCP packet
  bool aead;
};

constexpr SrtpSuiteFacts factsOf(SrtpSuite suite) {
  switch (suite) {
    case SrtpSuite::aeadAes256Gcm: return {"AEAD_AES_256_GCM", 32, 12, 16, true};
    case SrtpSuite::aeadAes128Gcm: return {"AEAD_AES_128_GCM", 16, 12, 16, true};
    case SrtpSuite::aes256CmHmacSha1_80: return {"AES_256_CM_HMAC_SHA1_80", 32, 14, 10, false};
    case SrtpSuite::aesCm128HmacSha1_80: break;
  }
  return {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, false};
}

// Strongest first: the order in which we offer and prefer.
inline constexpr std::array kSrtpSuites{SrtpSuite::aeadAes256Gcm, SrtpSuite::aeadAes128Gcm,
                                        SrtpSuite::aes256CmHmacSha1_80, SrtpSuite::aesCm128HmacSha1_80};

}  // namespace sallyport::crypto
