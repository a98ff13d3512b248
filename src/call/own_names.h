// SPDX-License-Identifier: Apache-2.0
#pragma once
// What others are told of where we are, by the listener they come by: host and port in signalling, the address in SDP.
// Pure; any thread.

#include <string>
#include <string_view>

#include "call/policy.h"
#include "call/ports.h"
#include "config/config.h"

namespace sallyport::call {

// host:port of a TLS listener in Via, Contact and Service-Route: what it advertises, or its address; where that is
// every address of the host, the first of our domains.
std::string nameOf(const config::Listener& listener, const config::Config& config);

// How SDP calls our media addresses for who comes by that listener; nothing: as [media] says.
config::MediaAdvertise announcedBy(const config::Config& config, std::string_view listener);

// Of media towards that peer: by its connection, or before there is one by its address.
MediaPlace mediaPlaceOf(const config::Config& config, const PeerPolicy& peer, const FlowFacts* facts,
                        IpAddress::Family family);

}  // namespace sallyport::call
