// SPDX-License-Identifier: Apache-2.0
#pragma once
// application/trickle-ice-sdpfrag (RFC 8840 9): candidates that follow a description, in the body of an INFO. Not a
// session description: no v=, o= or s=, only ICE attributes and a pseudo m= line per section.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sdp/ice.h"

namespace sallyport::sdp {

inline constexpr std::string_view kTrickleContentType = "application/trickle-ice-sdpfrag";

struct TrickleSection {
  std::string mid;  // a=mid; empty where the section has none
  std::vector<IceCandidate> candidates;
  std::vector<SkippedCandidate> skipped;
  Gathering gathering = Gathering::goesOn;
};

struct TrickleFragment {
  IceCredentials credentials;  // which generation this belongs to
  std::vector<TrickleSection> sections;
};

// Errors (peerMisbehaved): "sdp.trickle.malformed", "sdp.trickle.too_long", "sdp.trickle.too_many_sections",
// "sdp.trickle.credentials" (missing, or not the same in every section), and those of iceOf().
Result<TrickleFragment> parseTrickleFragment(std::string_view text);

}  // namespace sallyport::sdp
