// SPDX-License-Identifier: Apache-2.0
// Calls that are taken apart and put together: where a party may be sent, and who may not take over a dialog.
#include <variant>

#include "call/call_server.h"

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

// An INVITE that wants to take over a dialog (RFC 3891). We take calls apart by REFER only; that somebody else's dialog
// exists is told to nobody.
void CallServer::refuseReplacing(sip::ServerTransactionId id, const sip::Message& invite, const FlowFacts& facts) {
  const auto replaces = Replaces::parse(*invite.header(sip::HeaderId::replaces));
  if (!replaces) return refuse(id, invite, 400, facts, replaces.error());
  const auto* named = byTag(replaces->to_tag);
  const bool theirs = named != nullptr && named->callId() == replaces->call_id &&
                      named->remoteTag() == replaces->from_tag && named->identity() == facts.identity();
  if (!theirs)
    return refuse(id, invite, 481, facts, {ErrorKind::peerDenied, "call.replaces.foreign", replaces->call_id});
  refuse(id, invite, 501, facts, {ErrorKind::peerDenied, "call.replaces.unsupported", replaces->call_id});
}

}  // namespace sallyport::call
