// SPDX-License-Identifier: Apache-2.0
// Transfers: what a REFER of either party leads to (RFC 3515, RFC 5589), and an INVITE with Replaces (RFC 3891).
#include <utility>

#include "call/bridge.h"
#include "call/status_map.h"

namespace sallyport::call {
namespace {

Error foreign(const Replaces& replaces) {
  return {ErrorKind::peerDenied, "call.replaces.foreign", replaces.call_id.substr(0, 120)};
}

}  // namespace

void Bridge::onRefer(Leg& leg, const Refer& refer) {
  auto started = isSettled() && !isJoining(leg) && other(leg) != nullptr
                     ? startTransfer(leg, refer)
                     : Status{Error{ErrorKind::overloaded, "call.refer.pending", ""}};
  log_.event(started ? telemetry::Severity::info : telemetry::Severity::warning,
             started ? "call.transfer.started" : "call.transfer.refused",
             {{"call", plan_.id},
              {"by", leg.identity()},
              {"to", refer.uri},
              {"reason", started ? "" : started.error().code},
              {"detail", started ? "" : started.error().detail}});
  if (!started) return leg.rejectRefer(started.error());
  leg.acceptRefer();
  // A search may fail at once, a party may not be reached: the transferor hears of that after its 202.
  if (transfer_->search) return transfer_->search->start();
  const auto offer = media_.joiningOffer(transfer_->branch);
  const auto asked = offer ? transfer_->joining->offer(sip::Method::invite, *offer) : Status{offer.error()};
  if (!asked) failTransfer(500, asked.error().code);
}

Status Bridge::startTransfer(Leg& leg, const Refer& refer) {
  if (refer.replaces) return joinOtherCall(leg, refer);
  if (context_.router == nullptr) return Error{ErrorKind::peerDenied, "call.refer.denied", "nobody decides"};
  SP_ASSIGN(auto route, context_.router->onward({leg.peer(), leg.identity(), leg.flow()}, refer.uri));
  plan_.record.guard.push_back({"transfer", "admit", leg.identity() + " to " + refer.uri + ": " + route.rule});
  transfer_ = std::make_unique<Transfer>();
  transfer_->place = leg.role();
  transfer_->target = refer.uri;
  transfer_->referred_by = std::move(route.principal);
  transfer_->by_peer = &leg.peer();
  transfer_->by_identity = leg.identity();
  transfer_->by_flow = leg.flow();
  transfer_->permits = std::move(route.permits);
  transfer_->give_up = context_.now + plan_.policy->config->sip.invite_timeout;
  auto parts = searchParts(CalleeSearch::Offer::joining);
  parts.role = leg.role();
  transfer_->search = std::make_unique<CalleeSearch>(std::move(parts), std::move(route.targets));
  return success();
}

// The party at the other end of another call of the transferor's (RFC 3891): nobody may take a dialog apart but who
// is in it.
Status Bridge::joinOtherCall(Leg& leg, const Refer& refer) {
  const auto& replaces = *refer.replaces;
  Leg* named = context_.index.legOf(replaces.to_tag);
  const bool theirs = named != nullptr && named->isConfirmed() && named->callId() == replaces.call_id &&
                      named->remoteTag() == replaces.from_tag && named->identity() == leg.identity() &&
                      named->call() != plan_.id && replaces.scope == Replaces::Scope::any;
  if (!theirs) return foreign(replaces);
  auto taken = named->surrenderOther();
  if (!taken) return Error{ErrorKind::overloaded, "call.refer.pending", "the other call is busy"};
  taken->leg->moveTo(plan_.id, leg.role(), *this);
  const auto branch =
      media_.open(sideOf(leg), taken->leg->peer(), placeOf(taken->leg->peer(), taken->leg->flow()), context_.wall);
  if (!branch) {
    taken->leg->end({branch.error().code, "", "edge", 0});
    leaving_.add(std::move(taken->leg));
    return branch.error();
  }
  media_.resume(*branch, std::move(taken->thread));
  transfer_ = std::make_unique<Transfer>();
  transfer_->place = leg.role();
  transfer_->target = refer.uri;
  transfer_->branch = *branch;
  transfer_->joining = std::move(taken->leg);
  transfer_->give_up = context_.now + plan_.policy->timers.timeout();
  plan_.record.guard.push_back({"transfer", "admit", leg.identity() + " joins its calls"});
  return success();
}

// Our other side goes to another call, this one ends.
std::optional<Surrendered> Bridge::onSurrender(Leg& leg) {
  auto& far = at(oppositeOf(leg.role()));
  if (!isSettled() || isJoining(leg) || !far || !far->isConfirmed()) return std::nullopt;
  Surrendered given{std::move(far), media_.threadOf(media::opposite(sideOf(leg)))};
  end({"call.transferred", "joined with another call", nameOf(leg.role()), 0});
  return given;
}

// --- a party comes by itself ---------------------------------------------------------------------------------

Status Bridge::replace(const Leg& replaced, Newcomer& newcomer) {
  const auto* peer = plan_.policy->peer(replaced.peer().name);
  const auto place = replaced.role();
  const bool free = isSettled() && at(place).get() == &replaced && other(replaced) != nullptr;
  if (!free || peer == nullptr) return Error{ErrorKind::overloaded, "call.refer.pending", "the call is busy"};
  const auto facts = context_.flows.facts(newcomer.flow);
  if (facts && facts->transport == Transport::wss) peer = &peer->overWebSocket();
  SP_ASSIGN(const auto branch, media_.open(sideOf(replaced), *peer, placeOf(*peer, newcomer.flow), context_.wall));
  transfer_ = std::make_unique<Transfer>();
  transfer_->code = "call.replaced";
  transfer_->place = place;
  transfer_->target = replaced.identity();
  transfer_->permits = std::move(newcomer.permits);
  transfer_->branch = branch;
  transfer_->give_up = context_.now + plan_.policy->timers.timeout();
  transfer_->joining = std::make_unique<Leg>(context_, static_cast<LegEvents&>(*this), plan_.id, place, plan_.policy,
                                             Target{.peer = peer, .label = peer->name});
  plan_.record.guard.push_back({"replaces", "admit", replaced.identity() + " takes over its dialog"});
  auto& joining = *transfer_->joining;
  const std::string sdp{newcomer.invite.body()};
  auto joined = joining.take(newcomer.id, newcomer.flow, std::move(newcomer.invite));
  if (joined) joined = join(joining, sdp);
  if (!joined) failTransfer(statusTowardsPeer(joined.error()), joined.error().code);
  return success();
}

Status Bridge::join(Leg& newcomer, std::string_view sdp) {
  if (sdp.empty()) {
    SP_ASSIGN(const auto offer, media_.joiningOffer(transfer_->branch));
    newcomer.answerWithOffer(offer);
    return success();
  }
  SP_TRY(media_.readJoiningOffer(transfer_->branch, sdp));
  askRemaining();
  return success();
}

// One that has come by itself has offered, and hears now what became of that.
Status Bridge::answerJoining() {
  auto& joining = *transfer_->joining;
  if (!joining.hasPendingRequest() || joining.isConfirmed()) return success();
  SP_ASSIGN(const auto answer, media_.answerTo(sideOf(joining), context_.now, context_.wall));
  joining.answer(answer);
  return success();
}

// --- the new party is there: does the one that remains agree? -------------------------------------------------

void Bridge::onJoiningAnswer(std::string_view sdp) {
  if (transfer_->step != Transfer::Step::calling) return;
  const auto read = media_.readJoiningAnswer(transfer_->branch, sdp, context_.now, context_.wall);
  if (!read) return failTransfer(488, read.error().code);
  askRemaining();
}

void Bridge::askRemaining() {
  transfer_->step = Transfer::Step::agreeing;
  auto& remaining = at(oppositeOf(transfer_->place));
  const auto offer = media_.offerTo(sideOf(*remaining), transfer_->branch);
  if (!offer) return failTransfer(488, offer.error().code);
  const auto asked = remaining->offer(sip::Method::invite, *offer);
  if (!asked) failTransfer(500, asked.error().code);
}

void Bridge::completeTransfer(Leg& remaining, std::string_view sdp) {
  const auto side = media::opposite(sideOf(remaining));
  const auto before = media_.chosen(side);
  media_.choose(transfer_->branch);
  if (const auto read = media_.readAnswer(sideOf(remaining), sdp, context_.now, context_.wall); !read) {
    media_.choose(before);
    return refuseMedia(remaining, read.error());
  }
  if (const auto answered = answerJoining(); !answered) return refuseMedia(*transfer_->joining, answered.error());
  auto done = takeTransfer();
  auto& place = at(done->place);
  if (place) {
    place->notifyRefer(200);
    // Asterisk takes a BYE that comes along with the NOTIFY for a transfer that failed.
    place->end({std::string{done->code}, done->target, nameOf(done->place), 0}, Leg::Goodbye::onceNotified);
    leaving_.add(std::move(place));
  }
  place = std::move(done->joining);
  joined_permits_.push_back(std::move(done->permits));
  media_.drop(before, context_.wall);
  media_.expectMedia(context_.now);
  proveLeg(*place);
  log_.event(telemetry::Severity::info, done->code,
             {{"call", plan_.id}, {"to", done->target}, {"peer", place->peer().name}, {"identity", place->identity()}});
  past_transfers_.push_back(std::move(done));
}

// --- or nothing comes of it: the call stands as before ----------------------------------------------------------

void Bridge::failTransfer(int status, std::string_view code) {
  auto failed = takeTransfer();
  log_.event(telemetry::Severity::notice, "call.transfer.failed",
             {{"call", plan_.id}, {"to", failed->target}, {"reason", code}, {"status", status}});
  // One that has called us is answered; one that we have called is told nothing of the reason.
  const bool asks = failed->joining && failed->joining->hasPendingRequest() && !failed->joining->isConfirmed();
  const EndCause cause{std::string{code}, "", "edge", asks ? status : 0};
  auto& remaining = at(oppositeOf(failed->place));
  if (failed->step == Transfer::Step::agreeing && remaining && remaining->withdrawOffer()) withdrawn_ = true;
  if (failed->search) failed->search->abandon(cause);
  if (failed->joining) {
    failed->joining->end(cause);
    leaving_.add(std::move(failed->joining));
    media_.drop(failed->branch, context_.wall);
  }
  auto& place = at(failed->place);
  past_transfers_.push_back(std::move(failed));
  if (place) return place->notifyRefer(status < 300 ? 500 : status);
  end({"call.transfer.failed", std::string{code}, "edge", 0});  // nobody is left on that side
}

// The transferor hangs up without waiting for the outcome, as many phones do.
void Bridge::onTransferorGone(Leg& leg) {
  auto& place = at(leg.role());
  place->end({"call.bye", "", nameOf(leg.role()), 0});
  leaving_.add(std::move(place));
}

std::unique_ptr<Transfer> Bridge::takeTransfer() { return std::exchange(transfer_, nullptr); }

}  // namespace sallyport::call
