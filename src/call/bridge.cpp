// SPDX-License-Identifier: Apache-2.0
#include "call/bridge.h"

#include <utility>

#include "call/earliest.h"
#include "call/own_names.h"
#include "call/status_map.h"

namespace sallyport::call {
Bridge::Bridge(LegContext& context, MediaPortFactory& ports, CallEvents& events, telemetry::EventSink& log,
               CallPlan plan)
    : context_(context),
      events_(events),
      log_(log),
      plan_(std::move(plan)),
      media_(ports,
             {this, plan_.policy->config->media.handshake_timeout, plan_.policy->config->media.transcoded_calls}),
      caller_(std::make_unique<Leg>(context, static_cast<LegEvents&>(*this), plan_.id, LegRole::caller, plan_.policy,
                                    Target{.peer = plan_.caller})) {}

Bridge::~Bridge() = default;

void Bridge::start(sip::ServerTransactionId id, sip::FlowId flow, sip::Message invite) {
  plan_.record.legs[0].sip_call_id = invite.callId();
  const std::string offer{invite.body()};
  if (const auto taken = caller_->take(id, flow, std::move(invite)); !taken) {
    return end({taken.error().code, taken.error().detail, "caller", statusTowardsPeer(taken.error())});
  }
  proveLeg(*caller_);
  answer_by_ = context_.now + plan_.policy->config->sip.invite_timeout;

  const auto opened = media_.open(media::Side::a, *plan_.caller, placeOf(*plan_.caller, flow), context_.wall);
  if (!opened) return end({opened.error().code, opened.error().detail, "edge", statusTowardsPeer(opened.error())});
  late_offer_ = offer.empty();
  if (!late_offer_) {
    if (const auto read = media_.readOffer(media::Side::a, offer); !read) return refuseMedia(*caller_, read.error());
  }
  auto parts = searchParts(late_offer_ ? CalleeSearch::Offer::opening : CalleeSearch::Offer::onward);
  search_ = std::make_unique<CalleeSearch>(std::move(parts), plan_.targets);
  search_->start();
}

IpAddress::Family Bridge::familyOf(const Leg& leg) const {
  const auto facts = context_.flows.facts(leg.flow());
  return facts ? facts->remote.address.family() : IpAddress::Family::v4;
}

MediaPlace Bridge::placeOf(const PeerPolicy& peer, sip::FlowId flow) const {
  const auto facts = context_.flows.facts(flow);
  return mediaPlaceOf(*plan_.policy->config, peer, facts.get(), IpAddress::Family::v4);
}

CalleeSearch::Parts Bridge::searchParts(CalleeSearch::Offer offer) {
  return {context_, media_, leaving_, log_, *this, plan_.id, plan_.policy, LegRole::callee, familyOf(*caller_), offer};
}

InvitePlan Bridge::inviteTo(const Target& target) const {
  InvitePlan plan;
  plan.request_uri = target.request_uri;
  plan.to_uri = target.to_uri;
  plan.from_uri = target.from_uri;
  plan.from_display = target.from_display;
  plan.asserted_identity = target.asserted_identity;
  plan.privacy = target.privacy;
  plan.route = target.route;
  plan.max_forwards = plan_.max_forwards;
  plan.carried = target.carried;
  if (transfer_) plan.carried.emplace_back("Referred-By", "<" + transfer_->referred_by + ">");
  return plan;
}

// An offer or answer that policy or the RFCs refuse: said with its reason, and the call ends (488).
void Bridge::refuseMedia(const Leg& leg, const Error& error) {
  log_.event(telemetry::Severity::warning, "call.media_refused",
             {{"call", plan_.id},
              {"leg", nameOf(leg.role())},
              {"peer", leg.peer().name},
              {"reason", error.code},
              {"detail", error.detail}});
  end({error.code, error.detail, nameOf(leg.role()), statusTowardsPeer(error)});
}

// --- somebody rings, answers, or nobody does ----------------------------------------------------------------

void Bridge::onRinging(const Leg& leg, int status) {
  if (transfer_) {
    if (auto& transferor = at(transfer_->place)) transferor->notifyRefer(status);
    return;
  }
  proveLeg(leg);
  caller_->progress(status, {}, Leg::Commitment::tentative);
}

void Bridge::onEarlyMedia(const Leg& leg, int status) {
  proveLeg(leg);
  auto answer = media_.answerTo(media::Side::a, context_.now, context_.wall);
  if (!answer) return refuseMedia(*caller_, answer.error());
  const auto commitment = search_->isLast(leg) ? Leg::Commitment::binding : Leg::Commitment::tentative;
  caller_->progress(status == 180 ? 180 : 183, *answer, commitment);
}

void Bridge::onAttemptOver(const Target& target, const std::string& sip_call_id, telemetry::CallAttempt attempt) {
  if (state_ == State::setup && !sip_call_id.empty()) {
    auto& proof = plan_.record.legs[1];
    proof.sip_call_id = sip_call_id;
    if (proof.remote_endpoint.empty()) proof.peer = target.peer->name;
  }
  plan_.record.attempts.push_back(std::move(attempt));
}

// Whoever the call goes on behalf of: its caller, or who has transferred it.
Result<guard::CallPermits> Bridge::admit(const Target& target) {
  if (context_.router == nullptr) return guard::CallPermits{};
  if (transfer_)
    return context_.router->admit({*transfer_->by_peer, transfer_->by_identity, transfer_->by_flow}, target.peer->name);
  return context_.router->admit({caller_->peer(), caller_->identity(), caller_->flow()}, target.peer->name);
}

Result<std::vector<TargetGroup>> Bridge::redirect(const PeerPolicy& by, std::string_view contact) {
  const auto* invite = caller_->pendingRequest();
  if (context_.router == nullptr || invite == nullptr) return Error{ErrorKind::peerDenied, "call.redirect.denied", ""};
  // A peer that names itself means one of its users, or a number: our routes say where those are.
  SP_ASSIGN(const auto uri, sip::Uri::parse(contact));
  if (!uri.isSip() && !uri.isSips())
    return Error{ErrorKind::peerDenied, "call.redirect.scheme", std::string{uri.scheme}};
  const bool itself =
      sip::equalsIgnoringCase(uri.host, by.uri_host) || (by.address && uri.host == hostText(by.address->address));
  const auto user = uri.user.empty() ? std::string{} : std::string{uri.user} + "@";
  const auto host = itself ? plan_.policy->domain() : std::string{uri.host};
  const std::string asked = (uri.isSips() ? "sips:" : "sip:") + user + host;
  SP_ASSIGN(auto route,
            context_.router->onward({caller_->peer(), caller_->identity(), caller_->flow(), invite}, asked));
  plan_.record.guard.push_back({"redirect", "admit", by.name + " to " + asked + ": " + route.rule});
  joined_permits_.push_back(std::move(route.permits));
  return std::move(route.targets.groups);
}

void Bridge::onNobody(EndCause cause) {
  if (transfer_) return failTransfer(cause.status, cause.code);
  end(std::move(cause));
}

void Bridge::onFound(std::unique_ptr<Leg> leg, MediaSession::Branch branch) {
  if (transfer_) {
    transfer_->joining = std::move(leg);
    transfer_->joining->tell(*this);
    transfer_->branch = branch;
    return askRemaining();
  }
  callee_ = std::move(leg);
  callee_->tell(*this);
  proveLeg(*callee_);
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
    realign_ = caller_->isDescribed() && !caller_->isDescribedAs(*body);
    caller_->answer(*body);
  }
  events_.onCallAnswered(*this);
}

// --- the end ---------------------------------------------------------------------------------------------------

void Bridge::onCancel(Leg& leg) {
  if (isJoining(leg)) return failTransfer(487, "call.cancelled");
  if (!leg.isConfirmed()) return end({"call.cancelled", "", "caller", 487});
  if (reoffering_ == &leg) return abandonOffer(487);
  leg.reject(487);
}

void Bridge::onBye(Leg& leg, std::string_view reason) {
  const int status = state_ == State::setup && leg.role() == LegRole::caller ? 487 : 0;
  if (isJoining(leg)) return failTransfer(480, "call.bye");
  if (transfer_ && at(transfer_->place).get() == &leg) return onTransferorGone(leg);
  end({"call.bye", std::string{reason}, nameOf(leg.role()), status});
}

void Bridge::onLost(Leg& leg, const Error& error) {
  if (isJoining(leg)) return failTransfer(480, error.code);
  if (transfer_ && at(transfer_->place).get() == &leg) return onTransferorGone(leg);
  end({error.code, error.detail, nameOf(leg.role()),
       leg.isConfirmed() || !leg.hasPendingRequest() ? 0 : statusTowardsPeer(error)});
}

void Bridge::end(EndCause cause) {
  if (state_ == State::over) return;
  // Answered is what the caller has been told: our 2xx may still wait for a PRACK.
  const bool unanswered = caller_ && caller_->hasPendingRequest() && !caller_->isConfirmed();
  if (unanswered) plan_.record.answered.reset();
  const bool was_answered = state_ == State::answered && !unanswered;
  state_ = State::over;
  answer_by_.reset();
  finishOffer();
  cause_ = std::move(cause);
  if (was_answered && cause_.status >= 300) cause_.status = 488 == cause_.status ? 488 : 0;
  if (unanswered && cause_.status < 300) cause_.status = 480;
  tellZrtp();
  media_.close(context_.wall);
  finishRecord();
  plan_.permits = {};
  joined_permits_.clear();
  if (search_) search_->abandon(cause_);
  if (auto transfer = takeTransfer()) {
    if (transfer->search) transfer->search->abandon(cause_);
    if (transfer->joining) {
      transfer->joining->end(cause_);
      leaving_.add(std::move(transfer->joining));
    }
    past_transfers_.push_back(std::move(transfer));
  }
  for (auto* leg : {&caller_, &callee_}) {
    if (!*leg) continue;
    (*leg)->end(cause_);
    leaving_.add(std::move(*leg));
  }
  events_.onCallEnded(*this);
}

void Bridge::tidy() {
  leaving_.tidy();
  past_transfers_.clear();
}

std::vector<std::string_view> Bridge::peers() const {
  std::vector<std::string_view> names;
  for (const auto* leg : {caller_.get(), callee_.get(), transfer_ ? transfer_->joining.get() : nullptr}) {
    if (leg != nullptr) names.push_back(leg->peer().name);
  }
  if (search_) search_->peers(names);
  if (transfer_ && transfer_->search) transfer_->search->peers(names);
  return names;
}

// Which keys protect a leg from now on, and who has proven to hold them.
void Bridge::tellKeys() {
  for (const auto& keyed : media_.takeKeyed()) {
    const auto* leg = keyed.side == media::Side::a ? caller_.get() : callee_.get();
    log_.event(telemetry::Severity::info, "media.keys_agreed",
               {{"call", id()},
                {"leg", nameOf(keyed.side == media::Side::a ? LegRole::caller : LegRole::callee)},
                {"peer", leg == nullptr ? std::string{} : leg->peer().name},
                {"keying", keyed.keying},
                {"suite", crypto::factsOf(keyed.suite).name},
                {"fingerprint", keyed.fingerprint}});
  }
}

// The guard's words on keys that the two ends agree between themselves (RFC 6189).
void Bridge::tellZrtp() {
  for (const auto& event : media_.takeZrtpEvents()) {
    using media::zrtp::EventKind;
    const bool agreed = event.kind == EventKind::agreed;
    log_.event(agreed ? telemetry::Severity::info : telemetry::Severity::warning, event.code,
               {{"call", id()}, {"from", event.from == media::Side::a ? "caller" : "callee"}, {"error", event.error}});
  }
}

void Bridge::watch() {
  tellKeys();
  tellZrtp();
  if (state_ != State::answered || transfer_) return;
  const auto limit = plan_.policy->config->media.timeout;
  if (const auto silent = media_.silence(context_.now, limit)) {
    end({"media.timeout", *silent, "edge", 0});
  }
}

std::optional<TimePoint> Bridge::deadline() const {
  auto first = earliest(earliest(answer_by_, reoffer_by_), leaving_.deadline());
  for (const auto* leg : {caller_.get(), callee_.get()}) {
    if (leg != nullptr) first = earliest(first, leg->deadline());
  }
  if (search_) first = earliest(first, search_->deadline());
  if (transfer_) {
    first = earliest(first, transfer_->give_up);
    if (transfer_->search) first = earliest(first, transfer_->search->deadline());
    if (transfer_->joining) first = earliest(first, transfer_->joining->deadline());
  }
  return earliest(first, media_.deadline());
}

void Bridge::advance() {
  if (answer_by_ && context_.now >= *answer_by_) end({"call.invite_timeout", "nobody answered in time", "edge", 408});
  if (reoffer_by_ && context_.now >= *reoffer_by_) abandonOffer(504);
  media_.advance(context_.now);
  if (const auto failed = media_.failure(context_.now)) {
    const auto role = failed->side == media::Side::a ? LegRole::caller : LegRole::callee;
    end({failed->error.code, failed->error.detail, nameOf(role), 0});
  }
  if (search_) search_->advance();
  if (transfer_ && transfer_->give_up && context_.now >= *transfer_->give_up) failTransfer(408, "call.invite_timeout");
  if (transfer_ && transfer_->search) transfer_->search->advance();
  if (transfer_ && transfer_->joining) transfer_->joining->advance();
  if (caller_) caller_->advance();
  if (callee_) callee_->advance();
  leaving_.advance();  // last: one that has just been sent away may have something due as well
}

}  // namespace sallyport::call
