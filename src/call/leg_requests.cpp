// SPDX-License-Identifier: Apache-2.0
// A leg as the asking side: INVITE, re-INVITE, UPDATE, CANCEL, ACK and BYE of our own.
#include <algorithm>

#include "call/leg.h"
#include "call/via.h"
#include "core/numbers.h"
#include "crypto/random.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kCallIdCharacters = 24;
constexpr unsigned kSessionRetries = 2;  // raises after 422 before the call is given up
constexpr std::size_t kAccepted = 4;     // INVITEs of which a repeated 2xx still finds us
constexpr std::size_t kContacts = 8;     // of a redirect that are looked at

Rejection rejectionBy(const sip::Message& response) {
  Rejection why{response.status(), {ErrorKind::unavailable, "call.rejected", std::to_string(response.status())}};
  if (const auto text = response.header(sip::HeaderId::retryAfter)) {
    const auto digits = text->substr(0, text->find_first_not_of("0123456789"));
    if (const auto seconds = parseUnsigned(digits, 0, 86'400)) why.retry_after = std::chrono::seconds{*seconds};
  }
  const auto contacts = response.nameAddrs(sip::HeaderId::contact);
  if (!contacts || response.status() / 100 != 3) return why;
  for (const auto& contact : *contacts) {
    if (why.contacts.size() < kContacts) why.contacts.emplace_back(contact.uri);
  }
  return why;
}

}  // namespace

std::string Leg::newBranch() const { return call::newBranch(context_.worker); }

std::string Leg::via(std::string_view branch) const { return viaValue(context_.sent_by, branch); }

// --- the initial INVITE ------------------------------------------------------------------------------------

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

void Leg::useFlow(sip::FlowId flow) {
  if (flow_alive_ && flow_ == flow) return;
  flow_ = flow;
  flow_alive_ = true;
  context_.index.bindFlow(flow, *this);
}

// The call may be over by the time the connection stands; while the leg waits it is not finished.
void Leg::withFlow(std::function<void(Leg&, Result<sip::FlowId>)> use) {
  ++waiting_for_flow_;
  auto& index = context_.index;
  context_.flows.acquire(target_, [tag = local_tag_, &index, use = std::move(use)](Result<sip::FlowId> flow) {
    index.resume(tag, [&](Leg& leg) {
      --leg.waiting_for_flow_;
      use(leg, std::move(flow));
    });
  });
}

std::string Leg::initialInvite(const std::string& branch) {
  sip::MessageWriter writer{1'536 + plan_.sdp.size()};
  writer.request("INVITE", plan_.request_uri).header(sip::HeaderId::via, via(branch));
  for (const auto& hop : plan_.route) writer.header(sip::HeaderId::route, "<" + hop + ">");
  writer.header(sip::HeaderId::maxForwards, plan_.max_forwards)
      .header(sip::HeaderId::from, "<" + plan_.from_uri + ">;tag=" + local_tag_)
      .header(sip::HeaderId::to, "<" + plan_.to_uri + ">")
      .header(sip::HeaderId::callId, call_id_)
      .header(sip::HeaderId::cseq, std::to_string(initial_cseq_) + " INVITE")
      .header(sip::HeaderId::contact, contact())
      .header(sip::HeaderId::allow, kAllowedMethods)
      .header(sip::HeaderId::supported, "timer")
      .header(sip::HeaderId::sessionExpires, asked_.toString())
      .header(sip::HeaderId::minSe, static_cast<std::uint64_t>(policy_->config->sip.min_se.count()));
  if (!plan_.asserted_identity.empty()) {
    writer.header(sip::HeaderId::pAssertedIdentity, "<" + plan_.asserted_identity + ">");
  }
  for (const auto& [id, value] : plan_.carried) writer.header(id, value);
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
  sendOn(flow, OwnRequest{{}, Purpose::initial, sip::Method::invite, std::move(branch), initial_cseq_},
         std::move(bytes));
}

void Leg::sendOn(sip::FlowId flow, OwnRequest own, std::string bytes) {
  if (own.method == sip::Method::invite) own.invite = bytes;
  auto sent = context_.transactions.send(flow, sip::Reliability::reliable, own.method, own.branch, std::move(bytes),
                                         context_.now);
  if (!sent) return failOwn(own, {503, sent.error()});
  own.id = *sent;
  context_.index.bind(own.id, *this);
  own_.push_back(std::move(own));
}

void Leg::onResponse(sip::ClientTransactionId id, sip::FlowId flow, const sip::Message& response) {
  const auto found = std::find_if(own_.begin(), own_.end(), [&](const OwnRequest& own) { return own.id == id; });
  if (found == own_.end()) {
    // Past the first final answer only a 2xx to the INVITE comes again: acknowledge it again, or end the
    // fork that lost (RFC 3261 13.2.2.4).
    if (response.method() == sip::Method::invite && response.isSuccess()) onInitialSuccess(response);
    return;
  }
  useFlow(flow);
  if (response.isProvisional()) {
    found->provisional = true;
    if (found->cancel_wanted) return cancel(*found);
  }
  const OwnRequest own = *found;
  if (response.isFinal()) {
    own_.erase(found);
    letGo(own, response);
  }
  switch (own.purpose) {
    case Purpose::initial: return onInitialResponse(response);
    case Purpose::offer:
    case Purpose::refresh: return onOfferResponse(own, response);
    case Purpose::bye: return;
  }
}

// What a transaction with its final answer may still lead to: another 2xx to an INVITE, and nothing else.
void Leg::letGo(const OwnRequest& own, const sip::Message& final_response) {
  if (own.method != sip::Method::invite || !final_response.isSuccess()) return context_.index.unbind(own.id, *this);
  accepted_.push_back(own.id);
  if (accepted_.size() <= kAccepted) return;
  context_.index.unbind(accepted_.front(), *this);
  accepted_.erase(accepted_.begin());
}

void Leg::onInitialResponse(const sip::Message& response) {
  if (response.isProvisional()) {
    if (response.status() == 100) return;
    if (!response.toTag().empty() && !dialog_) {
      if (auto early = sip::Dialog::fromResponse(response, plan_.request_uri)) dialog_ = std::move(*early);
    }
    return events_->onProgress(*this, response.status(), response.body());
  }
  if (response.isSuccess()) return onInitialSuccess(response);

  initial_pending_ = false;
  const bool retry = response.status() == 422 && !cancel_wanted_ && session_retries_ < kSessionRetries;
  if (retry) {
    if (const auto raised = sip::raiseSessionExpires(response, asked_)) {
      ++session_retries_;
      asked_ = *raised;
      initial_pending_ = true;
      dialog_.reset();
      return sendInitialInvite(flow_);
    }
  }
  if (dialog_) dialog_->terminate();
  ended_ = true;
  events_->onRejected(*this, rejectionBy(response));
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
  const bool first = initial_pending_;
  const bool again = !first && dialog_ && dialog_->remoteTag() == answered->remoteTag();
  acknowledge(again ? *dialog_ : *answered, response.cseq());
  if (first && !cancel_wanted_) {
    initial_pending_ = false;
    dialog_ = std::move(*answered);
    peer_allows_update_ = response.listContains(sip::HeaderId::allow, "UPDATE");
    agreeOnSessionTimer(response);
    return events_->onAnswer(*this, response.body());
  }
  if (again) return;
  // Another fork answered too, or the answer crossed our CANCEL: take it down.
  initial_pending_ = false;
  auto branch = newBranch();
  sip::MessageWriter writer;
  const auto cseq = answered->startRequest(writer, "BYE", via(branch));
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

// --- inside the dialog --------------------------------------------------------------------------------------

Status Leg::offer(sip::Method method, std::string_view sdp) {
  if (!isConfirmed() || ended_) return Error{ErrorKind::unavailable, "call.not_confirmed", ""};
  if (pending_ || !dialog_->mayInvite() || !dialog_->mayOffer()) return Error{ErrorKind::overloaded, "call.glare", ""};
  const bool update = method == sip::Method::update && peer_allows_update_;
  dialog_->offerSent();
  sendInDialog(update ? sip::Method::update : sip::Method::invite, Purpose::offer, sdp);
  return success();
}

void Leg::withdrawOffer() {
  for (auto& own : own_) {
    if (own.purpose == Purpose::offer && own.method == sip::Method::invite) cancel(own);
  }
}

void Leg::refresh() {
  // Half the interval is left for another try when something else is in progress.
  if (pending_ || !dialog_ || !dialog_->mayInvite()) {
    refresh_at_ = context_.now + policy_->timers.t2;
    return;
  }
  if (peer_allows_update_) return sendInDialog(sip::Method::update, Purpose::refresh, {});
  events_->onRefreshDue(*this);
}

void Leg::refreshWith(std::string_view sdp) {
  if (!dialog_->mayOffer()) {
    refresh_at_ = context_.now + policy_->timers.t2;
    return;
  }
  dialog_->offerSent();
  sendInDialog(sip::Method::invite, Purpose::refresh, sdp);
}

void Leg::sendInDialog(sip::Method method, Purpose purpose, std::string_view sdp, std::string_view reason) {
  auto branch = newBranch();
  sip::MessageWriter writer{768 + sdp.size()};
  const auto cseq = dialog_->startRequest(writer, sip::toString(method), via(branch));
  const bool session = method == sip::Method::invite || method == sip::Method::update;
  if (session) {
    writer.header(sip::HeaderId::contact, contact());
    writer.header(sip::HeaderId::allow, kAllowedMethods);
    writer.header(sip::HeaderId::supported, "timer");
    if (session_) {
      const bool ours = session_->duty == sip::SessionTimer::Duty::refresh;
      asked_ = {session_->interval, ours ? sip::Refresher::uac : sip::Refresher::uas};
      writer.header(sip::HeaderId::sessionExpires, asked_.toString());
    }
  }
  if (!reason.empty()) writer.header(sip::HeaderId::reason, reason);
  auto bytes = writer.finish(sdp.empty() ? std::string_view{} : "application/sdp", sdp);
  OwnRequest own{{}, purpose, method, std::move(branch), cseq};
  if (flow_alive_) return sendOn(flow_, std::move(own), std::move(bytes));

  // The connection is gone: the same peer may have another, or we make one.
  withFlow([own = std::move(own), bytes = std::move(bytes)](Leg& leg, Result<sip::FlowId> flow) {
    if (!flow) return leg.failOwn(own, {503, flow.error()});
    leg.useFlow(*flow);
    if (leg.ended_ && own.purpose != Purpose::bye) return;  // the BYE that follows says it all
    leg.sendOn(*flow, own, bytes);
  });
}

void Leg::onOfferResponse(const OwnRequest& own, const sip::Message& response) {
  if (response.isProvisional() || !dialog_) return;
  (void)dialog_->onResponse(response);  // a broken Contact keeps the old target
  const bool invite = own.method == sip::Method::invite;
  if (response.isSuccess()) {
    if (invite) acknowledge(*dialog_, own.cseq);
    dialog_->offerAnswered();
    agreeOnSessionTimer(response);
    if (ended_) return sayBye();
    if (own.purpose == Purpose::offer) return events_->onAnswer(*this, response.body());
    if (invite) events_->onLocalAnswer(*this, response.body());
    return;
  }
  failOwn(own, rejectionBy(response));
}

void Leg::onClientFailure(sip::ClientTransactionId id, const Error& error) {
  const auto found = std::find_if(own_.begin(), own_.end(), [&](const OwnRequest& own) { return own.id == id; });
  if (found == own_.end()) return;
  const OwnRequest own = *found;
  own_.erase(found);
  context_.index.unbind(id, *this);
  failOwn(own, {std::string_view{error.code} == "sip.transaction.timeout" ? 408 : 503, error});
}

// A request of ours failed, by its answer or for want of one (RFC 3261 8.1.3.1: as 408 or 503).
void Leg::failOwn(const OwnRequest& own, const Rejection& why) {
  if (own.purpose == Purpose::bye) return;  // said, heard or not
  if (own.purpose == Purpose::initial) {
    initial_pending_ = false;
    ended_ = true;
    if (dialog_) dialog_->terminate();
    return events_->onRejected(*this, why);
  }
  if (!dialog_) return;
  dialog_->onRequestFailed(own.method);
  dialog_->offerAnswered();
  if (ended_) return sayBye();
  if (sip::endsDialog(why.status)) return events_->onLost(*this, why.error);
  if (own.purpose == Purpose::offer) return events_->onRejected(*this, why);
  // A refresh is tried again for as long as the session lasts.
  if (why.status == 491) {
    refresh_at_ = context_.now + dialog_->glareDelay(crypto::randomNumber());
  } else {
    refresh_at_ = context_.now + policy_->timers.timeout();
  }
}

// --- the end ---------------------------------------------------------------------------------------------------

void Leg::end(const EndCause& cause) {
  if (ended_) return;
  ended_ = true;
  if (cause.status >= 300) bye_reason_ = "SIP;cause=" + std::to_string(cause.status);
  if (cause.status == 200) bye_reason_ = "SIP;cause=200;text=\"Call completed elsewhere\"";  // RFC 3326 2
  if (pending_ && !isConfirmed()) return reject(cause.status >= 300 ? cause.status : 480);
  if (pending_) reject(487);
  if (initial_pending_) {
    cancel_wanted_ = true;
    return cancelOwnInvites();
  }
  if (!isConfirmed()) return;
  cancelOwnInvites();
  if (unacked_) {  // RFC 3261 15: the callee's side waits for the ACK
    bye_waits_for_ack_ = true;
    return;
  }
  sayBye();
}

void Leg::sayBye() {
  if (!dialog_ || dialog_->state() == sip::Dialog::State::terminated) return;
  bye_waits_for_ack_ = false;
  sendInDialog(sip::Method::bye, Purpose::bye, {}, bye_reason_);
  dialog_->terminate();
}

}  // namespace sallyport::call
