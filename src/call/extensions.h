// SPDX-License-Identifier: Apache-2.0
#pragma once
// What our side of a session says it understands (RFC 3261 20.37, RFC 6086 7.2). Pure.

#include <string_view>

#include "call/policy.h"
#include "sip/message_writer.h"

namespace sallyport::call {

// An INFO package, and an option tag where candidates may follow a description in it (RFC 8840).
inline constexpr std::string_view kTrickleIce = "trickle-ice";

inline bool hearsTrickledCandidates(const PeerPolicy& peer) { return peer.media.ice != sdp::IceUse::never; }

// Supported, and Recv-Info: empty where no package is taken.
void sayExtensions(sip::MessageWriter& writer, const PeerPolicy& peer);

}  // namespace sallyport::call
