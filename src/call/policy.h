// SPDX-License-Identifier: Apache-2.0
#pragma once
// What calls are judged and built by: an immutable snapshot compiled from the configuration and
// swapped whole on reload. A live call keeps the snapshot it began with for its media and timers,
// and is re-judged against the newest one by the guard.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/caller_identity.h"
#include "call/header_policy.h"
#include "call/route_table.h"
#include "call/sips.h"
#include "call/via.h"
#include "config/config.h"
#include "core/endpoint.h"
#include "core/result.h"
#include "identity/digest_fields.h"
#include "sdp/offer_answer.h"
#include "sip/transaction_layer.h"

namespace sallyport::call {

// One peer, or all enrolled devices, as a call needs to know it.
struct PeerPolicy {
  std::string name;  // the peer's, or kDevices
  sdp::MediaPolicy media;
  std::optional<Endpoint> address;  // where we connect to reach it; nothing: it connects to us
  std::string uri_host;             // the host in the Request-URI and To we send it
  config::Disclosure disclosure = config::Disclosure::respectPrivacy;
  CallerRules caller = {};    // of calls it makes: as whom, with which numbers
  HeaderPolicy headers = {};  // what crosses to it and from it
  config::SipsMode sips = config::SipsMode::allow;
  std::string listener = {};           // by which one we are named to it; empty: the one it has come by, or the first
  HopSecurity hop = HopSecurity::tls;  // plain: it is configured as unprotected, and `media` says so too
  config::DtmfMode dtmf = config::DtmfMode::rfc4733;  // how it is told of keys pressed on the other side
  config::Transcode transcode = config::Transcode::allow;
  std::optional<unsigned> ptime = {};  // milliseconds of voice in a packet sent to it; nothing: as it asks
  bool user_phone = false;             // numbers are sent to it with ";user=phone" (RFC 3261 19.1.1)
  std::optional<SentBy> sent_by = {};  // how we name ourselves to it; nothing: as to everybody
  std::vector<unsigned> failover_statuses{408, 503};  // of its final answers, those after which others are tried
  bool follow_redirects = false;                      // its 3xx to a call, by the routes of the caller

  std::shared_ptr<const PeerPolicy> browser = {};  // of devices: the same, but for media of a browser's kind

  // What holds for the media of one that has come over a WebSocket (RFC 7118): DTLS and ICE.
  const PeerPolicy& overWebSocket() const { return browser ? *browser : *this; }
  bool failsOver(int status) const;
  const NumberPlan& numbers() const { return caller.numbers; }
};

struct EdgePolicy {
  std::shared_ptr<const config::Config> config;
  std::vector<PeerPolicy> peers;
  std::optional<PeerPolicy> devices;
  RouteTable routes;
  HeaderPolicies header_policies;
  sip::TimerConfig timers;

  // Null when there is none; kDevices names the enrolled devices.
  const PeerPolicy* peer(std::string_view name) const;
  bool ownsHost(std::string_view host) const;  // one of our domains, without case
  const std::string& domain() const { return config->edge.domains.front(); }
};

using EdgePolicyPtr = std::shared_ptr<const EdgePolicy>;

// Errors, kind misconfigured: "config.suite.unknown" for a suite name the relay does not speak, "call.numbers.*",
// "call.header_policy.*" (".reference": a peer or route names none that there is), "call.route.*".
Result<EdgePolicyPtr> compile(std::shared_ptr<const config::Config> config);

identity::DigestAlgorithm algorithmOf(config::DigestAlgorithm algorithm);

}  // namespace sallyport::call
