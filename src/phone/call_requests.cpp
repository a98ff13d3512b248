// SPDX-License-Identifier: Apache-2.0
// A call as the asking side: INVITE, re-INVITE, UPDATE, CANCEL, ACK and BYE of our own.
#include <algorithm>

#include "crypto/random.h"
#include "phone/call.h"

namespace sallyport::phone {
namespace {

constexpr std::size_t kBranchCharacters = 20;
constexpr std::size_t kCallIdCharacters = 24;
constexpr unsigned kMaxForwards = 70;
constexpr std::string_view kAllowed = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE";
constexpr std::string_view kSdp = "application/sdp";

std::string newBranch() { return "z9hG4bK" + crypto::randomToken(kBranchCharacters); }

std::string phraseOf(const sip::Message& response) {
  return std::string{response.reason().empty() ? sip::reasonPhrase(response.status()) : response.reason()};
}

}  // namespace

std::string Call::via(std::string_view branch) const {
  std::string value{"SIP/2.0/TLS "};
  return value.append(local_.sent_by).append(";rport;branch=").append(branch);
}

Status Call::send(OwnRequest own, std::string bytes) {
  SP_ASSIGN(own.id, host_.transactions().send(flow_, sip::Reliability::reliable, own.method, own.branch,
                                              std::move(bytes), host_.now()));
  host_.bind(own.id, *this);
  own_.push_back(std::move(own));
  return sallyport::success();
}

// --- the initial INVITE ------------------------------------------------------------------------------------

Status Call::invite(std::string request_uri, MediaAgreement agreement) {
  request_uri_ = std::move(request_uri);
  peer_uri_ = request_uri_;
  call_id_ = crypto::randomToken(kCallIdCharacters);
  agreement_.emplace(std::move(agreement));
  OwnRequest own{{}, Purpose::initial, sip::Method::invite, {}, 1, agreement_->offer(), {}, {}};
  return sendInvite(std::move(own), nullptr);
}

Status Call::sendInvite(OwnRequest own, const Account::Header* authorization) {
  own.branch = newBranch();
  const auto offer = own.sdp;
  sip::MessageWriter writer{1'536 + offer.size()};
  writer.request("INVITE", request_uri_)
      .header(sip::HeaderId::via, via(own.branch))
      .header(sip::HeaderId::maxForwards, kMaxForwards)
      .header(sip::HeaderId::from, "<" + local_.uri + ">;tag=" + local_tag_)
      .header(sip::HeaderId::to, "<" + request_uri_ + ">")
      .header(sip::HeaderId::callId, call_id_)
      .header(sip::HeaderId::cseq, std::to_string(own.cseq) + " INVITE")
      .header(sip::HeaderId::contact, "<" + local_.contact + ">")
      .header(sip::HeaderId::allow, kAllowed)
      .header(sip::HeaderId::supported, "timer");
  if (authorization != nullptr) writer.header(authorization->first, authorization->second);
  return send(std::move(own), writer.finish(kSdp, offer));
}

Status Call::answerChallenge(OwnRequest own, const sip::Message& challenge) {
  auto* account = host_.account();
  if (account == nullptr)
    return Error{ErrorKind::peerDenied, "phone.account.none", "a password or a token is asked for"};
  if (!own.attempts) own.attempts = std::make_shared<Account::Attempts>();
  const auto uri = own.purpose == Purpose::initial ? request_uri_ : dialog_->remoteTarget();
  SP_ASSIGN(const auto header, account->answer(challenge, *own.attempts, sip::toString(own.method), uri));
  if (own.purpose == Purpose::initial) {
    ++own.cseq;
    return sendInvite(std::move(own), &header);
  }
  (void)dialog_->onResponse(challenge);
  sendInDialog(std::move(own), &header);
  return sallyport::success();
}

void Call::onResponse(sip::ClientTransactionId id, const sip::Message& response) {
  const auto found = std::find_if(own_.begin(), own_.end(), [&](const OwnRequest& own) { return own.id == id; });
  if (found == own_.end()) {
    // Past the first final answer only a 2xx to the INVITE comes again: acknowledge it again, or end the
    // fork that lost (RFC 3261 13.2.2.4).
    if (response.method() == sip::Method::invite && response.isSuccess()) onInitialSuccess({}, response);
    return;
  }
  const OwnRequest own = *found;
  if (response.isFinal()) own_.erase(found);
  const bool challenged = response.status() == 401 || response.status() == 407;
  if (challenged && !ended_ && !cancel_wanted_) {
    const auto answered = answerChallenge(own, response);
    if (answered) return;
    if (own.purpose == Purpose::initial) {
      return end({answered.error().code, answered.error().detail, response.status(), phraseOf(response)});
    }
  }
  switch (own.purpose) {
    case Purpose::initial: return onInitialResponse(own, response);
    case Purpose::offer:
    case Purpose::refresh: return onOfferResponse(own, response);
    case Purpose::bye:
      if (response.isFinal()) end({"phone.call.hung_up", "", 200, "OK"});
      return;
  }
}

void Call::onInitialResponse(const OwnRequest& own, const sip::Message& response) {
  if (ended_) return;
  if (response.isProvisional()) {
    heard_provisional_ = true;
    if (cancel_wanted_) return sendCancel();
    if (response.status() == 100) return;
    if (!response.toTag().empty() && !dialog_) {
      if (auto early = sip::Dialog::fromResponse(response, request_uri_)) dialog_ = std::move(*early);
    }
    events_.onProgress(*this, response.status());
    if (response.body().empty() || ended_) return;
    if (own.attempts && Account::awaitsProof(*own.attempts)) return;  // not a word to whom has proven nothing
    // Early media is a courtesy: a description we cannot accept is left alone until the answer.
    if (auto plan = agreement_->accept(response.body())) tellMedia(std::move(*plan));
    return;
  }
  if (response.isSuccess()) return onInitialSuccess(own, response);
  if (dialog_) dialog_->terminate();
  const bool cancelled = cancel_wanted_ && response.status() == 487;
  std::string detail = cancelled ? "we gave up before an answer" : "";
  if (const auto warning = response.header(sip::HeaderId::warning)) detail = *warning;
  end_.reset();
  end({cancelled ? "phone.call.cancelled" : "phone.call.declined", detail, response.status(), phraseOf(response)});
}

void Call::onInitialSuccess(const OwnRequest& own, const sip::Message& response) {
  auto answered = sip::Dialog::fromResponse(response, request_uri_);
  // A 2xx that makes no dialog can be neither acknowledged nor ended; the peer's own timers end it.
  if (!answered) return end({answered.error().code, answered.error().detail, response.status(), phraseOf(response)});
  acknowledge(*answered, response.cseq());
  const bool known = dialog_ && dialog_->state() != sip::Dialog::State::early;
  if (known && dialog_->remoteTag() == answered->remoteTag()) return;  // our ACK was lost, or theirs crossed
  if (known) {                                                         // another fork answered too: take it down
    OwnRequest bye{{}, Purpose::refresh, sip::Method::bye, newBranch(), 0, {}, {}, {}};
    sip::MessageWriter writer;
    bye.cseq = answered->startRequest(writer, "BYE", via(bye.branch));
    (void)send(std::move(bye), writer.finish());
    return;
  }
  dialog_ = std::move(*answered);
  peer_allows_update_ = response.listContains(sip::HeaderId::allow, "UPDATE");
  if (cancel_wanted_) {  // the answer crossed our CANCEL
    end_ = CallEnd{"phone.call.cancelled", "answered while being cancelled", response.status(), phraseOf(response)};
    return sayBye({});
  }
  if (const auto proven = own.attempts ? host_.account()->accept(response, *own.attempts) : sallyport::success();
      !proven) {
    end_ = CallEnd{proven.error().code, proven.error().detail, response.status(), phraseOf(response)};
    return sayBye({});
  }
  if (!agree(response.body())) return sayBye("SIP;cause=488;text=\"Not Acceptable Here\"");
  agreement_->withdraw();
  if (const auto timer = sip::acceptSessionTimer(response, asked_); timer && *timer) startSessionTimer(**timer);
  events_.onAnswered(*this);
}

void Call::acknowledge(const sip::Dialog& dialog, std::uint32_t cseq, std::string_view sdp) {
  sip::MessageWriter writer;
  dialog.startAck(writer, cseq, via(newBranch()));
  host_.send(flow_, writer.finish(sdp.empty() ? std::string_view{} : kSdp, sdp));
}

void Call::sendCancel() {
  const auto initial =
      std::find_if(own_.begin(), own_.end(), [](const OwnRequest& own) { return own.purpose == Purpose::initial; });
  if (initial == own_.end() || std::exchange(cancel_sent_, true)) return;
  // RFC 3261 9.1: same Request-URI, Call-ID, To, CSeq number, From and topmost Via as the INVITE.
  sip::MessageWriter writer;
  writer.request("CANCEL", request_uri_)
      .header(sip::HeaderId::via, via(initial->branch))
      .header(sip::HeaderId::maxForwards, kMaxForwards)
      .header(sip::HeaderId::from, "<" + local_.uri + ">;tag=" + local_tag_)
      .header(sip::HeaderId::to, "<" + request_uri_ + ">")
      .header(sip::HeaderId::callId, call_id_)
      .header(sip::HeaderId::cseq, std::to_string(initial->cseq) + " CANCEL");
  (void)host_.transactions().send(flow_, sip::Reliability::reliable, sip::Method::cancel, initial->branch,
                                  writer.finish(), host_.now());
}

// --- inside the dialog --------------------------------------------------------------------------------------

Status Call::offerDirection(sdp::Direction direction) {
  if (!isConfirmed() || end_)
    return Error{ErrorKind::unavailable, "phone.call.not_confirmed", "not answered yet, or over"};
  if (!dialog_->mayInvite() || !dialog_->mayOffer())
    return Error{ErrorKind::overloaded, "phone.call.busy", "another change is under way"};
  agreement_->setDirection(direction);
  dialog_->offerSent();
  sendInDialog(sip::Method::invite, Purpose::offer, agreement_->offer());
  return sallyport::success();
}

void Call::sendInDialog(sip::Method method, Purpose purpose, std::string_view sdp, std::string_view reason) {
  sendInDialog(OwnRequest{{}, purpose, method, {}, 0, std::string{sdp}, std::string{reason}, {}}, nullptr);
}

void Call::sendInDialog(OwnRequest own, const Account::Header* authorization) {
  own.branch = newBranch();
  const auto method = own.method;
  const auto purpose = own.purpose;
  const auto sdp = own.sdp;
  sip::MessageWriter writer{768 + sdp.size()};
  own.cseq = dialog_->startRequest(writer, sip::toString(method), via(own.branch));
  if (method == sip::Method::invite || method == sip::Method::update) {
    writer.header(sip::HeaderId::contact, "<" + local_.contact + ">")
        .header(sip::HeaderId::allow, kAllowed)
        .header(sip::HeaderId::supported, "timer");
    if (session_) {
      const bool ours = session_->duty == sip::SessionTimer::Duty::refresh;
      asked_ = {session_->interval, ours ? sip::Refresher::uac : sip::Refresher::uas};
      writer.header(sip::HeaderId::sessionExpires, asked_.toString());
    }
  }
  if (!own.reason.empty()) writer.header(sip::HeaderId::reason, own.reason);
  if (authorization != nullptr) writer.header(authorization->first, authorization->second);
  const auto sent = send(std::move(own), writer.finish(sdp.empty() ? std::string_view{} : kSdp, sdp));
  if (sent) return;
  dialog_->onRequestFailed(method);
  if (purpose == Purpose::bye) end({"phone.call.hung_up", describe(sent.error()), 0, {}});
}

void Call::onOfferResponse(const OwnRequest& own, const sip::Message& response) {
  if (!dialog_ || own.method == sip::Method::bye) return;
  // A target that cannot be read leaves the old one standing; the rest of the response counts all the same.
  (void)dialog_->onResponse(response);
  if (response.isProvisional()) return;
  const bool carried_offer = own.purpose == Purpose::offer || own.method == sip::Method::invite;
  if (response.isSuccess()) {
    if (own.method == sip::Method::invite) acknowledge(*dialog_, own.cseq);
    if (carried_offer) {
      dialog_->offerAnswered();
      const bool agreed = agree(response.body());
      agreement_->withdraw();
      if (!agreed) return sayBye("SIP;cause=488;text=\"Not Acceptable Here\"");
    }
    if (const auto timer = sip::acceptSessionTimer(response, asked_); timer && *timer) startSessionTimer(**timer);
    return;
  }
  if (carried_offer) {
    dialog_->offerAnswered();
    agreement_->withdraw();
  }
  if (sip::endsDialog(response.status())) {
    return end({"phone.call.lost", "the other side no longer knows the call", response.status(), phraseOf(response)});
  }
  if (response.status() == 491 && own.purpose == Purpose::offer) {
    reoffer_at_ = host_.now() + dialog_->glareDelay(crypto::randomNumber());
  }
}

void Call::refresh() {
  if (!isConfirmed() || end_) return;
  // Half the interval is left for another try when something else is in progress.
  if (!dialog_->mayInvite() || !dialog_->mayOffer()) {
    refresh_at_ = host_.now() + host_.timers().t2;
    return;
  }
  if (peer_allows_update_) return sendInDialog(sip::Method::update, Purpose::refresh, {});
  dialog_->offerSent();
  sendInDialog(sip::Method::invite, Purpose::refresh, agreement_->offer());
}

// --- giving up ----------------------------------------------------------------------------------------------

void Call::hangUp(std::string_view reason) {
  if (ended_ || end_) return;
  if (pending_) return reject(480);
  if (!isConfirmed()) {
    if (std::exchange(cancel_wanted_, true)) return;
    if (heard_provisional_) sendCancel();  // RFC 3261 9.1: not before the peer has shown that it heard us
    return;
  }
  end_ = CallEnd{"phone.call.hung_up", std::string{reason}, 200, "OK"};
  if (unacked_ && dialog_->role() == sip::Dialog::Role::uas) {  // RFC 3261 15: not before the ACK
    bye_waits_for_ack_ = true;
    bye_reason_ = reason;
    return endMedia();
  }
  sayBye(reason);
}

void Call::sayBye(std::string_view reason) {
  endMedia();
  bye_waits_for_ack_ = false;
  if (!flow_alive_) return end({"phone.call.hung_up", "the connection was gone", 0, {}});
  bye_by_ = host_.now() + host_.timers().timeout();
  sendInDialog(sip::Method::bye, Purpose::bye, {}, reason);
}

void Call::onClientFailure(sip::ClientTransactionId id, const Error& error) {
  const auto found = std::find_if(own_.begin(), own_.end(), [&](const OwnRequest& own) { return own.id == id; });
  if (found == own_.end()) return;
  const OwnRequest own = *found;
  own_.erase(found);
  if (dialog_) dialog_->onRequestFailed(own.method);
  switch (own.purpose) {
    case Purpose::initial:
      end_.reset();
      return end({cancel_wanted_ ? "phone.call.cancelled" : error.code, error.detail, cancel_wanted_ ? 487 : 408, ""});
    case Purpose::bye: return end({"phone.call.hung_up", describe(error), 0, {}});
    case Purpose::offer:
    case Purpose::refresh:
      if (own.method != sip::Method::bye && flow_alive_) hangUp("SIP;cause=408;text=\"Request Timeout\"");
      return;
  }
}

}  // namespace sallyport::phone
