// SPDX-License-Identifier: Apache-2.0
#pragma once
// The arithmetic of digest authentication (RFC 7616 3.4, RFC 8760), for either side. Values, any thread.

#include <string>
#include <string_view>

#include "core/secret.h"
#include "identity/digest_fields.h"

namespace sallyport::identity {

std::size_t digestBytes(DigestAlgorithm algorithm);

// H(A1), as bytes: stands for the password in one realm, and is kept like one.
struct Ha1 {
  DigestAlgorithm algorithm = DigestAlgorithm::sha256;
  Secret bytes;

  static Ha1 of(DigestAlgorithm algorithm, std::string_view username, std::string_view realm, const Secret& password);
  Ha1 clone() const { return {algorithm, bytes.clone()}; }
};

// What the response is computed over beside H(A1); `qop` is auth.
struct DigestInput {
  std::string_view nonce;
  std::string_view nonce_count;
  std::string_view cnonce;
  std::string_view method;  // "" for the rspauth of Authentication-Info (RFC 7616 3.5)
  std::string_view uri;
};
std::string digestResponse(const Ha1& ha1, const DigestInput& input);  // lower-case hex

}  // namespace sallyport::identity
