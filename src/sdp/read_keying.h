// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a described stream is keyed, and whether ICE finds its way. Internal to the room; the errors are those of
// readOffer() and readAnswer() (offer_answer.h).

#include "sdp/offer_answer.h"

namespace sallyport::sdp {

std::optional<Profile> profileOf(const MediaSection& section);

// Nothing where the line is protected and keyed in a way that the policy has; else why it is refused.
std::optional<Error> refusalOf(const Session& session, const MediaSection& section, const MediaPolicy& policy);

// Crypto lines or DTLS, and ICE, into `audio`, which has profile and mux.
Status readOfferedKeying(const Session& session, const MediaSection& section, const MediaPolicy& policy,
                         AudioDescription& audio);
Status readAnsweredKeying(const Session& session, const MediaSection& section, const LocalAudio& offer,
                          const MediaPolicy& policy, AudioDescription& audio);

}  // namespace sallyport::sdp
