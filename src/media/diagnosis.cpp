// SPDX-License-Identifier: Apache-2.0
#include "media/diagnosis.h"

namespace sallyport::media {
namespace {

std::string sentence(AudioFault fault, Side from, const SideFacts& sender) {
  const std::string who{toString(from)};
  const std::string other{toString(opposite(from))};
  const auto place = sender.negotiated.toString();
  const auto actual = sender.unverified_from ? sender.unverified_from->toString() : place;
  switch (fault) {
    case AudioFault::neverAgreed: return "media was never agreed with " + who + " or " + other;
    case AudioFault::nothingArrives:
      return who + " sends nothing: not one datagram came, from " + place + " or anywhere else";
    case AudioFault::onlyRtcpArrives:
      return who + " is there and sends RTCP but no audio: it is muted or its source is broken";
    case AudioFault::keyMismatch:
      return who + "'s packets come from " + actual + " as its SDP said, but their tags fail: the keys differ";
    case AudioFault::wrongSource:
      return "packets come from " + actual + " but " + who + "'s SDP said " + place + ", and none verified";
    case AudioFault::notSealed:
      return who +
             "'s audio is not sealed by ZRTP: the two ends have agreed no keys, or it comes in clear all the same";
    case AudioFault::otherProtocol:
      return "what comes from " + actual + " is neither RTP nor RTCP: " + who + " may want ICE or DTLS";
    case AudioFault::onHold: return who + " sends audio although it agreed not to";
    case AudioFault::farSideClosed:
      return who + "'s audio is authentic, but " + other + " does not take it: hold, or no address to send to";
    case AudioFault::payloadRefused: return who + "'s audio is authentic, but of a payload type nobody agreed";
    case AudioFault::numbersRefused: break;
  }
  return who + "'s audio is authentic, but its numbering is refused: replays, jumps or too many sources";
}

// Authentic packets came and none went on.
AudioFault whyNotForwarded(const DropCounters& drops) {
  const auto closed =
      drops.of(DropReason::directionClosed) + drops.of(DropReason::noDestination) + drops.of(DropReason::notReady);
  const auto refused = drops.of(DropReason::payloadTypeRefused) + drops.of(DropReason::badPadding);
  if (closed > 0 && closed >= refused) return AudioFault::farSideClosed;
  return refused > 0 ? AudioFault::payloadRefused : AudioFault::numbersRefused;
}

AudioFault whyNotVerified(const SideFacts& sender) {
  const auto& drops = sender.drops;
  const auto unverified =
      drops.of(DropReason::badTag) + drops.of(DropReason::sourceThrottled) + drops.of(DropReason::foreignSource);
  if (drops.of(DropReason::beforeAgreement) + drops.of(DropReason::inClear) > 0) return AudioFault::notSealed;
  if (sender.verified_rtcp > 0 && unverified == 0) return AudioFault::onlyRtcpArrives;
  if (unverified > 0) {
    const bool expected_source = !sender.unverified_from || *sender.unverified_from == sender.negotiated;
    return expected_source ? AudioFault::keyMismatch : AudioFault::wrongSource;
  }
  return AudioFault::otherProtocol;
}

AudioFault faultOf(const SideFacts& sender, const SideFacts& listener) {
  if (!sender.agreed || !listener.agreed) return AudioFault::neverAgreed;
  if (!sender.should_send) return AudioFault::onHold;
  if (sender.datagrams == 0) return AudioFault::nothingArrives;
  return sender.verified > 0 ? whyNotForwarded(sender.drops) : whyNotVerified(sender);
}

}  // namespace

std::string_view toString(AudioFault fault) {
  switch (fault) {
    case AudioFault::neverAgreed: return "never_agreed";
    case AudioFault::nothingArrives: return "nothing_arrives";
    case AudioFault::onlyRtcpArrives: return "only_rtcp_arrives";
    case AudioFault::keyMismatch: return "key_mismatch";
    case AudioFault::wrongSource: return "wrong_source";
    case AudioFault::notSealed: return "not_sealed";
    case AudioFault::otherProtocol: return "other_protocol";
    case AudioFault::onHold: return "on_hold";
    case AudioFault::farSideClosed: return "far_side_closed";
    case AudioFault::payloadRefused: return "payload_refused";
    case AudioFault::numbersRefused: break;
  }
  return "numbers_refused";
}

std::optional<AudioFinding> findAudioFault(Side from, const SideFacts& sender, const SideFacts& listener) {
  if (sender.forwarded > 0) return std::nullopt;
  const bool agreed = sender.agreed && listener.agreed;
  const bool due = sender.should_send && listener.should_listen;
  // Silence that was agreed is no fault; audio against the agreement is worth a word.
  if (agreed && !due && sender.verified == 0) return std::nullopt;
  const auto fault = faultOf(sender, listener);
  return AudioFinding{from, fault, sentence(fault, from, sender)};
}

}  // namespace sallyport::media
