// SPDX-License-Identifier: Apache-2.0
#pragma once
// What makes two messages the same transaction (RFC 3261 17.1.3, 17.2.3), as one string to hash and
// compare, and the keyed hash for it.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sip/message.h"

namespace sallyport::sip {

// RFC 3261 8.1.1.7: without "z9hG4bK" the branch is an RFC 2543 element's and identifies nothing.
bool isLegacyBranch(std::string_view branch);

// Writes the key of a request into `out`, whose capacity is reused: branch and sent-by; for a legacy branch
// the Request-URI, From tag, Call-ID, CSeq number and topmost Via of the old rules, where the To tag
// is compared apart since an ACK has another one than its INVITE. ACK and CANCEL get the key of the
// request they are for; the method is compared apart too, and is in the key only when it has no Method.
void writeServerKey(const Message& request, std::string& out);

// SipHash-1-3. Strangers choose branches: without the key they cannot choose collisions.
std::uint64_t keyedHash(std::string_view text, const std::array<std::uint64_t, 2>& key);

}  // namespace sallyport::sip
