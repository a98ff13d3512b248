// SPDX-License-Identifier: Apache-2.0
// A leg as the asking side inside its dialog: re-INVITE, UPDATE and BYE, and how all requests of ours reach the wire.
// The INVITE that opens the dialog: leg_invite.cpp.
#include <algorithm>

#include "call/extensions.h"
#include "call/leg.h"
#include "call/via.h"
#include "crypto/random.h"

namespace sallyport::call {
namespace {

constexpr std::string_view kSdp = "application/sdp";
constexpr std::size_t kAccepted = 4;  // INVITEs of which a repeated 2xx still finds us
}  // namespace

std::string Leg::newBranch() const { return call::newBranch(context_.worker); }

std::string Leg::via(std::string_view branch) const {
  return context_.sentByTo(peer()).via(transport_, branch, listener_);
}

// --- on the wire ---------------------------------------------------------------------------------------------

void Leg::useFlow(sip::FlowId flow) {
  if (flow_alive_ && flow_ == flow) return;
  flow_ = flow;
  flow_alive_ = true;
  if (const auto facts = context_.flows.facts(flow)) {
    transport_ = facts->transport;
    listener_ = facts->listener;
  }
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
  if (response.status() == 401 || response.status() == 407) return onChallenge(own, response);
  switch (own.purpose) {
    case Purpose::initial: return onInitialResponse(response);
    case Purpose::offer:
    case Purpose::refresh: return onOfferResponse(own, response);
    case Purpose::aside: return onAsideOver(own);
    case Purpose::bye: return;
  }
}

void Leg::onAsideOver(const OwnRequest& own) {
  if (own.method == sip::Method::notify && bye_waits_for_notify_) sayBye();
}

// What a transaction with its final answer may still lead to: another 2xx to an INVITE, and nothing else.
void Leg::letGo(const OwnRequest& own, const sip::Message& final_response) {
  if (own.method != sip::Method::invite || !final_response.isSuccess()) return context_.index.unbind(own.id, *this);
  accepted_.push_back(own.id);
  if (accepted_.size() <= kAccepted) return;
  context_.index.unbind(accepted_.front(), *this);
  accepted_.erase(accepted_.begin());
}

// --- inside the dialog --------------------------------------------------------------------------------------

Status Leg::offer(sip::Method method, std::string_view sdp) {
  if (!isConfirmed() || ended_) return Error{ErrorKind::unavailable, "call.not_confirmed", ""};
  if (pending_ || !dialog_->mayInvite() || !dialog_->mayOffer()) return Error{ErrorKind::overloaded, "call.glare", ""};
  const bool update = method == sip::Method::update && peer_allows_update_;
  dialog_->offerSent();
  sendInDialog(update ? sip::Method::update : sip::Method::invite, Purpose::offer,
               {std::string{kSdp}, std::string{sdp}});
  return success();
}

bool Leg::withdrawOffer() {
  bool any = false;
  for (auto& own : own_) {
    if (own.purpose != Purpose::offer) continue;
    any = true;
    if (own.method == sip::Method::invite) cancel(own);
  }
  return any;
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
  sendInDialog(sip::Method::invite, Purpose::refresh, {std::string{kSdp}, std::string{sdp}});
}

void Leg::notifyRefer(int status) {
  if (!referred_ || !isConfirmed() || ended_) return;
  const bool last = status >= 200;
  const auto event = "refer;id=" + std::to_string(*referred_);
  const std::string state =
      last ? "terminated;reason=noresource"
           : "active;expires=" + std::to_string(policy_->config->sip.invite_timeout / std::chrono::seconds{1});
  const auto fragment = "SIP/2.0 " + std::to_string(status) + " " + std::string{sip::reasonPhrase(status)} + "\r\n";
  if (last) referred_.reset();
  sendInDialog(sip::Method::notify, Purpose::aside,
               {"message/sipfrag;version=2.0",
                fragment,
                {{sip::HeaderId::event, event}, {sip::HeaderId::subscriptionState, state}}});
}

void Leg::sendInfo(std::string_view content_type, std::string_view body) {
  if (isConfirmed() && !ended_)
    sendInDialog(sip::Method::info, Purpose::aside, {std::string{content_type}, std::string{body}});
}

void Leg::sendInDialog(sip::Method method, Purpose purpose, Content content) {
  OwnRequest own{{}, purpose, method, {}};
  own.content = std::move(content);
  const auto proof = standingProof(sip::toString(method), dialog_->requestUri());
  sendInDialog(*dialog_, std::move(own), proof);
}

void Leg::sendInDialog(sip::Dialog& dialog, OwnRequest own, std::optional<Authorization> proof) {
  const auto method = own.method;
  own.branch = newBranch();
  sip::MessageWriter writer{768 + own.content.body.size()};
  own.cseq = dialog.startRequest(writer, sip::toString(method), via(own.branch));
  const bool session = method == sip::Method::invite || method == sip::Method::update;
  if (session || method == sip::Method::notify) writer.header(sip::HeaderId::contact, contact());
  if (session) {
    writer.header(sip::HeaderId::allow, allow());
    sayExtensions(writer, peer());
    if (session_) {
      const bool ours = session_->duty == sip::SessionTimer::Duty::refresh;
      asked_ = {session_->interval, ours ? sip::Refresher::uac : sip::Refresher::uas};
      writer.header(sip::HeaderId::sessionExpires, asked_.toString());
    }
  }
  for (const auto& [header, value] : own.content.headers) writer.header(header, value);
  if (proof) writer.header(proof->header, proof->value);
  if (method == sip::Method::invite) invite_proof_ = std::move(proof);
  auto bytes = writer.finish(own.content.body.empty() ? std::string_view{} : own.content.type, own.content.body);
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
  if (own.purpose == Purpose::aside) return onAsideOver(own);
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

void Leg::end(const EndCause& cause, Goodbye goodbye) {
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
  const auto notifies = [](const OwnRequest& own) { return own.method == sip::Method::notify; };
  bye_waits_for_notify_ = goodbye == Goodbye::onceNotified && std::any_of(own_.begin(), own_.end(), notifies);
  if (bye_waits_for_notify_) return;
  sayBye();
}

void Leg::sayBye() {
  if (!dialog_ || dialog_->state() == sip::Dialog::State::terminated) return;
  bye_waits_for_ack_ = bye_waits_for_notify_ = false;
  Headers headers;
  if (!bye_reason_.empty()) headers.emplace_back(sip::HeaderId::reason, bye_reason_);
  sendInDialog(sip::Method::bye, Purpose::bye, {{}, {}, std::move(headers)});
  dialog_->terminate();
}

}  // namespace sallyport::call
