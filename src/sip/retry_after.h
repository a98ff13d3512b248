// SPDX-License-Identifier: Apache-2.0
#pragma once
// Retry-After (RFC 3261 20.33): for how long a server wants to be left alone. Pure.

#include <chrono>
#include <optional>

#include "sip/message.h"

namespace sallyport::sip {

// The delta-seconds, without the comment and the parameters that may follow; nothing when there is no such header
// or none that can be read. At most a day, whatever it says.
std::optional<std::chrono::seconds> retryAfter(const Message& response);

}  // namespace sallyport::sip
