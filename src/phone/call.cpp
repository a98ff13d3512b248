// SPDX-License-Identifier: Apache-2.0
// A call as the answering side of requests, its timers and its end. Requests of our own: call_requests.cpp.
#include "phone/call.h"

#include <algorithm>

#include "crypto/random.h"

namespace sallyport::phone {
namespace {

constexpr std::size_t kTagCharacters = 16;
constexpr std::string_view kAllowed = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE";
constexpr std::string_view kSdp = "application/sdp";

// RFC 3261 21.4.26 and 21.4.1: a description we will not have, or one that is broken.
int statusFor(const Error& error) { return error.kind == ErrorKind::peerDenied ? 488 : 400; }

bool isSdp(const sip::Message& message) { return sip::equalsIgnoringCase(message.contentType(), kSdp); }

}  // namespace

Call::Call(CallHost& host, CallEvents& events, LocalParty local, sip::FlowId flow)
    : host_(host),
      events_(events),
      local_(std::move(local)),
      local_tag_(crypto::randomToken(kTagCharacters)),
      flow_(flow) {}

Call::~Call() {
  if (pending_) host_.transactions().abandon(pending_->id);
}

// --- being called ----------------------------------------------------------------------------------------

Status Call::take(sip::ServerTransactionId id, sip::Message invite) {
  host_.bind(id, *this);
  call_id_ = invite.callId();
  peer_uri_ = invite.from().uri;
  request_uri_ = invite.requestUri();
  peer_allows_update_ = invite.listContains(sip::HeaderId::allow, "UPDATE");
  pending_.emplace(PendingInvite{id, std::move(invite)});
  const auto& request = pending_->request;
  SP_ASSIGN(auto dialog, sip::Dialog::fromRequest(request, local_tag_));
  dialog_ = std::move(dialog);
  respond(id, 100, sip::responseTo(request, 100, {}, {}).finish());
  return sallyport::success();
}

void Call::ring() {
  if (!pending_) return;
  const auto& request = pending_->request;
  auto writer = sip::responseTo(request, 180, {}, local_tag_);
  writer.copy(request, sip::HeaderId::recordRoute);
  writer.header(sip::HeaderId::contact, "<" + local_.contact + ">").header(sip::HeaderId::allow, kAllowed);
  respond(pending_->id, 180, writer.finish());
}

Status Call::answer(MediaAgreement agreement) {
  if (!pending_) return Error{ErrorKind::internal, "phone.call.nothing_to_answer", ""};
  const auto& request = pending_->request;
  const auto timer = sip::answerSessionTimer(request, {});
  if (!timer) return reject(400), timer.error();
  if (timer->verdict == sip::SessionTimerAnswer::Verdict::tooSmall) {
    return reject(422), Error{ErrorKind::peerMisbehaved, "phone.session_timer.too_small", ""};
  }
  const bool has_offer = !request.body().empty();
  if (has_offer && !isSdp(request)) {
    return reject(415), Error{ErrorKind::peerDenied, "phone.sdp.content_type", std::string{request.contentType()}};
  }
  std::string sdp;
  MediaPlanPtr plan;
  if (has_offer) {
    auto answer = agreement.answer(request.body());
    if (!answer) return reject(statusFor(answer.error())), answer.error();
    sdp = std::move(answer->sdp);
    plan = std::move(answer->plan);
  } else {
    sdp = agreement.offer();
    offer_in_answer_ = true;
  }
  agreement_.emplace(std::move(agreement));
  auto pending = std::move(*pending_);
  pending_.reset();
  sendSuccess(pending.id, sip::Method::invite, success(pending.request, sdp, *timer));
  events_.onAnswered(*this);
  if (plan) tellMedia(std::move(plan));
  return sallyport::success();
}

void Call::reject(int status) {
  if (!pending_) return;
  auto pending = std::move(*pending_);
  pending_.reset();
  if (dialog_) dialog_->terminate();
  refuse(pending.id, pending.request, status);
  const bool cancelled = status == 487;
  end({cancelled ? "phone.call.cancelled" : "phone.call.rejected", cancelled ? "the caller gave up" : "", status,
       std::string{sip::reasonPhrase(status)}});
}

// --- responses ---------------------------------------------------------------------------------------------

void Call::respond(sip::ServerTransactionId id, int status, std::string bytes) {
  // A transaction that is gone has already told us so, or its flow has.
  (void)host_.transactions().respond(id, status, std::move(bytes), host_.now());
}

void Call::refuse(sip::ServerTransactionId id, const sip::Message& request, int status,
                  std::optional<std::chrono::seconds> retry_after) {
  auto writer = sip::responseTo(request, status, {}, local_tag_);
  if (status == 405) writer.header(sip::HeaderId::allow, kAllowed);
  if (status == 415) writer.header(sip::HeaderId::accept, kSdp);
  if (status == 422) writer.header(sip::HeaderId::minSe, std::uint64_t{90});
  if (retry_after) writer.header(sip::HeaderId::retryAfter, static_cast<std::uint64_t>(retry_after->count()));
  respond(id, status, writer.finish());
}

std::string Call::success(const sip::Message& request, std::string_view sdp,
                          const std::optional<sip::SessionTimerAnswer>& timer) {
  auto writer = sip::responseTo(request, 200, {}, local_tag_);
  if (dialog_ && dialog_->state() == sip::Dialog::State::early) writer.copy(request, sip::HeaderId::recordRoute);
  writer.header(sip::HeaderId::contact, "<" + local_.contact + ">")
      .header(sip::HeaderId::allow, kAllowed)
      .header(sip::HeaderId::supported, "timer");
  if (timer && timer->verdict == sip::SessionTimerAnswer::Verdict::grant) {
    if (timer->require_timer) writer.header(sip::HeaderId::require, "timer");
    writer.header(sip::HeaderId::sessionExpires, timer->header.toString());
    startSessionTimer(timer->timer);
  }
  return writer.finish(sdp.empty() ? std::string_view{} : kSdp, sdp);
}

void Call::sendSuccess(sip::ServerTransactionId id, sip::Method method, std::string bytes) {
  if (dialog_) {
    dialog_->onAnswered(method, 200);
    if (offer_in_answer_) {
      dialog_->offerSent();
    } else {
      dialog_->offerAnswered();
    }
  }
  if (method == sip::Method::invite) {
    const auto t1 = host_.timers().t1;
    unacked_ = UnackedAnswer{bytes, t1, host_.now() + t1, host_.now() + host_.timers().timeout()};
  }
  respond(id, 200, std::move(bytes));
}

// --- requests inside the dialog --------------------------------------------------------------------------------

void Call::onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request) {
  flow_ = flow;  // the peer may have replaced its connection; the newest proven one is where its dialog lives
  flow_alive_ = true;
  lost_at_.reset();
  if (!dialog_ || dialog_->state() == sip::Dialog::State::terminated) return refuse(id, request, 481);
  if (const auto refusal = dialog_->onRequest(request, crypto::randomNumber())) {
    return refuse(id, request, refusal->status, refusal->retry_after);
  }
  if (request.listContains(sip::HeaderId::allow, "UPDATE")) peer_allows_update_ = true;
  switch (request.method()) {
    case sip::Method::bye: return onBye(id, request);
    case sip::Method::invite:
    case sip::Method::update: return onRefresh(id, std::move(request));
    case sip::Method::options:
      return respond(id, 200,
                     sip::responseTo(request, 200, {}, local_tag_)
                         .header(sip::HeaderId::allow, kAllowed)
                         .header(sip::HeaderId::accept, kSdp)
                         .finish());
    default: return refuse(id, request, 405);
  }
}

void Call::onBye(sip::ServerTransactionId id, const sip::Message& request) {
  respond(id, 200, sip::responseTo(request, 200, {}, local_tag_).finish());
  const std::string reason{request.header(sip::HeaderId::reason).value_or("")};
  dialog_->terminate();
  unacked_.reset();
  if (pending_) return reject(487);  // RFC 3261 15.1.2: what is unanswered is answered
  end({"phone.call.bye", reason.empty() ? "the other side hung up" : "the other side hung up: " + reason, 200,
       std::string{sip::reasonPhrase(200)}});
}

// A re-INVITE or UPDATE that the dialog has admitted: answered at once, within what we are willing to do.
void Call::onRefresh(sip::ServerTransactionId id, sip::Message request) {
  const auto method = request.method();
  const auto abort = [&](int status) {
    dialog_->onAnswered(method, status);
    refuse(id, request, status);
  };
  const bool has_offer = !request.body().empty();
  if (!agreement_) return abort(491);
  const auto timer = sip::answerSessionTimer(request, {});
  if (!timer) return abort(400);
  if (timer->verdict == sip::SessionTimerAnswer::Verdict::tooSmall) return abort(422);
  if (has_offer && !isSdp(request)) return abort(415);
  if ((has_offer || method == sip::Method::invite) && !dialog_->mayOffer()) return abort(491);
  host_.bind(id, *this);

  std::string sdp;
  MediaPlanPtr plan;
  if (has_offer) {
    auto answer = agreement_->answer(request.body());
    if (!answer) return abort(statusFor(answer.error()));
    sdp = std::move(answer->sdp);
    plan = std::move(answer->plan);
  } else if (method == sip::Method::invite) {
    sdp = agreement_->offer();
    offer_in_answer_ = true;
  }
  sendSuccess(id, method, success(request, sdp, *timer));
  if (plan) tellMedia(std::move(plan));
}

void Call::onAck(sip::FlowId flow, const sip::Message& ack) {
  if (!dialog_ || !dialog_->onAck(ack) || !unacked_) return;
  flow_ = flow;
  flow_alive_ = true;
  unacked_.reset();
  if (bye_waits_for_ack_) return sayBye(bye_reason_);
  if (!std::exchange(offer_in_answer_, false)) return;
  dialog_->offerAnswered();
  if (!agree(ack.body())) hangUp("SIP;cause=488;text=\"Not Acceptable Here\"");
}

void Call::onCancel() { reject(487); }

// --- time ---------------------------------------------------------------------------------------------------

std::optional<TimePoint> Call::deadline() const {
  if (ended_) return std::nullopt;
  std::optional<TimePoint> soonest;
  const auto consider = [&](std::optional<TimePoint> time) {
    if (time && (!soonest || *time < *soonest)) soonest = time;
  };
  for (const auto time : {refresh_at_, expires_at_, reoffer_at_, lost_at_, bye_by_}) consider(time);
  if (unacked_) consider(std::min(unacked_->next, unacked_->give_up));
  return soonest;
}

void Call::advance() {
  if (ended_) return;
  const auto now = host_.now();
  const auto due = [now](std::optional<TimePoint>& time) {
    if (!time || *time > now) return false;
    time.reset();
    return true;
  };
  if (unacked_ && unacked_->give_up <= now) {
    unacked_.reset();
    if (bye_waits_for_ack_) return sayBye(bye_reason_);
    end_ = CallEnd{"phone.call.no_ack", "the caller never acknowledged the answer", 200, "OK"};
    return sayBye({});
  }
  if (unacked_ && unacked_->next <= now) {
    if (flow_alive_) host_.send(flow_, unacked_->bytes);
    unacked_->interval = std::min(unacked_->interval * 2, host_.timers().t2);
    unacked_->next = now + unacked_->interval;
  }
  if (due(reoffer_at_)) (void)offerDirection(agreement_->direction());
  if (due(refresh_at_)) refresh();
  if (due(expires_at_)) hangUp("SIP;cause=408;text=\"Session expired\"");
  if (due(lost_at_)) {
    end({"phone.call.lost", "the connection to the other side ended and did not come back", 0, {}});
  }
  if (due(bye_by_) && end_) end(*end_);
}

void Call::startSessionTimer(const sip::SessionTimer& timer) {
  session_ = timer;
  refresh_at_.reset();
  expires_at_ = host_.now() + timer.giveUpAfter();
  if (timer.duty == sip::SessionTimer::Duty::refresh) refresh_at_ = host_.now() + timer.refreshAfter();
}

// The dialog outlives its connection (RFC 5923): for a while the peer may come back on another.
void Call::onFlowClosed(sip::FlowId flow) {
  if (ended_ || flow != flow_) return;
  flow_alive_ = false;
  if (end_) return end(*end_);
  if (!isConfirmed()) return end({"phone.call.lost", "the connection ended before the call was answered", 0, {}});
  lost_at_ = host_.now() + host_.timers().timeout();
}

void Call::moveTo(sip::FlowId flow, LocalParty local) {
  flow_ = flow;
  flow_alive_ = true;
  lost_at_.reset();
  local_ = std::move(local);
  refresh();
}

void Call::onServerFailure(const Error& error) {
  if (!pending_) return;
  pending_.reset();
  end({error.code, error.detail, 0, {}});
}

// --- the end -----------------------------------------------------------------------------------------------

bool Call::agree(std::string_view answer) {
  auto plan = agreement_->accept(answer);
  if (!plan) {
    end_ = CallEnd{plan.error().code, plan.error().detail, 200, "OK"};
    return false;
  }
  tellMedia(std::move(*plan));
  return true;
}

void Call::tellMedia(MediaPlanPtr plan) {
  if (ended_ || end_) return;
  media_told_ = true;
  events_.onMedia(*this, std::move(plan));
}

void Call::endMedia() {
  if (std::exchange(media_told_, false)) events_.onMediaOver(*this);
}

void Call::end(CallEnd end) {
  if (std::exchange(ended_, true)) return;
  if (dialog_) dialog_->terminate();
  endMedia();
  events_.onEnded(*this, end_ ? *end_ : end);
}

}  // namespace sallyport::phone
