// SPDX-License-Identifier: Apache-2.0
#pragma once
// Certification path validation (RFC 5280 6) on OpenSSL in its strict mode, and the rules of this house on
// top: no CA as leaf; RSA of at least 2048 bits, EC P-256 or P-384, or Ed25519 in every certificate; no MD5
// or SHA-1 signature below the anchor; no name but those in subjectAltName. A pure function of its
// arguments, usable from any thread.
//
// Every refusal is ErrorKind::peerDenied with one of these codes, and says in its detail which certificate:
//   tls.certificate.malformed           .expired            .not_yet_valid      .untrusted_issuer
//   tls.certificate.bad_signature       .ca_as_leaf         .wrong_eku          .key_usage
//   tls.certificate.not_a_ca            .path_length        .chain_too_long     .name_constraint
//   tls.certificate.weak_key            .weak_signature     .revoked            .crl_missing
//   tls.certificate.crl_stale           .crl_invalid        .critical_extension .policy
//   tls.certificate.strict (RFC 5280 profile violated otherwise)                .invalid (anything else)

#include <span>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/trust.h"

namespace sallyport::crypto {

struct ValidatedPath {
  std::vector<Certificate> certificates;  // leaf to anchor
  WallTime valid_from;                    // the latest notBefore
  WallTime valid_until;                   // the earliest notAfter
  WallTime recheck_at;                    // the same, or the nextUpdate of a revocation list before it
};

Result<ValidatedPath> validatePath(const Certificate& leaf, std::span<const Certificate> intermediates,
                                   const TrustAnchors& anchors, const VerificationPolicy& policy, WallTime now);

}  // namespace sallyport::crypto
