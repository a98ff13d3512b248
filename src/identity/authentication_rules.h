// SPDX-License-Identifier: Apache-2.0
#pragma once
// What of a policy is met and what is left to ask for. Pure; for sources of this room.

#include <vector>

#include "identity/authenticator.h"

namespace sallyport::identity {

// An alternative that names nothing is none.
bool isEnough(const AuthenticationPolicy& policy, const Proofs& held);

// Of an established principal what still holds: when a token has expired, only what the connection itself shows.
Proofs heldProofs(const AuthenticationRequest& request);

// What to ask for: all that is missing of those alternatives that asking could complete, in their order.
std::vector<Proof> wantedProofs(const AuthenticationPolicy& policy, const Proofs& held);

}  // namespace sallyport::identity
