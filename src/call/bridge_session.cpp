// SPDX-License-Identifier: Apache-2.0
// A running call: re-INVITE and UPDATE from either side.
#include <utility>

#include "call/bridge.h"
#include "call/dtmf_info.h"
#include "call/extensions.h"
#include "call/status_map.h"
#include "sdp/trickle.h"

namespace sallyport::call {

void Bridge::onAnswer(Leg& leg, std::string_view sdp) {
  if (state_ != State::answered) return;
  if (isJoining(leg)) return onJoiningAnswer(sdp);
  if (isAgreeing(leg)) return completeTransfer(leg, sdp);
  if (reoffering_ != nullptr && reoffering_ != &leg) return answerOffer(leg, sdp);
  // It has agreed to what was withdrawn meanwhile, or to going back to how it was.
  if (const auto read = media_.readAnswer(sideOf(leg), sdp, context_.now, context_.wall); !read)
    return refuseMedia(leg, read.error());
  if (!std::exchange(withdrawn_, false)) return;
  if (const auto before = media_.offerTo(sideOf(leg))) (void)leg.offer(sip::Method::invite, *before);
}

void Bridge::onRejected(Leg& leg, const Rejection& why) {
  if (state_ != State::answered) return;
  if (isJoining(leg) || isAgreeing(leg)) return failTransfer(statusTowardsPeer(why.status), why.error.code);
  withdrawn_ = false;
  if (reoffering_ == nullptr || reoffering_ == &leg) return;
  auto& asking = *reoffering_;
  finishOffer();
  media_.withdrawOffer(sideOf(asking));
  asking.reject(why.status == 491 ? 491 : statusTowardsPeer(why.status));  // the session goes on as it was
}

void Bridge::onOffer(Leg& leg, std::string_view sdp) {
  if (state_ == State::over) return leg.reject(481);
  if (state_ == State::setup) {  // an early UPDATE or PRACK of the caller's
    const auto answer = media_.answerLocally(sideOf(leg), sdp, context_.now, context_.wall);
    if (!answer) return leg.reject(statusTowardsPeer(answer.error()));
    return leg.answer(*answer);
  }
  if (reoffering_ != nullptr || !media_.isAgreed() || isJoining(leg)) return leg.reject(491);
  const auto side = sideOf(leg);
  const auto read = media_.readOffer(side, sdp);
  if (!read) {
    log_.event(
        telemetry::Severity::warning, "call.media_refused",
        {{"call", plan_.id}, {"leg", nameOf(leg.role())}, {"peer", leg.peer().name}, {"reason", read.error().code}});
    return leg.reject(488);
  }
  // New keys, ports or addresses concern this hop only; what the far side must agree to is asked there.
  if (media_.offerIsLocal(side)) {
    auto answer = media_.answerTo(side, context_.now, context_.wall);
    if (answer) return leg.answer(*answer);
    media_.withdrawOffer(side);
    return leg.reject(488);
  }
  auto* far = other(leg);
  if (transfer_ || far == nullptr) {  // who would be asked is about to leave
    media_.withdrawOffer(side);
    return leg.reject(491);
  }
  auto onward = media_.offerTo(media::opposite(side));
  if (!onward) {
    media_.withdrawOffer(side);
    return leg.reject(488);
  }
  reoffering_ = &leg;
  reoffer_by_ = context_.now + plan_.policy->timers.timeout() * 7 / 8;  // before an UPDATE's transaction gives up
  if (const auto asked = far->offer(sip::Method::invite, *onward); !asked) {
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
  if (auto* asked = other(asking)) asked->withdrawOffer();
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

namespace {

bool isTrickled(std::string_view content_type) {
  return sip::equalsIgnoringCase(content_type.substr(0, content_type.find(';')), sdp::kTrickleContentType);
}

// Candidates of the peer that follow its description: a lite agent has no use for them, since the peer's checks say
// where it is. Read all the same, so that nonsense is told.
Status hearTrickled(std::string_view body) {
  if (const auto read = sdp::parseTrickleFragment(body); !read)
    return Error{ErrorKind::peerMisbehaved, "call.trickle.malformed", read.error().code};
  return success();
}

}  // namespace

// A key that was signalled instead of sent in the stream: it reaches the other side as that side wants it.
Status Bridge::onInfo(Leg& leg, std::string_view content_type, std::string_view body) {
  if (hearsTrickledCandidates(leg.peer()) && isTrickled(content_type)) return hearTrickled(body);
  SP_ASSIGN(const auto key, readKey(content_type, body));
  auto* far = other(leg);
  if (state_ == State::answered && far != nullptr && far->peer().dtmf == config::DtmfMode::info) {
    far->sendInfo(kDtmfRelay, writeKey(key));
    return success();
  }
  return media_.play(media::opposite(sideOf(leg)), key, context_.now);
}

// The caller was told reliably of media that a later answer has changed: it is told now.
void Bridge::onAcknowledged(Leg& leg) {
  if (state_ != State::answered || !std::exchange(realign_, false)) return;
  (void)leg.offer(sip::Method::update, media_.currentOffer(sideOf(leg)));
}

void Bridge::onOfferWanted(Leg& leg) {
  const bool settled = state_ == State::answered && reoffering_ == nullptr && media_.isAgreed();
  if (!settled || isJoining(leg)) return leg.reject(491);
  leg.answerWithOffer(media_.currentOffer(sideOf(leg)));
}

void Bridge::onRefreshDue(Leg& leg) {
  if (state_ == State::answered && !isJoining(leg)) leg.refreshWith(media_.currentOffer(sideOf(leg)));
}

void Bridge::onLocalAnswer(Leg& leg, std::string_view sdp) {
  if (state_ != State::answered) return;
  if (isJoining(leg)) return onJoiningAnswer(sdp);
  const bool before = media_.isAgreed();
  const auto direction = before ? media_.directionOf(sideOf(leg)) : sdp::Direction::sendrecv;
  if (const auto read = media_.readAnswer(sideOf(leg), sdp, context_.now, context_.wall); !read)
    return refuseMedia(leg, read.error());
  if (before && media_.directionOf(sideOf(leg)) != direction) passOnHold(leg);
}

// Hold that is said in an answer to us, as in the ACK of a re-INVITE without an offer: the other side hears of it.
void Bridge::passOnHold(Leg& leg) {
  auto* far = other(leg);
  if (far == nullptr || transfer_ || reoffering_ != nullptr) return;
  if (const auto onward = media_.offerTo(sideOf(*far))) (void)far->offer(sip::Method::invite, *onward);
}

}  // namespace sallyport::call
