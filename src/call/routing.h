// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a call goes, as whom, and what crosses with it: a decision from the caller, the Request-URI and the time
// alone. Pure, so that the same function answers a call and an operator's question.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "call/caller_identity.h"
#include "call/policy.h"
#include "core/clock.h"
#include "core/result.h"

namespace sallyport::call {

// Who a request is for, out of its Request-URI or what an operator wrote.
struct CalledParty {
  std::string user;  // unescaped; a telephone number without its parameters
  std::string host;  // ours for a tel: URI
  Number number;     // read by the source's plan
};
// Of a sip:, sips: or tel: URI. Errors, kind peerMisbehaved: "sip.uri.*", "call.number.*" (a broken telephone number),
// "call.request_uri.user" (nobody in it), "call.request_uri.scheme" (another scheme: 416).
Result<CalledParty> calledParty(const EdgePolicy& policy, std::string_view from_peer, std::string_view uri);

struct RouteQuery {
  std::string_view from_peer;
  std::string_view user;  // unescaped user part of the Request-URI
  std::string_view host;
  const Caller* caller = nullptr;  // null: nobody known (an operator's question without one)
  WallTime at{};
  const Number* called = nullptr;  // null: `user` is read by the source's plan
};

// One peer to try, or the registrar: every flow that `user` is registered on.
struct Destination {
  const PeerPolicy* peer = nullptr;  // lives as long as the policy; the devices' stands for the registrar
  unsigned priority = 1;
  unsigned weight = 1;
  std::string user = {};           // as this peer is to be asked for it, not escaped: uri() does that
  bool is_number = false;          // the user is a telephone number, known world-wide or not
  HeaderPolicy headers = {};       // between the source and it
  PresentedCaller presented = {};  // the caller as it is told
  bool isRegistrar() const { return peer->name == kDevices; }
  std::string uri() const;  // for Request-URI and To: "sip:user@host", with ";user=phone" where the peer wants it
};

struct RouteDecision {
  std::size_t rule_index = 0;             // from 0
  std::string rule;                       // "3: +49* -> core", for the record
  Number called;                          // as dialled, read by the source's plan
  Number onward;                          // as the rule has rewritten it; its toll is what the call costs
  std::vector<Destination> destinations;  // never empty; by priority, then as configured
  const Destination& first() const { return destinations.front(); }
};

// Errors: "call.route.none" (nothing matches), "call.route.to_origin" (would only go back where it came from),
// "call.route.denied" or "call.route.denied.<status>" (a rule says so; see refusalStatus).
Result<RouteDecision> route(const EdgePolicy& policy, const RouteQuery& query);

// The destinations in the order to try them: by priority, and among equals drawn by weight (RFC 2782) from `draw`,
// which is random for a call and fixed for an operator's question.
std::vector<const Destination*> failoverOrder(const RouteDecision& decision, std::uint64_t draw);

// What every rule says to the query, in order: why it does not fit, or "" where it does.
struct RuleVerdict {
  std::string rule;
  std::string mismatch;
};
std::vector<RuleVerdict> explainRules(const EdgePolicy& policy, const RouteQuery& query);

}  // namespace sallyport::call
