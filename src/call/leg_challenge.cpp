// SPDX-License-Identifier: Apache-2.0
// A leg as a client that is asked who it is (RFC 3261 22.2, RFC 7616): for the realm configured for its peer, and
// nobody else's. A challenge stays on its leg: what can not be answered ends the request there.
#include "call/leg.h"

namespace sallyport::call {

bool Leg::isStillWanted(const OwnRequest& own) const {
  switch (own.purpose) {
    case Purpose::initial: return !cancel_wanted_;
    case Purpose::bye: return true;
    case Purpose::offer:
    case Purpose::refresh:
    case Purpose::aside: return !ended_ && !own.cancel_wanted;
  }
  return false;
}

void Leg::onChallenge(OwnRequest own, const sip::Message& challenge) {
  const bool initial = own.purpose == Purpose::initial;
  auto* dialog = initial ? nullptr : dialogWith(challenge.toTag());
  const auto uri = initial ? plan_.request_uri : dialog != nullptr ? dialog->requestUri() : std::string{};
  Result<Authorization> proof{Error{ErrorKind::peerMisbehaved, "call.challenge.no_credentials", peer().name}};
  if (context_.challenges != nullptr) {
    proof = context_.challenges->answer({peer().name, sip::toString(own.method), uri}, challenge, own.attempts);
  }
  const bool wanted = isStillWanted(own) && (initial || dialog != nullptr);
  if (proof && wanted) {
    challenged_ = true;
    if (initial) {
      startOver();
      attempts_ = own.attempts;
      invite_proof_ = *std::move(proof);
      return sendInitialInvite(flow_);
    }
    (void)dialog->onResponse(challenge);
    own.cancelled = own.provisional = false;
    return sendInDialog(*dialog, std::move(own), *std::move(proof));
  }
  if (!proof && context_.log != nullptr) {
    context_.log->event(telemetry::Severity::warning, "trunk.challenge_refused",
                        {{"call", call_},
                         {"peer", peer().name},
                         {"method", sip::toString(own.method)},
                         {"status", challenge.status()},
                         {"reason", proof.error().code},
                         {"detail", proof.error().detail}});
  }
  if (initial && !proof) return failOwn(own, {503, std::move(proof).error()});
  if (initial) return onInitialResponse(challenge);
  if (own.purpose == Purpose::offer || own.purpose == Purpose::refresh) onOfferResponse(own, challenge);
  if (own.purpose == Purpose::aside) onAsideOver(own);
}

// Sent along before it is asked for, to a peer that has asked before.
std::optional<Authorization> Leg::standingProof(std::string_view method, std::string_view uri) {
  if (!challenged_ || context_.challenges == nullptr) return std::nullopt;
  return context_.challenges->authorize({peer().name, method, uri});
}

}  // namespace sallyport::call
