// SPDX-License-Identifier: Apache-2.0
#pragma once
// What SCRAM's two sides share of RFC 7804's framing: the scheme's name and messages in base64. For sources of
// this room.

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "identity/auth_params.h"

namespace sallyport::identity {

inline constexpr std::string_view kScramScheme = "SCRAM-SHA-256";
inline constexpr std::size_t kMaxScramData = 1'024;  // of base64

inline std::string toBase64(std::string_view text) { return crypto::base64Encode(bytesOf(text)); }
inline std::optional<std::string> fromBase64(std::string_view text) {
  const auto bytes = crypto::base64Decode(text, crypto::Base64Padding::required);
  if (!bytes) return std::nullopt;
  return std::string{bytes->begin(), bytes->end()};
}

inline Error scramMisbehaved(const char* code, std::string detail = {}) {
  return {ErrorKind::peerMisbehaved, code, std::move(detail)};
}

// The message in `data`. Errors (peerMisbehaved): identity.scram.malformed, identity.scram.too_large.
Result<std::string> scramMessageIn(const AuthParams& params);

}  // namespace sallyport::identity
