// SPDX-License-Identifier: Apache-2.0
// What the call's record says of its legs, its media and its end.
#include "call/bridge.h"

namespace sallyport::call {

void Bridge::proveLeg(const Leg& leg) {
  const std::size_t place = leg.role() == LegRole::caller ? 0 : 1;
  if (proven_[place] == leg.localTag()) return;
  const auto facts = context_.flows.facts(leg.flow());
  if (!facts) return;
  proven_[place] = leg.localTag();
  auto& proof = plan_.record.legs[place];
  proof = {};
  proof.sip_call_id = leg.callId();
  proof.peer = leg.peer().name;
  proof.identity = facts->identity();
  if (facts->principal) proof.proven_by = facts->principal->proofs().toString();
  if (facts->certificate) {
    const auto& certificate = facts->certificate->certificate();
    for (const auto& san : certificate.sans) proof.sans.push_back(san.toString());
    proof.fingerprint = certificate.fingerprint;
    proof.issuer = certificate.issuer;
    proof.serial = certificate.serial;
  }
  proof.unprotected = facts->hop() == HopSecurity::plain;
  proof.transport = toString(facts->transport);
  proof.tls_version = facts->tls_version;
  proof.tls_suite = facts->tls_suite;
  proof.local_endpoint = facts->local.toString();
  proof.remote_endpoint = facts->remote.toString();
}

telemetry::CallRecord Bridge::record() const {
  auto record = plan_.record;
  if (record.legs[1].peer.empty()) record.legs[1].peer = plan_.targets.first().peer->name;
  if (state_ != State::over) media_.describe(record);
  return record;
}

void Bridge::finishRecord() {
  auto& record = plan_.record;
  if (record.legs[1].peer.empty()) record.legs[1].peer = plan_.targets.first().peer->name;
  media_.describe(record);
  record.ended = context_.wall;
  record.end.code = cause_.code;
  record.end.text = cause_.detail;
  record.end.by = cause_.by;
  record.end.sip_status = record.answered ? 200 : static_cast<unsigned>(cause_.status);
}

}  // namespace sallyport::call
