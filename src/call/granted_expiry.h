// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a registrar's answer to our REGISTER says about time (RFC 3261 10.2.4, 20.23, 20.33).

#include <chrono>
#include <optional>
#include <string_view>

#include "sip/message.h"

namespace sallyport::call {

inline constexpr std::chrono::seconds kLongestExpires{86'400};  // more is taken as this

// A header of delta-seconds such as Min-Expires or Retry-After; nothing when absent or no number.
std::optional<std::chrono::seconds> secondsIn(const sip::Message& message, sip::HeaderId id);

// For how long `contact`, a URI of ours, is bound. The registrar lists every binding of the address; ours is the one
// with our URI, or, where the registrar writes it otherwise, the only one. Without any, the Expires header says it, or
// it granted what we asked. 0: it is not bound.
std::chrono::seconds grantedIn(const sip::Message& response, std::string_view contact, std::chrono::seconds asked);

}  // namespace sallyport::call
