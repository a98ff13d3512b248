// SPDX-License-Identifier: Apache-2.0
// A leg as the answering side of requests, and its timers. Requests of our own: leg_requests.cpp.
#include "call/leg.h"

#include <algorithm>

#include "crypto/random.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kTagCharacters = 16;

// Our tags carry the worker's number, so that a request that lands elsewhere finds its call.
std::string newTag(unsigned worker) { return std::to_string(worker) + "-" + crypto::randomToken(kTagCharacters); }

}  // namespace

Leg::Leg(LegContext& context, LegEvents& events, std::string call, LegRole role, EdgePolicyPtr policy, Target target)
    : context_(context),
      events_(&events),
      call_(std::move(call)),
      role_(role),
      policy_(std::move(policy)),
      target_(std::move(target)),
      local_tag_(newTag(context.worker)) {
  context_.index.bindTag(local_tag_, *this);
}

Leg::~Leg() {
  if (pending_) context_.transactions.abandon(pending_->id);
  context_.index.unbind(*this);
}

Status Leg::take(sip::ServerTransactionId id, sip::FlowId flow, sip::Message invite) {
  useFlow(flow);
  call_id_ = invite.callId();
  if (const auto facts = context_.flows.facts(flow)) identity_ = facts->identity();
  context_.index.bind(id, *this);
  pending_ = PendingRequest{id, std::move(invite)};
  const auto& request = pending_->request;
  peer_allows_update_ = request.listContains(sip::HeaderId::allow, "UPDATE");
  SP_ASSIGN(auto dialog, sip::Dialog::fromRequest(request, local_tag_));
  dialog_ = std::move(dialog);
  respond(id, 100, sip::responseTo(request, 100, {}, {}).finish());
  SP_ASSIGN(const auto timer, sip::answerSessionTimer(request, sessionPolicy()));
  if (timer.verdict == sip::SessionTimerAnswer::Verdict::tooSmall) {
    return Error{ErrorKind::peerMisbehaved, "sip.session_expires.too_small", "below our Min-SE"};
  }
  return success();
}

void Leg::progress(int status, std::string_view sdp) {
  if (!pending_) return;
  respond(pending_->id, status, pendingResponse(status, sdp));
}

std::string Leg::pendingResponse(int status, std::string_view sdp) {
  const auto& request = pending_->request;
  auto writer = sip::responseTo(request, status, {}, local_tag_);
  if (!dialog_ || dialog_->state() == sip::Dialog::State::early) writer.copy(request, sip::HeaderId::recordRoute);
  writer.header(sip::HeaderId::contact, contact());
  writer.header(sip::HeaderId::allow, kAllowedMethods);
  if (status >= 200) {
    writer.header(sip::HeaderId::supported, "timer");
    if (const auto timer = sip::answerSessionTimer(request, sessionPolicy());
        timer && timer->verdict == sip::SessionTimerAnswer::Verdict::grant) {
      if (timer->require_timer) writer.header(sip::HeaderId::require, "timer");
      writer.header(sip::HeaderId::sessionExpires, timer->header.toString());
      startSessionTimer(timer->timer);
    }
  }
  return writer.finish(sdp.empty() ? std::string_view{} : "application/sdp", sdp);
}

sip::SessionTimerPolicy Leg::sessionPolicy() const {
  return {policy_->config->sip.session_expires, policy_->config->sip.min_se};
}

void Leg::answer(std::string_view sdp) {
  if (!pending_) return;
  const auto method = pending_->request.method();
  auto bytes = pendingResponse(200, sdp);
  if (dialog_) {
    dialog_->onAnswered(method, 200);
    if (!offer_in_answer_) dialog_->offerAnswered();
  }
  const auto id = pending_->id;
  pending_.reset();
  context_.index.unbind(id, *this);
  if (method == sip::Method::invite) {
    const auto t1 = policy_->timers.t1;
    unacked_ = UnackedAnswer{bytes, t1, context_.now + t1, context_.now + policy_->timers.timeout()};
  }
  respond(id, 200, std::move(bytes));
}

void Leg::answerWithOffer(std::string_view sdp) {
  if (!pending_) return;
  if (dialog_) dialog_->offerSent();
  offer_in_answer_ = true;
  answer(sdp);
}

void Leg::reject(int status, std::optional<std::chrono::seconds> retry_after) {
  if (!pending_) return;
  auto pending = std::move(*pending_);
  pending_.reset();
  context_.index.unbind(pending.id, *this);
  if (dialog_) {
    dialog_->onAnswered(pending.request.method(), status);
    dialog_->offerAnswered();
    if (dialog_->state() == sip::Dialog::State::early) dialog_->terminate();
  }
  refuse(pending.id, pending.request, status, retry_after);
}

void Leg::respond(sip::ServerTransactionId id, int status, std::string bytes) {
  // A transaction that is gone has already told us so, or its flow has.
  (void)context_.transactions.respond(id, status, std::move(bytes), context_.now);
}

void Leg::refuse(sip::ServerTransactionId id, const sip::Message& request, int status,
                 std::optional<std::chrono::seconds> retry_after) {
  auto writer = sip::responseTo(request, status, {}, local_tag_);
  if (status == 405 || status == 501) writer.header(sip::HeaderId::allow, kAllowedMethods);
  if (status == 415) writer.header(sip::HeaderId::accept, "application/sdp");
  if (status == 422) {
    writer.header(sip::HeaderId::minSe, static_cast<std::uint64_t>(policy_->config->sip.min_se.count()));
  }
  if (retry_after) writer.header(sip::HeaderId::retryAfter, static_cast<std::uint64_t>(retry_after->count()));
  respond(id, status, writer.finish());
}

// --- requests of the peer inside the dialog ----------------------------------------------------------

void Leg::onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request) {
  // The peer may have replaced its connection: the newest proven one is where its dialog lives.
  useFlow(flow);
  if (!dialog_ || dialog_->state() == sip::Dialog::State::terminated) return refuse(id, request, 481);
  if (auto refusal = dialog_->onRequest(request, crypto::randomNumber())) {
    return refuse(id, request, refusal->status, refusal->retry_after);
  }
  if (request.listContains(sip::HeaderId::allow, "UPDATE")) peer_allows_update_ = true;
  switch (request.method()) {
    case sip::Method::bye: {
      respond(id, 200, sip::responseTo(request, 200, {}, local_tag_).finish());
      const std::string reason{request.header(sip::HeaderId::reason).value_or("")};
      dialog_->terminate();
      unacked_.reset();
      ended_ = true;
      cancel_wanted_ = initial_pending_;
      cancelOwnInvites();
      if (pending_) reject(487);
      return events_->onBye(*this, reason);
    }
    case sip::Method::invite:
    case sip::Method::update: return onRefresh(id, std::move(request));
    case sip::Method::options:
      return respond(id, 200,
                     sip::responseTo(request, 200, {}, local_tag_)
                         .header(sip::HeaderId::allow, kAllowedMethods)
                         .header(sip::HeaderId::accept, "application/sdp")
                         .finish());
    default: return refuse(id, request, request.method() == sip::Method::prack ? 481 : 405);
  }
}

// A re-INVITE or UPDATE that the dialog has admitted.
void Leg::onRefresh(sip::ServerTransactionId id, sip::Message request) {
  const auto method = request.method();
  const auto abort = [&](int status) {
    dialog_->onAnswered(method, status);
    refuse(id, request, status);
  };
  const auto timer = sip::answerSessionTimer(request, sessionPolicy());
  if (!timer) return abort(400);
  if (timer->verdict == sip::SessionTimerAnswer::Verdict::tooSmall) return abort(422);
  if (pending_) {  // an UPDATE before we have answered their INVITE (RFC 3311 5.2)
    dialog_->onAnswered(method, 500);
    return refuse(id, request, 500, std::chrono::seconds{crypto::randomNumber() % 11});
  }
  const bool has_offer = !request.body().empty();
  if (has_offer && !sip::equalsIgnoringCase(request.contentType(), "application/sdp")) return abort(415);
  if (has_offer) {
    if (!dialog_->mayOffer()) return abort(491);
    dialog_->offerReceived();
  }
  context_.index.bind(id, *this);
  if (method == sip::Method::invite) respond(id, 100, sip::responseTo(request, 100, {}, {}).finish());
  pending_ = PendingRequest{id, std::move(request)};
  if (has_offer) {
    const std::string sdp{pending_->request.body()};
    return events_->onOffer(*this, sdp);
  }
  if (method == sip::Method::update) return answer({});  // RFC 4028 7.4: a refresh without an offer
  if (!dialog_->mayOffer()) return reject(491);
  events_->onOfferWanted(*this);
}

void Leg::onAck(sip::FlowId flow, const sip::Message& ack) {
  if (!dialog_ || !dialog_->onAck(ack) || !unacked_) return;
  useFlow(flow);
  unacked_.reset();
  if (bye_waits_for_ack_) return sayBye();
  if (!offer_in_answer_) return;
  offer_in_answer_ = false;
  dialog_->offerAnswered();
  events_->onLocalAnswer(*this, ack.body());
}

void Leg::onCancel(sip::ServerTransactionId invite) {
  if (pending_ && pending_->id == invite) events_->onCancel(*this);
}

void Leg::onServerFailure(const Error& error) {
  // Timer H on a rejection changes nothing; an INVITE nobody answered in time is over.
  if (pending_ && std::string_view{error.code} == "sip.transaction.abandoned") {
    pending_.reset();
    events_->onLost(*this, error);
  }
}

void Leg::onFlowClosed(sip::FlowId flow) {
  if (flow != flow_) return;
  flow_alive_ = false;
  if (role_ == LegRole::caller && pending_ && !isConfirmed()) {
    // Nobody is left to hear an answer to this call attempt.
    pending_.reset();
    ended_ = true;
    events_->onLost(*this, Error{ErrorKind::unavailable, "call.caller_gone", "connection lost before an answer"});
  }
}

// --- timers ---------------------------------------------------------------------------------------------

void Leg::startSessionTimer(const sip::SessionTimer& timer) {
  session_ = timer;
  refresh_at_.reset();
  if (timer.duty == sip::SessionTimer::Duty::refresh) refresh_at_ = context_.now + timer.refreshAfter();
  expires_at_ = context_.now + timer.giveUpAfter();
}

// RFC 4028 7.2: without the header in the 2xx no timer runs. One that cannot be read changes nothing.
void Leg::agreeOnSessionTimer(const sip::Message& response) {
  const auto timer = sip::acceptSessionTimer(response, asked_);
  if (!timer) return;
  if (*timer) return startSessionTimer(**timer);
  session_.reset();
  refresh_at_.reset();
  expires_at_.reset();
}

std::optional<TimePoint> Leg::deadline() const {
  std::optional<TimePoint> first;
  const auto consider = [&](std::optional<TimePoint> at) {
    if (at && (!first || *at < *first)) first = at;
  };
  if (unacked_) consider(std::min(unacked_->next, unacked_->give_up));
  if (!ended_) {
    consider(refresh_at_);
    consider(expires_at_);
  }
  return first;
}

void Leg::advance() {
  const auto now = context_.now;
  if (unacked_ && now >= unacked_->give_up) {
    unacked_.reset();
    if (bye_waits_for_ack_) return sayBye();
    return events_->onLost(*this, Error{ErrorKind::peerMisbehaved, "sip.ack_never_came", ""});
  }
  if (unacked_ && now >= unacked_->next) {
    context_.flows.send(flow_, unacked_->bytes);
    unacked_->interval = std::min(unacked_->interval * 2, policy_->timers.t2);
    unacked_->next = now + unacked_->interval;
  }
  if (ended_) return;
  if (expires_at_ && now >= *expires_at_) {
    expires_at_.reset();
    refresh_at_.reset();
    return events_->onLost(*this,
                           Error{ErrorKind::unavailable, "sip.session.expired", "no refresh came (RFC 4028 10)"});
  }
  if (refresh_at_ && now >= *refresh_at_) {
    refresh_at_.reset();
    refresh();
  }
}

bool Leg::isFinished() const {
  return ended_ && !isConfirmed() && !pending_ && !unacked_ && !initial_pending_ && own_.empty() &&
         waiting_for_flow_ == 0;
}

std::string Leg::contact() const { return "<sip:" + local_tag_ + "@" + context_.sent_by + ";transport=tls>"; }

}  // namespace sallyport::call
