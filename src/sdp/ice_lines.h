// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ICE attributes of one level or section, read one after the other. Internal to the room.

#include <optional>
#include <span>

#include "sdp/ice.h"

namespace sallyport::sdp {

struct IceLines {
  std::optional<std::string_view> ufrag, password;
  std::vector<IceCandidate> candidates;
  std::vector<SkippedCandidate> skipped;
  Trickle trickle = Trickle::no;
  IceMode mode = IceMode::full;
  Gathering gathering = Gathering::goesOn;
};

// Errors: those of iceOf(), but "sdp.ice.incomplete". The views are the attributes'.
Result<IceLines> iceLinesIn(std::span<const Attribute> attributes);

// Both, or neither: nothing. Error: "sdp.ice.incomplete".
Result<std::optional<IceCredentials>> credentialsOf(std::optional<std::string_view> ufrag,
                                                    std::optional<std::string_view> password);

}  // namespace sallyport::sdp
