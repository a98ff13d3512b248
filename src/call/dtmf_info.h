// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keys in the bodies of INFO requests, as telephony has always sent them without a standard: application/dtmf-relay
// ("Signal=5", "Duration=160" in milliseconds) and application/dtmf (the key alone). Pure.

#include <string>
#include <string_view>

#include "core/result.h"
#include "media/event_inserter.h"

namespace sallyport::call {

inline constexpr std::string_view kDtmfRelay = "application/dtmf-relay";

// Errors: "call.info.type" (peerDenied: no keys in this type: 415), "call.dtmf.malformed" (peerMisbehaved: 400).
Result<media::TelephoneEvent> readKey(std::string_view content_type, std::string_view body);

// As application/dtmf-relay.
std::string writeKey(const media::TelephoneEvent& event);

}  // namespace sallyport::call
