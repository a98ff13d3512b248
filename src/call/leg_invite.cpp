// SPDX-License-Identifier: Apache-2.0
// A leg as the asking side of the INVITE that opens its dialog: provisional responses, forks, the answer, giving up.
#include <algorithm>

#include "call/caller_identity.h"
#include "call/extensions.h"
#include "call/leg.h"
#include "crypto/random.h"
#include "sip/retry_after.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kCallIdCharacters = 24;
constexpr unsigned kSessionRetries = 2;    // raises after 422 before the call is given up
constexpr std::size_t kEarlyDialogs = 15;  // of one INVITE besides the first
constexpr std::size_t kContacts = 8;       // of a redirect that are looked at

std::string fromOf(const InvitePlan& plan) {
  PresentedCaller caller;
  caller.from_uri = plan.from_uri;
  caller.display_name = plan.from_display;
  return caller.from();
}

}  // namespace

Rejection Leg::rejectionBy(const sip::Message& response) {
  Rejection why{response.status(), {ErrorKind::unavailable, "call.rejected", std::to_string(response.status())}};
  why.retry_after = sip::retryAfter(response);
  const auto contacts = response.nameAddrs(sip::HeaderId::contact);
  if (!contacts || response.status() / 100 != 3) return why;
  for (const auto& contact : *contacts) {
    if (why.contacts.size() < kContacts) why.contacts.emplace_back(contact.uri);
  }
  return why;
}

void Leg::invite(InvitePlan plan) {
  plan_ = std::move(plan);
  call_id_ = crypto::randomToken(kCallIdCharacters);
  context_.index.bindCallId(call_id_, *this);
  asked_ = {std::max(policy_->config->sip.session_expires, policy_->config->sip.min_se), std::nullopt};
  initial_pending_ = true;
  withFlow([](Leg& leg, Result<sip::FlowId> flow) {
    if (flow) return leg.sendInitialInvite(*flow);
    leg.initial_pending_ = false;
    leg.ended_ = true;
    leg.events_->onRejected(leg, {503, flow.error()});
  });
}

std::string Leg::initialInvite(const std::string& branch) {
  // RFC 4028 7.3: who was told 422 repeats the largest Min-SE that it was told.
  const auto least = session_retries_ == 0 ? policy_->config->sip.min_se : asked_.interval;
  sip::MessageWriter writer{1'536 + plan_.sdp.size()};
  writer.request("INVITE", plan_.request_uri).header(sip::HeaderId::via, via(branch));
  for (const auto& hop : plan_.route) writer.header(sip::HeaderId::route, "<" + hop + ">");
  writer.header(sip::HeaderId::maxForwards, plan_.max_forwards)
      .header(sip::HeaderId::from, fromOf(plan_) + ";tag=" + local_tag_)
      .header(sip::HeaderId::to, "<" + plan_.to_uri + ">")
      .header(sip::HeaderId::callId, call_id_)
      .header(sip::HeaderId::cseq, std::to_string(initial_cseq_) + " INVITE")
      .header(sip::HeaderId::contact, contact())
      .header(sip::HeaderId::allow, allow());
  sayExtensions(writer, peer());
  writer.header(sip::HeaderId::sessionExpires, asked_.toString())
      .header(sip::HeaderId::minSe, static_cast<std::uint64_t>(least.count()));
  if (!plan_.asserted_identity.empty()) {
    writer.header(sip::HeaderId::pAssertedIdentity, "<" + plan_.asserted_identity + ">");
  }
  if (!plan_.privacy.empty()) writer.header(sip::HeaderId::privacy, plan_.privacy);
  if (invite_proof_) writer.header(invite_proof_->header, invite_proof_->value);
  for (const auto& [name, value] : plan_.carried) writer.header(name, value);
  return writer.finish("application/sdp", plan_.sdp);
}

void Leg::sendInitialInvite(sip::FlowId flow) {
  if (cancel_wanted_) {  // given up while the connection was being made: nothing was sent
    initial_pending_ = false;
    ended_ = true;
    return events_->onRejected(*this, {487, Error{ErrorKind::unavailable, "call.cancelled", ""}});
  }
  useFlow(flow);
  if (const auto facts = context_.flows.facts(flow)) identity_ = facts->identity();
  ++initial_cseq_;
  auto branch = newBranch();
  auto bytes = initialInvite(branch);
  OwnRequest own{{}, Purpose::initial, sip::Method::invite, std::move(branch), initial_cseq_};
  own.attempts = attempts_;
  sendOn(flow, std::move(own), std::move(bytes));
}

sip::Dialog* Leg::dialogWith(std::string_view remote_tag) {
  if (dialog_ && dialog_->remoteTag() == remote_tag) return &*dialog_;
  const auto found = std::find_if(forks_.begin(), forks_.end(),
                                  [&](const sip::Dialog& fork) { return fork.remoteTag() == remote_tag; });
  return found == forks_.end() ? nullptr : &*found;
}

void Leg::onInitialProgress(const sip::Message& response) {
  if (response.status() == 100) return;
  const bool known = dialogWith(response.toTag()) != nullptr;
  if (!response.toTag().empty() && !known && forks_.size() < kEarlyDialogs) {
    if (auto early = sip::Dialog::fromResponse(response, plan_.request_uri)) {
      if (!dialog_) {
        dialog_ = std::move(*early);
      } else {
        forks_.push_back(std::move(*early));
      }
    }
  }
  if (reliableNumber(response)) {
    auto* dialog = dialogWith(response.toTag());
    const auto rack = dialog != nullptr ? order_.acknowledge(response) : std::nullopt;
    if (!rack) return;  // heard before, or out of order: not processed further (RFC 3262 4)
    if (!response.body().empty()) answered_early_ = true;
    acknowledge(*dialog, *rack);
  }
  events_->onProgress(*this, response.status(), response.body());
}

void Leg::acknowledge(sip::Dialog& dialog, const RAck& rack) {
  OwnRequest own{{}, Purpose::aside, sip::Method::prack, {}};
  own.content.headers = {{sip::HeaderId::rack, rack.toString()}};
  const auto proof = standingProof(sip::toString(sip::Method::prack), dialog.requestUri());
  sendInDialog(dialog, std::move(own), proof);
}

void Leg::onInitialResponse(const sip::Message& response) {
  if (response.isProvisional()) return onInitialProgress(response);
  if (response.isSuccess()) return onInitialSuccess(response);

  initial_pending_ = false;
  const bool retry = response.status() == 422 && !cancel_wanted_ && session_retries_ < kSessionRetries;
  if (retry) {
    if (const auto raised = sip::raiseSessionExpires(response, asked_)) {
      ++session_retries_;
      asked_ = *raised;
      invite_proof_ = standingProof("INVITE", plan_.request_uri);
      startOver();
      return sendInitialInvite(flow_);
    }
  }
  if (dialog_) dialog_->terminate();
  ended_ = true;
  events_->onRejected(*this, rejectionBy(response));
}

// The INVITE again: what was heard of the one before counts no more.
void Leg::startOver() {
  initial_pending_ = true;
  dialog_.reset();
  forks_.clear();
  order_ = {};
  answered_early_ = false;
}

void Leg::onInitialSuccess(const sip::Message& response) {
  auto answered = sip::Dialog::fromResponse(response, plan_.request_uri);
  if (!answered) {
    if (!initial_pending_) return;
    // A 2xx that makes no dialog can be neither acknowledged nor ended; the peer's own timers end it.
    initial_pending_ = false;
    ended_ = true;
    return events_->onRejected(*this, {500, answered.error()});
  }
  // The dialog goes on as it began early: its PRACKs have used sequence numbers.
  if (auto* early = dialogWith(response.toTag()); early != nullptr && early->state() == sip::Dialog::State::early) {
    (void)early->onResponse(response);
    answered = *early;
  }
  const bool first = initial_pending_;
  const bool again = !first && dialog_ && dialog_->remoteTag() == answered->remoteTag();
  acknowledge(again ? *dialog_ : *answered, response.cseq());
  if (first && !cancel_wanted_) {
    initial_pending_ = false;
    dialog_ = std::move(*answered);
    peer_allows_update_ = response.listContains(sip::HeaderId::allow, "UPDATE");
    agreeOnSessionTimer(response);
    InvitePlan asked;  // nothing else of it is said again
    asked.request_uri = std::move(plan_.request_uri);
    plan_ = std::move(asked);
    return events_->onAnswer(*this, response.body());
  }
  if (again) return;
  // Another fork answered too, or the answer crossed our CANCEL: take it down.
  initial_pending_ = false;
  auto branch = newBranch();
  sip::MessageWriter writer;
  const auto proof = standingProof("BYE", answered->requestUri());
  const auto cseq = answered->startRequest(writer, "BYE", via(branch));
  if (proof) writer.header(proof->header, proof->value);
  if (first) {
    dialog_ = std::move(*answered);
    dialog_->terminate();
    ended_ = true;
  }
  sendOn(flow_, OwnRequest{{}, Purpose::bye, sip::Method::bye, std::move(branch), cseq}, writer.finish());
  if (first)
    events_->onRejected(*this,
                        {487, Error{ErrorKind::unavailable, "call.cancelled", "answered while being cancelled"}});
}

void Leg::acknowledge(const sip::Dialog& dialog, std::uint32_t cseq) {
  sip::MessageWriter writer;
  dialog.startAck(writer, cseq, via(newBranch()));
  if (invite_proof_) writer.header(invite_proof_->header, invite_proof_->value);
  context_.flows.send(flow_, writer.finish());
}

void Leg::cancelOwnInvites() {
  for (auto& own : own_) {
    if (own.method == sip::Method::invite) cancel(own);
  }
}

// RFC 3261 9.1: not before a provisional answer; same Request-URI, Call-ID, To, CSeq number, From, Route and topmost
// Via as the INVITE.
void Leg::cancel(OwnRequest& own) {
  own.cancel_wanted = true;
  if (!own.provisional || own.cancelled) return;
  own.cancelled = true;
  const auto invite = sip::Message::parse(own.invite);
  SP_CHECK(invite.ok());  // we wrote it
  sip::MessageWriter writer;
  writer.request("CANCEL", invite->requestUri());
  for (const auto id : {sip::HeaderId::via, sip::HeaderId::route, sip::HeaderId::maxForwards, sip::HeaderId::from,
                        sip::HeaderId::to, sip::HeaderId::callId}) {
    writer.copy(*invite, id);
  }
  writer.header(sip::HeaderId::cseq, std::to_string(own.cseq) + " CANCEL");
  if (!bye_reason_.empty()) writer.header(sip::HeaderId::reason, bye_reason_);
  (void)context_.transactions.send(flow_, sip::Reliability::reliable, sip::Method::cancel, own.branch, writer.finish(),
                                   context_.now);
}

}  // namespace sallyport::call
