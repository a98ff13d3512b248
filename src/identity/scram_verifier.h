// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 3, RFC 7677): enough to recognise who knows
// it and to prove that it knew it too, not enough to log in anywhere.

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"

namespace sallyport::identity {

inline constexpr unsigned kScramMinIterations = 4'096;  // RFC 7677 4
inline constexpr unsigned kScramIterations = 15'000;    // of new verifiers
inline constexpr unsigned kScramMaxIterations = 1'000'000;
inline constexpr std::size_t kScramSaltBytes = 16;  // of new verifiers

struct ScramVerifier {
  unsigned iterations = 0;
  std::string salt;               // bytes
  Secret stored_key, server_key;  // 32 bytes each

  ScramVerifier clone() const { return {iterations, salt, stored_key.clone(), server_key.clone()}; }
  friend bool operator==(const ScramVerifier&, const ScramVerifier&) = default;
};

// What a client computes from the password (RFC 5802 3).
struct ScramKeys {
  Secret client_key, stored_key, server_key;  // 32 bytes each
};

// The password goes through SASLprep (RFC 4013). Errors (misconfigured): identity.scram.password (empty, NUL,
// not to be prepared), identity.scram.iterations, identity.scram.salt (4 to 64 bytes).
Result<ScramKeys> scramKeys(std::string_view password, unsigned iterations, std::string_view salt);
Result<ScramVerifier> makeScramVerifier(std::string_view password, unsigned iterations, std::string_view salt);

// "<iterations>$<salt>$<StoredKey>:<ServerKey>", each in base64. Error (misconfigured): identity.scram.verifier.
Result<ScramVerifier> parseScramVerifier(std::string_view text);
Secret textOf(const ScramVerifier& verifier);

}  // namespace sallyport::identity
