// SPDX-License-Identifier: Apache-2.0
#include "call/call_planner.h"

#include <algorithm>

#include "crypto/random.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kCallIdCharacters = 20;

// Every host of the caller's side that a carried header may name stands as this one on the other.
HeaderCrossing crossingOf(const EdgePolicy& policy, const Destination& to) {
  const bool disclosed = to.peer->disclosure == config::Disclosure::always;
  return {policy.domain(), to.user, disclosed ? History::disclosed : History::respectPrivacy};
}

}  // namespace

Result<CallPlanner::Asked> CallPlanner::read(const EdgePolicy& policy, std::string_view from_peer,
                                             std::string_view request_uri, WallTime wall) const {
  SP_ASSIGN(auto called, calledParty(policy, from_peer, request_uri));
  Asked asked{std::move(called), schemeOf(request_uri), {}, {}};
  if (const auto uri = sip::Uri::parse(request_uri)) asked.instance = uri->params.find("gr").value_or("");
  if (parts_.registrations == nullptr) return asked;
  if (const auto binding = parts_.registrations->byToken(asked.called.user, wall)) {
    asked.token = binding->token;
    SP_ASSIGN(asked.called, calledParty(policy, from_peer, "sip:" + binding->aor));
  }
  return asked;
}

Result<std::vector<TargetGroup>> CallPlanner::groupsFor(const Destination& destination, const Asked& asked,
                                                        const PeerPolicy& caller, const sip::Message* invite,
                                                        const EdgePolicy& policy) const {
  const auto& peer = *destination.peer;
  SP_ASSIGN(const auto sips, decideSips({asked.scheme, caller.sips, peer.sips, caller.hop, peer.hop}));
  Target target;
  target.peer = &peer;
  target.label = peer.name;
  target.request_uri = withScheme(sips.far, destination.uri());
  target.to_uri = target.request_uri;
  target.from_uri = withScheme(sips.far, destination.presented.from_uri);
  target.from_display = destination.presented.display_name;
  target.asserted_identity = destination.presented.asserted_identity;
  target.privacy = destination.presented.privacy;
  if (invite != nullptr) target.carried = select(*invite, destination.headers, crossingOf(policy, destination));
  target.instance = asked.instance;
  target.token = asked.token;
  if (parts_.places == nullptr) return std::vector<TargetGroup>{{std::move(target)}};
  return parts_.places->expand(target);
}

Result<std::vector<TargetGroup>> CallPlanner::groupsFor(const RouteDecision& decision, const Asked& asked,
                                                        const PeerPolicy& caller, const sip::Message* invite,
                                                        const EdgePolicy& policy) const {
  std::vector<TargetGroup> all;
  std::optional<Error> first_refusal;
  for (const auto* destination : failoverOrder(decision, crypto::randomNumber())) {
    auto groups = groupsFor(*destination, asked, caller, invite, policy);
    if (groups) {
      std::move(groups->begin(), groups->end(), std::back_inserter(all));
    } else if (!first_refusal) {
      first_refusal = std::move(groups).error();
    }
  }
  if (all.empty()) return *std::move(first_refusal);
  return all;
}

Result<OnwardRoute> CallPlanner::onward(const EdgePolicy& policy, const FlowFacts& facts, const sip::Message* invite,
                                        std::string_view uri, WallTime wall) const {
  const auto* peer = policy.peer(facts.peer());
  if (peer == nullptr) return Error{ErrorKind::peerDenied, "call.peer_removed", std::string{facts.peer()}};
  SP_ASSIGN(const auto asked, read(policy, facts.peer(), uri, wall));
  const CallerProof proof{facts.peer(), facts.identity(), policy.domain()};
  Caller caller;
  caller.uri = principalUri(peer->caller, proof);
  if (invite != nullptr) {
    SP_ASSIGN(caller, identifyCaller(peer->caller, proof, *invite));
  }
  SP_ASSIGN(const auto decision,
            route(policy, {facts.peer(), asked.called.user, asked.called.host, &caller, wall, &asked.called.number}));
  // What is international can be told only from a country of one's own.
  const auto toll = decision.onward.toll.value_or(TollClass::national);
  const bool has_country = !peer->numbers().rules().country.empty();
  if (toll != TollClass::national && (toll != TollClass::international || has_country)) {
    return Error{ErrorKind::peerDenied, "call.onward.toll", std::string{toString(toll)}};
  }
  OnwardRoute onward;
  onward.targets.attempt_timeout = policy.config->sip.attempt_timeout;
  SP_ASSIGN(onward.targets.groups, groupsFor(decision, asked, *peer, invite, policy));
  onward.rule = decision.rule;
  onward.principal = caller.uri;
  return onward;
}

Result<CallPlan> CallPlanner::plan(const EdgePolicyPtr& policy, const FlowFacts& facts, const sip::Message& invite,
                                   WallTime wall) const {
  const auto& sip = policy->config->sip;
  const unsigned hops = invite.maxForwards().value_or(sip.max_forwards);
  if (hops == 0) return Error{ErrorKind::peerMisbehaved, "call.max_forwards", ""};
  const auto* caller = policy->peer(facts.peer());
  // A connection that was made before the peer became unprotected, or the other way round, is about to be closed.
  if (caller == nullptr || caller->hop != facts.hop())
    return Error{ErrorKind::peerDenied, "call.peer_removed", std::string{facts.peer()}};
  if (facts.transport == Transport::wss) caller = &caller->overWebSocket();
  SP_ASSIGN(const auto asked, read(*policy, facts.peer(), invite.requestUri(), wall));
  // A core that is a proxy keeps the Call-ID of what we sent it. Where it asks for the one phone that it was told of
  // by this token, that is a spiral and no loop (RFC 3261 16.3): the call ends at that phone's connection.
  if (asked.token.empty() && parts_.directory.isOurs(invite.callId())) {
    return Error{ErrorKind::peerDenied, "call.loop", "our own call came back"};
  }
  const CallerProof proof{facts.peer(), facts.identity(), policy->domain()};
  SP_ASSIGN(const auto identity, identifyCaller(caller->caller, proof, invite));
  SP_ASSIGN(const auto decision, route(*policy, {facts.peer(), asked.called.user, asked.called.host, &identity, wall,
                                                 &asked.called.number}));

  CallPlan plan;
  plan.id = std::to_string(parts_.worker) + "-" + crypto::randomToken(kCallIdCharacters);
  plan.policy = policy;
  plan.caller = caller;
  plan.max_forwards = std::min(hops - 1, sip.max_forwards);
  plan.targets.attempt_timeout = sip.attempt_timeout;
  SP_ASSIGN(plan.targets.groups, groupsFor(decision, asked, *caller, &invite, *policy));

  auto& record = plan.record;
  record.call_id = plan.id;
  record.worker = parts_.worker;
  record.started = wall;
  record.from = invite.from().uri;
  record.to = invite.requestUri();
  record.route = decision.rule;
  record.asserted_identity = identity.uri;
  record.guard.push_back({"chain", "admit", "every rule admitted"});
  return plan;
}

}  // namespace sallyport::call
