// SPDX-License-Identifier: Apache-2.0
#include "call/bridge.h"

#include <utility>

#include "call/status_map.h"

namespace sallyport::call {
namespace {

// What of the caller's INVITE crosses to the callee besides what we write ourselves. Everything else
// stops here, so that two parsers in a row never disagree about what neither was meant to see.
constexpr sip::HeaderId kCarried[] = {sip::HeaderId::priority, sip::HeaderId::acceptLanguage, sip::HeaderId::subject};

bool mayPassProgress(int status) { return status == 180 || status == 181 || status == 182 || status == 183; }

}  // namespace

Bridge::Bridge(LegContext& context, MediaPortFactory& ports, CallEvents& events, telemetry::EventSink& log,
               CallPlan plan)
    : context_(context),
      events_(events),
      log_(log),
      plan_(std::move(plan)),
      media_(ports, plan_.caller->media, plan_.targets.first().peer->media),
      caller_(
          std::make_unique<Leg>(context, *this, plan_.id, LegRole::caller, plan_.policy, Target{.peer = plan_.caller})),
      callee_(std::make_unique<Leg>(context, *this, plan_.id, LegRole::callee, plan_.policy, plan_.targets.first())) {}

Bridge::~Bridge() = default;

void Bridge::start(sip::ServerTransactionId id, sip::FlowId flow, sip::Message invite) {
  plan_.record.legs[0].sip_call_id = invite.callId();
  auto plan = inviteFor(plan_.targets.first(), invite);
  const std::string offer{invite.body()};
  if (const auto taken = caller_->take(id, flow, std::move(invite)); !taken) {
    return end({taken.error().code, taken.error().detail, "caller", statusTowardsPeer(taken.error())});
  }
  proveLeg(*caller_);
  answer_by_ = context_.now + plan_.policy->config->sip.invite_timeout;

  const auto facts = context_.flows.facts(flow);
  const auto near = facts ? facts->remote.address.family() : IpAddress::Family::v4;
  const auto& address = plan_.targets.first().peer->address;
  const auto far = address ? address->address.family() : near;
  if (const auto opened = media_.open(near, far, context_.now, context_.wall); !opened) {
    return end({opened.error().code, opened.error().detail, "edge", statusTowardsPeer(opened.error())});
  }
  late_offer_ = offer.empty();
  if (!late_offer_) {
    if (const auto read = media_.readOffer(media::Side::a, offer); !read) return refuseMedia(*caller_, read.error());
  }
  auto onward = late_offer_ ? media_.openingOffer(media::Side::b) : media_.offerTo(media::Side::b);
  if (!onward) return refuseMedia(*caller_, onward.error());
  plan.sdp = *std::move(onward);
  callee_->invite(std::move(plan));
}

InvitePlan Bridge::inviteFor(const Target& target, const sip::Message& invite) const {
  InvitePlan plan;
  plan.request_uri = target.request_uri;
  plan.to_uri = target.to_uri;
  plan.from_uri = target.from_uri;
  plan.asserted_identity = target.asserted_identity;
  plan.route = target.route;
  plan.max_forwards = plan_.max_forwards;
  for (const auto id : kCarried) {
    if (const auto value = invite.header(id)) plan.carried.emplace_back(id, *value);
  }
  return plan;
}

// An offer or answer that policy or the RFCs refuse: said with its reason, and the call ends (488).
void Bridge::refuseMedia(const Leg& leg, const Error& error) {
  log_.event(telemetry::Severity::warning, "call.media_refused",
             {{"call", plan_.id},
              {"leg", nameOf(leg)},
              {"peer", leg.peer().name},
              {"reason", error.code},
              {"detail", error.detail}});
  end({error.code, error.detail, nameOf(leg), statusTowardsPeer(error)});
}

// --- the callee answers ---------------------------------------------------------------------------------

void Bridge::onProgress(Leg&, int status, std::string_view sdp) {
  if (state_ != State::setup) return;
  proveLeg(*callee_);
  if (!sdp.empty() && !late_offer_) {
    if (const auto read = media_.readAnswer(media::Side::b, sdp, context_.now, context_.wall); !read)
      return refuseMedia(*callee_, read.error());
    early_answer_ = true;
    auto answer = media_.answerTo(media::Side::a, context_.now, context_.wall);
    if (!answer) return refuseMedia(*caller_, answer.error());
    return caller_->progress(status == 180 ? 180 : 183, *answer);
  }
  if (mayPassProgress(status)) caller_->progress(status, {});
}

void Bridge::onAnswer(Leg& leg, std::string_view sdp) {
  if (state_ == State::setup) return answerInitial(sdp);
  if (state_ != State::answered) return;
  if (reoffering_ != nullptr && reoffering_ != &leg) return answerOffer(leg, sdp);
  // It has agreed to what was withdrawn meanwhile, or to going back to how it was.
  if (const auto read = media_.readAnswer(sideOf(leg), sdp, context_.now, context_.wall); !read)
    return refuseMedia(leg, read.error());
  if (!std::exchange(withdrawn_, false)) return;
  if (const auto before = media_.offerTo(sideOf(leg))) (void)leg.offer(sip::Method::invite, *before);
}

void Bridge::answerInitial(std::string_view sdp) {
  proveLeg(*callee_);
  const bool answered_early = sdp.empty() && early_answer_;
  if (!answered_early) {
    if (const auto read = media_.readAnswer(media::Side::b, sdp, context_.now, context_.wall); !read)
      return refuseMedia(*callee_, read.error());
  }
  auto body =
      late_offer_ ? media_.offerTo(media::Side::a) : media_.answerTo(media::Side::a, context_.now, context_.wall);
  if (!body) return refuseMedia(*caller_, body.error());
  state_ = State::answered;
  answer_by_.reset();
  media_.expectMedia(context_.now);
  plan_.record.answered = context_.wall;
  if (late_offer_) {
    caller_->answerWithOffer(*body);
  } else {
    caller_->answer(*body);
  }
  events_.onCallAnswered(*this);
}

void Bridge::onRejected(Leg& leg, int status, const Error& error) {
  if (state_ == State::over) return;
  if (state_ == State::setup) {
    const std::string_view code{error.code};
    const bool from_peer = code == "call.rejected";
    const bool broken = !from_peer && error.kind == ErrorKind::peerMisbehaved;  // its answer, not the caller's request
    const int mapped = from_peer ? statusTowardsPeer(status) : broken ? 502 : statusTowardsPeer(error);
    return end({error.code, error.detail, from_peer ? nameOf(leg) : "edge", mapped});
  }
  withdrawn_ = false;
  if (reoffering_ == nullptr || reoffering_ == &leg) return;
  auto& asking = *reoffering_;
  finishOffer();
  media_.withdrawOffer(sideOf(asking));
  asking.reject(status == 491 ? 491 : statusTowardsPeer(status));  // the session goes on as it was
}

// --- re-INVITE and UPDATE -----------------------------------------------------------------------------------

void Bridge::onOffer(Leg& leg, std::string_view sdp) {
  if (state_ == State::over) return leg.reject(481);
  if (state_ == State::setup || reoffering_ != nullptr || !media_.isAgreed()) return leg.reject(491);
  const auto side = sideOf(leg);
  const auto read = media_.readOffer(side, sdp);
  if (!read) {
    log_.event(telemetry::Severity::warning, "call.media_refused",
               {{"call", plan_.id}, {"leg", nameOf(leg)}, {"peer", leg.peer().name}, {"reason", read.error().code}});
    return leg.reject(488);
  }
  // New keys, ports or addresses concern this hop only; what the far side must agree to is asked there.
  if (media_.offerIsLocal(side)) {
    auto answer = media_.answerTo(side, context_.now, context_.wall);
    if (answer) return leg.answer(*answer);
    media_.withdrawOffer(side);
    return leg.reject(488);
  }
  auto& far = other(leg);
  auto onward = media_.offerTo(sideOf(far));
  if (!onward) {
    media_.withdrawOffer(side);
    return leg.reject(488);
  }
  reoffering_ = &leg;
  reoffer_by_ = context_.now + plan_.policy->timers.timeout() * 7 / 8;  // before an UPDATE's transaction gives up
  if (const auto asked = far.offer(sip::Method::invite, *onward); !asked) {
    finishOffer();
    media_.withdrawOffer(side);
    leg.reject(491);
  }
}

void Bridge::finishOffer() {
  reoffering_ = nullptr;
  reoffer_by_.reset();
}

// Whoever asked gives up, or has waited long enough: the session stays as it was. Should the other side agree
// all the same, it is told to go back.
void Bridge::abandonOffer(int status) {
  auto& asking = *reoffering_;
  finishOffer();
  withdrawn_ = true;
  media_.withdrawOffer(sideOf(asking));
  other(asking).withdrawOffer();
  asking.reject(status);
}

void Bridge::answerOffer(Leg& from, std::string_view sdp) {
  auto& asking = *reoffering_;
  finishOffer();
  if (const auto read = media_.readAnswer(sideOf(from), sdp, context_.now, context_.wall); !read) {
    asking.reject(488);
    return refuseMedia(from, read.error());
  }
  auto answer = media_.answerTo(sideOf(asking), context_.now, context_.wall);
  if (!answer) return refuseMedia(asking, answer.error());
  asking.answer(*answer);
}

void Bridge::onOfferWanted(Leg& leg) {
  if (state_ != State::answered || reoffering_ != nullptr || !media_.isAgreed()) return leg.reject(491);
  leg.answerWithOffer(media_.currentOffer(sideOf(leg)));
}

void Bridge::onRefreshDue(Leg& leg) {
  if (state_ == State::answered) leg.refreshWith(media_.currentOffer(sideOf(leg)));
}

void Bridge::onLocalAnswer(Leg& leg, std::string_view sdp) {
  if (state_ != State::answered) return;
  if (const auto read = media_.readAnswer(sideOf(leg), sdp, context_.now, context_.wall); !read)
    refuseMedia(leg, read.error());
}

// --- the end ---------------------------------------------------------------------------------------------------

void Bridge::onCancel(Leg& leg) {
  if (state_ == State::setup) return end({"call.cancelled", "", "caller", 487});
  if (reoffering_ == &leg) return abandonOffer(487);
  leg.reject(487);
}

void Bridge::onBye(Leg& leg, std::string_view reason) {
  const int status = state_ == State::setup && leg.role() == LegRole::caller ? 487 : 0;
  end({"call.bye", std::string{reason}, nameOf(leg), status});
}

void Bridge::onLost(Leg& leg, const Error& error) { end({error.code, error.detail, nameOf(leg), 0}); }

void Bridge::end(EndCause cause) {
  if (state_ == State::over) return;
  const bool was_answered = state_ == State::answered;
  state_ = State::over;
  answer_by_.reset();
  finishOffer();
  cause_ = std::move(cause);
  if (was_answered && cause_.status >= 300) cause_.status = 488 == cause_.status ? 488 : 0;
  if (!was_answered && cause_.status < 300 && caller_->hasPendingRequest()) cause_.status = 480;
  media_.close(context_.wall);
  finishRecord();
  plan_.permits = {};
  caller_->end(cause_);
  callee_->end(cause_);
  events_.onCallEnded(*this);
}

bool Bridge::isFinished() const { return state_ == State::over && caller_->isFinished() && callee_->isFinished(); }

void Bridge::watch() {
  if (state_ != State::answered) return;
  const auto limit = plan_.policy->config->media.timeout;
  if (const auto silent = media_.silence(context_.now, limit)) {
    end({"media.timeout", *silent, "edge", 0});
  }
}

std::optional<TimePoint> Bridge::deadline() const {
  auto first = answer_by_ ? answer_by_ : reoffer_by_;
  for (const auto* leg : {caller_.get(), callee_.get()}) {
    const auto at = leg->deadline();
    if (at && (!first || *at < *first)) first = at;
  }
  return first;
}

void Bridge::advance() {
  if (answer_by_ && context_.now >= *answer_by_)
    return end({"call.invite_timeout", "nobody answered in time", "edge", 408});
  if (reoffer_by_ && context_.now >= *reoffer_by_) abandonOffer(504);
  caller_->advance();
  callee_->advance();
}

// --- evidence ------------------------------------------------------------------------------------------------------

void Bridge::proveLeg(const Leg& leg) {
  auto& proof = plan_.record.legs[leg.role() == LegRole::caller ? 0 : 1];
  if (!proof.remote_endpoint.empty()) return;
  const auto facts = context_.flows.facts(leg.flow());
  if (!facts) return;
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
  proof.tls_version = facts->tls_version;
  proof.tls_suite = facts->tls_suite;
  proof.local_endpoint = facts->local.toString();
  proof.remote_endpoint = facts->remote.toString();
}

telemetry::CallRecord Bridge::record() const {
  auto record = plan_.record;
  record.legs[1].sip_call_id = callee_->callId();
  if (record.legs[1].peer.empty()) record.legs[1].peer = callee_->peer().name;
  if (state_ != State::over) media_.describe(record);
  return record;
}

void Bridge::finishRecord() {
  auto& record = plan_.record;
  record.legs[1].sip_call_id = callee_->callId();
  if (record.legs[1].peer.empty()) record.legs[1].peer = callee_->peer().name;
  media_.describe(record);
  record.ended = context_.wall;
  record.end.code = cause_.code;
  record.end.text = cause_.detail;
  record.end.by = cause_.by;
  record.end.sip_status = record.answered ? 200 : static_cast<unsigned>(cause_.status);
}

}  // namespace sallyport::call
