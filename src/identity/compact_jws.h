// SPDX-License-Identifier: Apache-2.0
#pragma once
// A JWS in compact form (RFC 7515 3.1), opened with a key set: what it says is ours to read only once its
// signature has held. For sources of this room.

#include <string>
#include <string_view>

#include "core/result.h"
#include "identity/jwks.h"

namespace sallyport::identity {

inline constexpr std::size_t kMaxTokenBytes = 8'192;

struct OpenedJws {
  std::string payload;
  std::string_view signed_text;  // of the token: all that its signature covers
  crypto::Sha256Digest key;      // Jwk::thumbprint
};

// Keys the header brings along (jwk, jku, x5c, x5u) are never looked at. Errors: as of TokenVerifier::verify()
// from identity.token.too_large to identity.token.signature.
Result<OpenedJws> openCompactJws(std::string_view token, const Jwks& keys);

inline Error tokenDenied(const char* code, std::string detail = {}) {
  return {ErrorKind::peerDenied, code, std::move(detail)};
}

}  // namespace sallyport::identity
