// SPDX-License-Identifier: Apache-2.0
#pragma once
// The header fields of digest authentication as values: Authorization, WWW-Authenticate (and their Proxy-
// twins, which are written alike) and Authentication-Info. RFC 7616 3, RFC 8760, RFC 3261 22.4 and 25.1.
//
// Read strictly: each parameter once, every size bounded, `qop=auth` demanded, no -sess algorithm. Unknown
// parameters are passed over. Values, usable from any thread.
//
// Codes, all peerMisbehaved: those of AuthParams, and "identity.digest.scheme" (not Digest), ".missing",
// ".too_long", ".algorithm", ".qop", ".nonce_count", ".response", ".userhash", ".blank" (a form without nonce and
// response, which IMS phones send first: 3GPP TS 24.229 5.1.1.2).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sallyport::identity {

enum class DigestAlgorithm : std::uint8_t { sha256, sha512_256, md5 };
std::string_view toString(DigestAlgorithm algorithm);                       // "SHA-256", "SHA-512-256", "MD5"
std::optional<DigestAlgorithm> digestAlgorithmFrom(std::string_view name);  // any case

// Authorization: who the client says it is, and its proof.
struct DigestAnswer {
  std::string username;
  std::string realm;
  std::string nonce;
  std::string uri;
  std::string cnonce;
  std::string opaque;
  std::string response;                              // lower-case hex, as long as the algorithm's
  std::string nonce_count;                           // eight hex digits as written, which is how they are hashed
  DigestAlgorithm algorithm = DigestAlgorithm::md5;  // what an absent `algorithm` means

  std::uint32_t count() const;  // at least 1
  static Result<DigestAnswer> parse(std::string_view header_value);
  std::string toString() const;
};

enum class Freshness : std::uint8_t { fresh, stale };

// WWW-Authenticate or Proxy-Authenticate. Its qop holds "auth", alone when we write it.
struct DigestChallenge {
  std::string realm;
  std::string nonce;
  std::string opaque;
  DigestAlgorithm algorithm = DigestAlgorithm::md5;
  Freshness freshness = Freshness::fresh;  // stale: the proof was right, its nonce too old

  static Result<DigestChallenge> parse(std::string_view header_value);
  std::string toString() const;
};

// Authentication-Info, the server's proof that it too knows the password.
struct DigestInfo {
  std::string next_nonce;  // empty: go on with the same
  std::string response;    // rspauth
  std::string cnonce;
  std::string nonce_count;

  // As written in an answer to us: any of them may be missing.
  static Result<DigestInfo> parse(std::string_view header_value);
  std::string toString() const;
};

}  // namespace sallyport::identity
