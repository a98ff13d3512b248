// SPDX-License-Identifier: Apache-2.0
#pragma once
// ASN.1 values of certificates and revocation lists as ours. For sources of crypto and pki.

#include <openssl/asn1.h>
#include <openssl/x509.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace sallyport::crypto {

// Nothing where it is no valid time. What system_clock cannot hold (RFC 5280's 99991231235959Z) becomes the
// latest or earliest time that it can.
std::optional<WallTime> wallTimeOf(const ASN1_TIME* time);

std::string lineOf(const X509_NAME* name);       // RFC 2253, escaped
std::string hexOf(const ASN1_INTEGER* integer);  // as CertificateFacts::serial

inline std::string_view textOf(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// Why a key or a certificate's signature is too weak to rely on; nothing where it is not.
std::optional<std::string> weaknessOf(const EVP_PKEY* key);
std::optional<std::string> signatureWeaknessOf(X509* certificate);

}  // namespace sallyport::crypto
