// SPDX-License-Identifier: Apache-2.0
#pragma once
// a=crypto, SDP security descriptions (RFC 4568), with the suites of RFC 7714, RFC 6188 and RFC 4568 6.2.
//
// A line is usable, or skipped with a reason (a suite we do not speak, MKI, key derivation rate, FEC, WSH,
// several keys: the offerer may have a better line), or an error that fails the whole description (broken
// grammar, a key of the wrong length, UNENCRYPTED_SRTP, UNENCRYPTED_SRTCP, UNAUTHENTICATED_SRTP).

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/secret.h"
#include "crypto/srtp_suite.h"
#include "sdp/session.h"

namespace sallyport::sdp {

struct CryptoOffer {
  unsigned tag = 1;
  crypto::SrtpSuite suite = crypto::SrtpSuite::aeadAes256Gcm;
  Secret key_and_salt;                              // exactly the suite's master key, then its master salt
  std::uint64_t lifetime = std::uint64_t{1} << 48;  // packets (RFC 4568 6.1); 2^48 when the line is silent
  std::string_view spelling;                        // static text: how the peer wrote the suite, to answer alike

  CryptoOffer clone() const;
};

struct SkippedCrypto {
  unsigned tag = 0;
  const char* reason = "";  // static text for the operator: "mki", "unknown suite"
};

using CryptoLine = std::variant<CryptoOffer, SkippedCrypto>;

// `value` is what follows "a=crypto:". Errors: sdp.crypto.malformed, sdp.crypto.key, sdp.crypto.lifetime
// (peerMisbehaved), sdp.crypto.unencrypted (peerDenied).
Result<CryptoLine> parseCrypto(std::string_view value);

struct CryptoLines {
  std::vector<CryptoOffer> usable;  // in the section's order
  std::vector<SkippedCrypto> skipped;
};

// All a=crypto lines of a section. Also sdp.crypto.tag_repeated and sdp.crypto.too_many (over 32 lines).
Result<CryptoLines> cryptoLinesOf(const MediaSection& section);

// "1 AEAD_AES_256_GCM inline:...": the value of a line of ours. Holds the key.
std::string renderCrypto(const CryptoOffer& crypto);

}  // namespace sallyport::sdp
