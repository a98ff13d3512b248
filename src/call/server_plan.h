// SPDX-License-Identifier: Apache-2.0
#pragma once
// From the peers that a route names to the servers that a call tries: each place that is a peer becomes its
// servers in their order, one after the other. Pure.

#include "call/peer_targets.h"
#include "call/target.h"

namespace sallyport::call {

inline constexpr std::size_t kMostServersTried = 8;  // of one peer, for one call

// What rings together still does: the first servers of all, then the second ones of those that have one. Places
// that name a flow or a server stay as they are, and so do peers that connect to us. Error: that of
// PeerTargets::order() for the last of them, when there is nothing left to try.
Result<TargetPlan> overServers(const TargetPlan& plan, const PeerTargets& servers);

}  // namespace sallyport::call
