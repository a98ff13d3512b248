// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signatures of JSON Web Tokens (RFC 7515, RFC 7518 3, RFC 8037): which algorithms exist for us, and public
// keys that verify them. A key knows the algorithms it may serve, so a token cannot choose how its signature
// is read (RFC 8725 3.1). Keys are immutable, cheap to copy and usable from any thread.

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"

namespace sallyport::crypto {

enum class JwsAlgorithm : std::uint8_t { es256, es384, rs256, ps256, eddsa };
std::string_view toString(JwsAlgorithm algorithm);  // "ES256"
// Nothing for "none", for every HS* (a public key is no shared secret) and for what we do not know.
std::optional<JwsAlgorithm> jwsAlgorithmFrom(std::string_view name);

enum class JwsCurve : std::uint8_t { p256, p384 };

class JwsKey {
 public:
  // The parameters of a JWK (RFC 7518 6, RFC 8037 2) as unsigned big-endian numbers of the key's full size.
  // Errors (misconfigured): crypto.jws.key_malformed: a point off the curve, a size that is not the curve's;
  // crypto.jws.key_weak: an RSA modulus below 2048 or above 8192 bits, an even or small exponent.
  static Result<JwsKey> ec(JwsCurve curve, Bytes x, Bytes y);
  static Result<JwsKey> rsa(Bytes modulus, Bytes exponent);
  static Result<JwsKey> ed25519(Bytes x);

  bool serves(JwsAlgorithm algorithm) const;
  // Errors (peerDenied): crypto.jws.algorithm where the key does not serve it, crypto.jws.signature.
  Status verify(JwsAlgorithm algorithm, std::string_view signed_text, Bytes signature) const;

 private:
  enum class Kind : std::uint8_t { p256, p384, rsa, ed25519 };
  JwsKey(Kind kind, std::shared_ptr<EVP_PKEY> key) : kind_(kind), key_(std::move(key)) {}

  Kind kind_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace sallyport::crypto
