// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a peer will see of where we are, by each way in: names and addresses in signalling (RFC 3261, 3327, 3608), in
// SDP and its ICE candidate, the servers that clients are given; and what of it leads nowhere from outside. A function
// of the configuration and of this host's addresses; any thread.

#include <string>
#include <vector>

#include "config/config.h"
#include "core/endpoint.h"

namespace sallyport::app {

struct NatFinding {
  enum class Weight : unsigned char {
    warning,  // somebody will not reach us, or hear nothing
    note,     // right where that is meant, and takes something to be done elsewhere
  };
  Weight weight = Weight::warning;
  const char* code = "";  // "nat.*"
  std::string text;
  std::string suggestion;
};

struct NatWayIn {
  std::string listener;            // its name; "[web_listener]", "[unprotected_listener]"
  std::string over;                // "TLS", "WSS", "TCP"
  std::string bound;               // address:port
  std::string signalling;          // host:port in Via, Contact, Path and Service-Route
  std::vector<std::string> media;  // addresses in c= and ICE candidates
  std::vector<std::string> peers;  // that are told so wherever they come from
};

struct NatView {
  std::vector<NatWayIn> ways;
  std::string media_ports;           // "20000-29999"
  std::vector<std::string> relays;   // STUN and TURN addresses that clients are given
  std::vector<NatFinding> findings;  // in the order of the ways
};

NatView natView(const config::Config& config, const std::vector<IpAddress>& interfaces);

// Of all interfaces that are up. Empty where the system does not say.
std::vector<IpAddress> interfaceAddresses();

}  // namespace sallyport::app
