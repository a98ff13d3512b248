// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the caller is told when the other side, the network or we ourselves end an INVITE: total
// functions, so that no code of the far side passes by accident.

#include "core/result.h"

namespace sallyport::call {

// The final status the far leg gave (300..699) as the near leg is told. A redirect is not followed;
// a challenge is ours to answer and stays on its hop; 503 speaks of the far hop only (RFC 3261 16.7).
int statusTowardsPeer(int far_status);

// A challenge of the far side that our account there does not answer.
bool isChallengeRefusal(const Error& error);

// A failure of our own, by who is at fault; total over codes and kinds.
int statusTowardsPeer(const Error& error);

}  // namespace sallyport::call
