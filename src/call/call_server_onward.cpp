// SPDX-License-Identifier: Apache-2.0
// Calls that are taken apart and put together: where a party may be sent, and who may take over a dialog.
#include <variant>

#include "call/call_server.h"
#include "call/status_map.h"

namespace sallyport::call {

// Judged as a new call of that party would be.
Result<OnwardRoute> CallServer::onward(const OnBehalf& by, std::string_view uri) {
  const auto facts = parts_.flows.facts(by.flow);
  if (!facts || facts->identity() != by.identity) return Error{ErrorKind::unavailable, "call.flow.gone", ""};
  if (draining_) return Error{ErrorKind::overloaded, "call.draining", ""};
  SP_ASSIGN(const auto target, sip::Uri::parse(uri));
  const guard::RequestFacts asked{.peer = facts->peer(),
                                  .identity = facts->identity(),
                                  .source = facts->remote.address,
                                  .method = sip::toString(sip::Method::invite),
                                  .scope = guard::RequestScope::initial,
                                  .request_host = target.host,
                                  .call_id = {}};
  auto verdict = parts_.judges.admission->judge(asked, context_.now);
  if (const auto* refusal = std::get_if<guard::Refusal>(&verdict)) {
    parts_.metrics.guardDecision(refusal->rule, guard::toString(refusal->action));
    return refusal->error();
  }
  SP_ASSIGN(auto onward, planner().onward(*policy_, *facts, by.invite, uri, context_.wall));
  onward.permits = std::get<guard::AdmittedRequest>(verdict).takePermits();
  return onward;
}

Result<guard::CallPermits> CallServer::admit(const OnBehalf& by, std::string_view target) {
  if (!parts_.judges.trunks) return guard::CallPermits{};
  const auto facts = parts_.flows.facts(by.flow);
  const guard::RequestFacts asked{.peer = by.peer.name,
                                  .identity = by.identity,
                                  .source = facts ? facts->remote.address : IpAddress{},
                                  .method = sip::toString(sip::Method::invite),
                                  .scope = guard::RequestScope::onward,
                                  .request_host = {},
                                  .call_id = {}};
  return parts_.judges.trunks->admit(asked, target, context_.now);
}

// An INVITE that wants to take over a dialog (RFC 3891): of its own principal and nobody else's. That somebody else's
// exists is told to nobody.
void CallServer::replacing(sip::ServerTransactionId id, sip::FlowId flow, const FlowFacts& facts, sip::Message invite,
                           guard::AdmittedRequest admitted) {
  const auto named = replacedBy(invite, facts);
  if (!named) return refuse(id, invite, statusTowardsPeer(named.error()), facts, named.error());
  auto& entry = calls_.at((*named)->call());
  const std::string call_id{invite.callId()};
  touch(**named);
  Newcomer newcomer{id, flow, std::move(invite), admitted.takePermits()};
  if (const auto taken = entry.bridge->replace(**named, newcomer); !taken)
    return refuse(id, newcomer.invite, statusTowardsPeer(taken.error()), facts, taken.error());
  parts_.directory.add(call_id, CallDirectory::Direction::received, parts_.worker);
  entry.sip_call_ids.push_back(call_id);
}

Result<Leg*> CallServer::replacedBy(const sip::Message& invite, const FlowFacts& facts) const {
  SP_ASSIGN(const auto replaces, Replaces::parse(*invite.header(sip::HeaderId::replaces)));
  if (invite.maxForwards() == 0u) return Error{ErrorKind::peerMisbehaved, "call.max_forwards", ""};
  if (parts_.directory.isOurs(invite.callId()))
    return Error{ErrorKind::peerDenied, "call.loop", "our own call came back"};
  auto* named = byTag(replaces.to_tag);
  // RFC 3891 3: one that is not answered yet is its caller's to give up. Picking up what rings at another phone, an
  // early dialog that we began, is not offered: two offers, the caller's and the newcomer's, would meet.
  const bool theirs = named != nullptr && named->isConfirmed() && named->callId() == replaces.call_id &&
                      named->remoteTag() == replaces.from_tag && named->identity() == facts.identity();
  if (!theirs) return Error{ErrorKind::peerDenied, "call.replaces.foreign", replaces.call_id};
  if (replaces.scope == Replaces::Scope::earlyOnly)  // RFC 3891 3
    return Error{ErrorKind::peerDenied, "call.replaces.answered", replaces.call_id};
  return named;
}

}  // namespace sallyport::call
