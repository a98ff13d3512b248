// SPDX-License-Identifier: Apache-2.0
#pragma once
// How long a subscription or a publication is asked for and granted (RFC 6665 4.1.2.1, RFC 3903 4).

#include <chrono>
#include <optional>

#include "call/relay_ports.h"

namespace sallyport::call {

// What a request asks for, at most rules.max_expires; the default where it says nothing. Errors:
// "relay.expires.invalid", "relay.expires.brief" (less than rules.min_expires and not 0).
Result<std::chrono::seconds> askedExpires(const sip::Message& request, const RelayRules& rules);
// What a response says; nothing when it says nothing that can be read.
std::optional<std::chrono::seconds> grantedExpires(const sip::Message& response,
                                                   sip::HeaderId header = sip::HeaderId::expires);

}  // namespace sallyport::call
