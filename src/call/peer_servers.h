// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whom we call and where, as the configuration says: what PeerTargets begins with. Pure.

#include <vector>

#include "call/peer_targets.h"
#include "config/config.h"

namespace sallyport::call {

// The peers that have targets, or else an address, or else a host. `families`: what we can reach, preferred first.
std::vector<PeerServers> serversOf(const config::Config& config, const std::vector<IpAddress::Family>& families);

}  // namespace sallyport::call
