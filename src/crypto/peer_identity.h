// SPDX-License-Identifier: Apache-2.0
#pragma once
// Comparing the names of certificates with the names of the configuration (RFC 5922 7, RFC 6125 6.4): both
// become keys of one normal form, and equal keys are equal names.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate.h"

namespace sallyport::crypto {

// "sip:alice@example.net" and "sip:example.net"; nothing else may stand in it. The host is lower case, the
// user as written.
struct SipIdentity {
  std::string user;  // empty: the identity of a domain
  std::string host;
};
std::optional<SipIdentity> parseSipIdentity(std::string_view uri);

// A configured identity in normal form; nothing where it is malformed. Only dns has a wildcard.
std::optional<SubjectAltName> normalIdentity(const SubjectAltName& identity);

// The keys under which a certificate's name may be configured: itself, and for sip:<domain> that domain.
std::vector<std::string> keysOf(const SubjectAltName& san);

bool isWildcard(std::string_view dns_name);                    // "*.example.net"
std::string_view withoutLeftLabel(std::string_view dns_name);  // "example.net"; empty where there is no other label

}  // namespace sallyport::crypto
