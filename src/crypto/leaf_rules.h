// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a leaf must be beyond the end of a valid path: nobody's CA, usable for TLS as asked, with names that
// mean what they say. For path_validator.

#include <openssl/x509.h>

#include <span>
#include <string_view>

#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/trust.h"

namespace sallyport::crypto {

// peerDenied, with the certificate's subject before the reason.
Error refusal(const char* code, X509* certificate, std::string_view why);

// Errors: tls.certificate.ca_as_leaf, .wrong_eku, .key_usage, .strict, .malformed.
Status checkUse(const Certificate& leaf, Eku wanted);

// `path` is leaf to anchor. A subjectAltName that is no name is refused even when another one would match; so
// is a wildcard that could stand for a name which a CA of the path is forbidden. Errors:
// tls.certificate.malformed, .name_constraint.
Status checkNames(std::span<const Certificate> path);

}  // namespace sallyport::crypto
