// SPDX-License-Identifier: Apache-2.0
// A leg as the answering side of requests, and its timers. Requests of our own: leg_requests.cpp.
#include "call/leg.h"

#include <algorithm>
#include <utility>

#include "call/earliest.h"
#include "call/extensions.h"
#include "call/status_map.h"
#include "call/surrender.h"
#include "config/methods.h"
#include "crypto/random.h"
#include "sdp/trickle.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kTagCharacters = 16;
constexpr std::string_view kSessionType = "application/sdp";
constexpr std::string_view kKeyTypes = "application/dtmf-relay, application/dtmf";
constexpr std::uint64_t kLargestFirstRseq = 0x7FFF'FFFF;  // RFC 3262 3

// Our tags carry the worker's number, so that a request that lands elsewhere finds its call.
std::string newTag(unsigned worker) { return std::to_string(worker) + "-" + crypto::randomToken(kTagCharacters); }

std::string infoTypes(const PeerPolicy& peer) {
  std::string types{kKeyTypes};
  if (hearsTrickledCandidates(peer)) types.append(", ").append(sdp::kTrickleContentType);
  return types;
}

}  // namespace

Leg::Leg(LegContext& context, LegEvents& events, std::string call, LegRole role, EdgePolicyPtr policy, Target target)
    : context_(context),
      events_(&events),
      call_(std::move(call)),
      role_(role),
      policy_(std::move(policy)),
      target_(std::move(target)),
      local_tag_(newTag(context.worker)),
      provisional_(static_cast<std::uint32_t>(crypto::randomNumber() % kLargestFirstRseq + 1)) {
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
  pending_ = std::make_unique<PendingRequest>(PendingRequest{id, std::move(invite)});
  const auto& request = pending_->request;
  peer_allows_update_ = request.listContains(sip::HeaderId::allow, "UPDATE");
  if (request.listContains(sip::HeaderId::supported, kReliableTag)) reliability_ = Reliability::descriptions;
  if (request.listContains(sip::HeaderId::require, kReliableTag)) reliability_ = Reliability::all;
  SP_ASSIGN(auto dialog, sip::Dialog::fromRequest(request, local_tag_));
  dialog_ = std::move(dialog);
  respond(id, 100, sip::responseTo(request, 100, {}, {}).finish());
  SP_ASSIGN(const auto timer, sip::answerSessionTimer(request, sessionPolicy()));
  if (timer.verdict == sip::SessionTimerAnswer::Verdict::tooSmall) {
    return Error{ErrorKind::peerMisbehaved, "sip.session_expires.too_small", "below our Min-SE"};
  }
  return success();
}

void Leg::progress(int status, std::string_view sdp, Commitment commitment) {
  if (!pending_ || held_answer_) return;
  const bool must = reliability_ == Reliability::all;
  if (isDescribed() || (must && commitment == Commitment::tentative)) sdp = {};
  const bool reliably =
      must || (reliability_ == Reliability::descriptions && !sdp.empty() && commitment == Commitment::binding);
  if (!reliably) {
    const auto bytes = responseTo(pending_->request, status).finish(sdp.empty() ? "" : "application/sdp", sdp);
    return respond(pending_->id, status, bytes);
  }
  // RFC 3261 13.2.1: what is reliable owes the offer where the INVITE came without; that is the 2xx's.
  if (sdp.empty() && pending_->request.body().empty()) return;
  if (!provisional_.isWaiting()) return sendReliably(status, sdp);
  const bool keeps_sdp = next_progress_ && sdp.empty();
  next_progress_ = Progress{status, keeps_sdp ? next_progress_->sdp : std::string{sdp}};
}

void Leg::sendReliably(int status, std::string_view sdp) {
  auto writer = responseTo(pending_->request, status);
  writer.header(sip::HeaderId::require, kReliableTag)
      .header(sip::HeaderId::rseq, std::uint64_t{provisional_.nextRseq()});
  auto bytes = writer.finish(sdp.empty() ? std::string_view{} : "application/sdp", sdp);
  if (!sdp.empty()) described_ = sdp;
  provisional_.sent(bytes, pending_->request.cseq(),
                    sdp.empty() ? UnackedProvisional::Body::none : UnackedProvisional::Body::sdp, context_.now,
                    policy_->timers);
  respond(pending_->id, status, std::move(bytes));
}

// What every response but a refusal says of us.
sip::MessageWriter Leg::responseTo(const sip::Message& request, int status) {
  auto writer = sip::responseTo(request, status, {}, local_tag_);
  if (!dialog_ || dialog_->state() == sip::Dialog::State::early) writer.copy(request, sip::HeaderId::recordRoute);
  writer.header(sip::HeaderId::contact, contact());
  writer.header(sip::HeaderId::allow, allow());
  if (status < 200 || request.method() == sip::Method::prack) return writer;
  sayExtensions(writer, peer());
  if (const auto timer = sip::answerSessionTimer(request, sessionPolicy());
      timer && timer->verdict == sip::SessionTimerAnswer::Verdict::grant) {
    if (timer->require_timer) writer.header(sip::HeaderId::require, "timer");
    writer.header(sip::HeaderId::sessionExpires, timer->header.toString());
    startSessionTimer(timer->timer);
  }
  return writer;
}

std::string Leg::allow(std::string_view refused) const {
  return config::allowInstead(*policy_->config, peer().name, config::AllowedWhere::inCall, refused);
}

sip::SessionTimerPolicy Leg::sessionPolicy() const {
  return {policy_->config->sip.session_expires, policy_->config->sip.min_se};
}

void Leg::answer(std::string_view sdp) {
  auto& asked = early_offer_ ? early_offer_ : pending_;
  if (!asked) return;
  if (!early_offer_) {
    if (provisional_.describes()) {  // RFC 3262 3
      held_answer_ = sdp;
      return;
    }
    if (isDescribed()) sdp = {};  // RFC 3261 13.2.1: the answer has been given
    provisional_.stop();
    next_progress_.reset();
  }
  const auto taken = std::exchange(asked, nullptr);
  const auto& [id, request] = *taken;
  const auto method = request.method();
  auto bytes = responseTo(request, 200).finish(sdp.empty() ? std::string_view{} : "application/sdp", sdp);
  if (dialog_) {
    dialog_->onAnswered(method, 200);
    if (!offer_in_answer_) dialog_->offerAnswered();
  }
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
  auto& asked = early_offer_ ? early_offer_ : pending_;
  if (!asked) return;
  const bool initial = !early_offer_ && dialog_ && dialog_->state() == sip::Dialog::State::early;
  if (!early_offer_) {
    provisional_.stop();
    next_progress_.reset();
    held_answer_.reset();
  }
  const auto taken = std::exchange(asked, nullptr);
  const auto& [id, request] = *taken;
  context_.index.unbind(id, *this);
  if (dialog_) {
    dialog_->onAnswered(request.method(), status);
    dialog_->offerAnswered();
    if (initial) dialog_->terminate();
  }
  refuse(id, request, status, retry_after);
}

void Leg::respond(sip::ServerTransactionId id, int status, std::string bytes) {
  // A transaction that is gone has already told us so, or its flow has.
  (void)context_.transactions.respond(id, status, std::move(bytes), context_.now);
}

void Leg::refuse(sip::ServerTransactionId id, const sip::Message& request, int status,
                 std::optional<std::chrono::seconds> retry_after) {
  auto writer = sip::responseTo(request, status, {}, local_tag_);
  if (status == 405 || status == 501) writer.header(sip::HeaderId::allow, allow(request.methodName()));
  if (status == 415)
    writer.header(sip::HeaderId::accept, request.method() == sip::Method::info ? infoTypes(peer()) : kSessionType);
  if (status == 469) writer.header("Recv-Info", hearsTrickledCandidates(peer()) ? kTrickleIce : std::string_view{});
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
  auto* dialog = dialogWith(request.fromTag());
  if (dialog == nullptr || dialog->state() == sip::Dialog::State::terminated) return refuse(id, request, 481);
  if (auto refusal = dialog->onRequest(request, crypto::randomNumber())) {
    return refuse(id, request, refusal->status, refusal->retry_after);
  }
  if (dialog != &*dialog_) return onForkRequest(id, *dialog, request);
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
                         .header(sip::HeaderId::allow, allow())
                         .header(sip::HeaderId::accept, "application/sdp")
                         .finish());
    case sip::Method::info: return onInfo(id, request);
    case sip::Method::refer: return onRefer(id, std::move(request));
    case sip::Method::prack: return onPrack(id, std::move(request));
    default: return refuse(id, request, 405);
  }
}

// --- REFER (RFC 3515) ---------------------------------------------------------------------------------------

void Leg::onRefer(sip::ServerTransactionId id, sip::Message request) {
  const auto refer = Refer::in(request);
  if (!refer) return refuse(id, request, statusTowardsPeer(refer.error()));
  if (!isConfirmed() || referred_) return refuse(id, request, 491);
  refer_ = std::make_unique<PendingRequest>(PendingRequest{id, std::move(request)});
  events_->onRefer(*this, *refer);
}

void Leg::acceptRefer() {
  if (!refer_) return;
  const auto taken = std::exchange(refer_, nullptr);
  const auto& [id, request] = *taken;
  const auto refer = Refer::in(request);
  const bool silent = refer && refer->subscription == Refer::Subscription::unwanted;
  auto writer = sip::responseTo(request, 202, {}, local_tag_);
  writer.header(sip::HeaderId::contact, contact());
  if (silent) writer.header(sip::HeaderId::referSub, "false");
  respond(id, 202, writer.finish());
  if (silent) return;
  referred_ = request.cseq();
  notifyRefer(100);
}

void Leg::rejectRefer(const Error& error) {
  if (!refer_) return;
  const auto taken = std::exchange(refer_, nullptr);
  const auto& [id, request] = *taken;
  refuse(id, request, statusTowardsPeer(error));
}

std::optional<Surrendered> Leg::surrenderOther() { return events_->onSurrender(*this); }

void Leg::moveTo(std::string call, LegRole role, LegEvents& events) {
  call_ = std::move(call);
  role_ = role;
  events_ = &events;
}

void Leg::onInfo(sip::ServerTransactionId id, const sip::Message& request) {
  const auto package = request.header("Info-Package");
  if (package && !(hearsTrickledCandidates(peer()) && sip::equalsIgnoringCase(*package, kTrickleIce)))
    return refuse(id, request, 469);
  // RFC 6086 B: without a body it only asks whether the dialog is there.
  const auto done = request.body().empty() ? success() : events_->onInfo(*this, request.contentType(), request.body());
  if (!done) return refuse(id, request, statusTowardsPeer(done.error()));
  respond(id, 200, sip::responseTo(request, 200, {}, local_tag_).finish());
}

// In an early dialog that is not the one we go by.
void Leg::onForkRequest(sip::ServerTransactionId id, sip::Dialog& fork, const sip::Message& request) {
  if (request.method() != sip::Method::bye) {
    fork.onAnswered(request.method(), 491);
    return refuse(id, request, 491);
  }
  fork.terminate();
  respond(id, 200, sip::responseTo(request, 200, {}, local_tag_).finish());
}

// RFC 3262 3.
void Leg::onPrack(sip::ServerTransactionId id, sip::Message request) {
  const auto rack = RAck::in(request);
  if (!rack) return refuse(id, request, 400);
  if (!provisional_.onPrack(*rack)) return refuse(id, request, 481);
  if (request.body().empty()) {
    respond(id, 200, sip::responseTo(request, 200, {}, local_tag_).finish());
  } else {
    onEarlyOffer(id, std::move(request));
  }
  if (!pending_) return;
  if (next_progress_) {
    const auto next = *std::exchange(next_progress_, std::nullopt);
    sendReliably(next.status, isDescribed() ? std::string_view{} : next.sdp);
  }
  if (held_answer_) answer(std::string{*std::exchange(held_answer_, std::nullopt)});
}

// An offer before the INVITE is answered (RFC 3311 5.2, RFC 3262 5): only once the INVITE's own has been.
void Leg::onEarlyOffer(sip::ServerTransactionId id, sip::Message request) {
  const auto abort = [&](int status, std::optional<std::chrono::seconds> retry_after = {}) {
    dialog_->onAnswered(request.method(), status);
    refuse(id, request, status, retry_after);
  };
  if (!sip::equalsIgnoringCase(request.contentType(), "application/sdp")) return abort(415);
  const bool settled = pending_ ? isDescribed() && !provisional_.describes() : answered_early_;
  if (!settled && pending_) return abort(500, std::chrono::seconds{crypto::randomNumber() % 11});
  if (!settled || !dialog_->mayOffer()) return abort(491);
  dialog_->offerReceived();
  context_.index.bind(id, *this);
  early_offer_ = std::make_unique<PendingRequest>(PendingRequest{id, std::move(request)});
  const std::string sdp{early_offer_->request.body()};
  events_->onOffer(*this, sdp);
  if (early_offer_) reject(491);
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
  const bool has_offer = !request.body().empty();
  if (!isConfirmed() && method == sip::Method::update && has_offer) return onEarlyOffer(id, std::move(request));
  if (pending_ && (isConfirmed() || method != sip::Method::update)) {  // before we have answered the last
    dialog_->onAnswered(method, 500);
    return refuse(id, request, 500, std::chrono::seconds{crypto::randomNumber() % 11});
  }
  if (has_offer && !sip::equalsIgnoringCase(request.contentType(), "application/sdp")) return abort(415);
  if (has_offer) {
    if (!dialog_->mayOffer()) return abort(491);
    dialog_->offerReceived();
  }
  if (method == sip::Method::update && !has_offer) {  // RFC 4028 7.4: a refresh without an offer
    dialog_->onAnswered(method, 200);
    return respond(id, 200, responseTo(request, 200).finish());
  }
  context_.index.bind(id, *this);
  if (method == sip::Method::invite) respond(id, 100, sip::responseTo(request, 100, {}, {}).finish());
  pending_ = std::make_unique<PendingRequest>(PendingRequest{id, std::move(request)});
  if (has_offer) {
    const std::string sdp{pending_->request.body()};
    return events_->onOffer(*this, sdp);
  }
  if (!dialog_->mayOffer()) return reject(491);
  events_->onOfferWanted(*this);
}

void Leg::onAck(sip::FlowId flow, const sip::Message& ack) {
  if (!dialog_ || !dialog_->onAck(ack) || !unacked_) return;
  useFlow(flow);
  unacked_.reset();
  if (bye_waits_for_ack_) return sayBye();
  if (!offer_in_answer_) return events_->onAcknowledged(*this);
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
    provisional_.stop();
    events_->onLost(*this, error);
  }
}

void Leg::onFlowClosed(sip::FlowId flow) {
  if (flow != flow_) return;
  flow_alive_ = false;
  if (pending_ && !isConfirmed()) {
    // Nobody is left to hear an answer to this call attempt.
    pending_.reset();
    provisional_.stop();
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
  auto first = provisional_.deadline();
  if (unacked_) first = earliest(first, std::min(unacked_->next, unacked_->give_up));
  return ended_ ? first : earliest(first, earliest(refresh_at_, expires_at_));
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
  switch (provisional_.advance(now)) {
    case UnackedProvisional::Due::nothing: break;
    case UnackedProvisional::Due::resend: context_.flows.send(flow_, provisional_.bytes()); break;
    case UnackedProvisional::Due::giveUp:
      return events_->onLost(*this, Error{ErrorKind::peerMisbehaved, "sip.prack_never_came", ""});
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

// A dialog that a sips: URI began has sips: Contacts on both sides (RFC 3261 8.1.1.8, 12.1.1).
std::string Leg::contact() const {
  const bool secure = dialog_ ? dialog_->isSecure() : plan_.request_uri.starts_with("sips:");
  const auto& us = context_.sentByTo(peer());
  if (!secure) return "<" + us.uri(transport_, local_tag_, listener_) + ">";
  const char* way = transport_ == Transport::wss ? ";transport=ws>" : ">";
  return "<sips:" + local_tag_ + "@" + us.on(transport_, listener_) + way;
}

}  // namespace sallyport::call
