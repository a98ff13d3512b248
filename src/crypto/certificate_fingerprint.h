// SPDX-License-Identifier: Apache-2.0
#pragma once
// What signalling says of a certificate that nobody vouches for (RFC 8122 5, a=fingerprint): a hash over its
// DER. SHA-2 only; sha-1, md5 and md2 prove nothing any more and are refused. Plain values, any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "crypto/certificate.h"

namespace sallyport::crypto {

enum class FingerprintHash : std::uint8_t { sha256, sha384, sha512 };  // weakest first
std::string_view toString(FingerprintHash hash);                       // "sha-256", the IANA hash function name

struct CertificateFingerprint {
  FingerprintHash hash = FingerprintHash::sha256;
  std::vector<std::uint8_t> digest;

  static CertificateFingerprint of(const Certificate& certificate, FingerprintHash hash);
  // "sha-256 4A:AD:..." as in SDP; either case is read. Errors: crypto.fingerprint.weak (peerDenied: a hash that
  // we do not accept), crypto.fingerprint.malformed (peerMisbehaved).
  static Result<CertificateFingerprint> parse(std::string_view text);

  std::string text() const;  // "sha-256 4A:AD:..."
  friend bool operator==(const CertificateFingerprint&, const CertificateFingerprint&) = default;
};

// Whether the certificate is one of those announced. Of several hashes only the strongest counts; several
// fingerprints of one hash stand for several certificates (RFC 8122 5). None announced: never.
bool isAnnounced(const Certificate& certificate, std::span<const CertificateFingerprint> announced);

}  // namespace sallyport::crypto
