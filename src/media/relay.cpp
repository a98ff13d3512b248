// SPDX-License-Identifier: Apache-2.0
#include "media/relay.h"

#include <algorithm>

#include "core/check.h"
#include "media/relay_side.h"
#include "media/rtcp.h"

namespace sallyport::media {
namespace {

constexpr std::uint8_t kMarkerBit = 0x80;

Verdict drop(DropReason reason) {
  Verdict verdict;
  verdict.reason = reason;
  return verdict;
}

Verdict sent(Channel channel, std::size_t length, const Endpoint& destination) {
  Verdict verdict;
  verdict.reason = DropReason::sent;
  verdict.channel = channel;
  verdict.length = static_cast<std::uint32_t>(length);
  verdict.destination = destination;
  return verdict;
}

Side sideOf(std::size_t index) { return index == 0 ? Side::a : Side::b; }

}  // namespace

Relay::Relay(RelayLimits limits) : sides_{std::make_unique<RelaySide>(limits), std::make_unique<RelaySide>(limits)} {}
Relay::~Relay() = default;

// Two directions under one key are two streams under one keystream as soon as their SSRCs meet; and a key
// that one side knows must not protect the other side's media.
Status Relay::configure(Side side, SideConfig config, TimePoint now) {
  const auto& far = at(opposite(side));
  const bool keyed = config.protection == MediaProtection::srtp && config.keys == KeyState::agreed;
  if (!keyed) return configureSide(side, std::move(config), now);
  if (config.send.key_and_salt == config.receive.key_and_salt) {
    return Error{ErrorKind::peerMisbehaved, "media.srtp.key_shared", "the peer sends with the key we gave it"};
  }
  if (far.uses(config.send.key_and_salt) || far.sendsWith(config.receive.key_and_salt)) {
    return Error{ErrorKind::peerMisbehaved, "media.srtp.key_shared", "one key on both sides of the call"};
  }
  return configureSide(side, std::move(config), now);
}

Status Relay::configureSide(Side side, SideConfig config, TimePoint now) {
  SP_TRY(at(side).configure(std::move(config), now));
  describeToGuard(side);
  const bool transcodes = sides_[0]->transcoder() != nullptr || sides_[1]->transcoder() != nullptr;
  for (const auto& each : sides_) {
    if (transcodes) {
      each->reporter().start(now);
    } else {
      each->reporter().stop();
    }
  }
  return success();
}

void Relay::describeToGuard(Side side) {
  if (at(Side::a).zrtp() == ZrtpUse::refused || at(Side::b).zrtp() == ZrtpUse::refused) {
    guard_.reset();
  } else if (guard_) {
    guard_->onDescription(side, at(side).zrtpHash());
  } else {
    guard_ = std::make_unique<zrtp::Guard>();
    for (const auto each : {Side::a, Side::b}) guard_->onDescription(each, at(each).zrtpHash());
  }
}

void Relay::follow(Side side, const std::optional<Endpoint>& ice_path) { at(side).follow(ice_path); }

std::optional<VerifiedAt> Relay::verifiedByIce(Side side) const { return at(side).verifiedByIce(); }

void Relay::countDrop(Side from, DropReason reason, const Endpoint& source) {
  auto& near = at(from);
  near.countDatagram();
  near.countDrop(reason, source);
}

Verdict Relay::onPacket(Side from, Channel channel, const Endpoint& source, MutableBytes buffer, std::size_t length,
                        TimePoint now) {
  SP_CHECK(length <= buffer.size());
  auto& near = at(from);
  near.countDatagram();
  auto verdict = judge(from, channel, source, buffer, length, now);
  if (!verdict.forward() && verdict.reason != DropReason::transcoded) near.countDrop(verdict.reason, source);
  verdict.to = opposite(from);
  return verdict;
}

Verdict Relay::judge(Side from, Channel channel, const Endpoint& source, MutableBytes buffer, std::size_t length,
                     TimePoint now) {
  auto& near = at(from);
  auto& far = at(opposite(from));
  if (!near.ready()) return drop(DropReason::notReady);

  // What it is, and whether it belongs on this port.
  const auto datagram = buffer.first(length);
  const auto kind = classify(datagram);
  if (kind == DatagramKind::zrtp && guard_) return judgeZrtp(from, channel, source, datagram, now);
  if (kind != DatagramKind::rtp && kind != DatagramKind::rtcp) return drop(DropReason::notMedia);
  const auto content = kind == DatagramKind::rtp ? Channel::rtp : Channel::rtcp;
  if (!near.arrivesWhereAgreed(channel, content)) return drop(DropReason::wrongChannel);
  if (const auto reason = guardedAgainst(from, content, source, datagram, now)) return drop(*reason);

  // Who it is from: by address whether to look at all, by tag and replay window whether to believe it (in clear, by
  // the address alone), and by both whether to listen there from now on.
  const auto outcome = near.examine(content, source, datagram, now);
  if (const auto* reason = std::get_if<DropReason>(&outcome)) return drop(*reason);
  const auto& packet = std::get<HeardPacket>(outcome);
  if (near.hear(packet, source, now) == SourceRule::Ruling::stale) return drop(DropReason::staleSource);

  if (const auto reason = notAgreedTo(from, packet, buffer, now)) return drop(*reason);
  const auto destination = far.destination(content);
  if (!destination) return drop(DropReason::noDestination);

  const auto sealed = far.protect(content, buffer, packet.bytes().size(), now);
  if (const auto* reason = std::get_if<DropReason>(&sealed)) return drop(*reason);
  near.countForwarded(content);
  return sent(far.portFor(content), std::get<std::size_t>(sealed), *destination);
}

// Whether the call has agreed to it. RTCP flows during hold (RFC 3264 8.4). What is sealed end to end keeps its header,
// which the tag covers, and nobody here can look further.
std::optional<DropReason> Relay::notAgreedTo(Side from, const HeardPacket& packet, MutableBytes buffer, TimePoint now) {
  const auto& near = at(from);
  auto& far = at(opposite(from));
  if (!far.ready()) return DropReason::notReady;
  if (packet.channel() == Channel::rtcp) {
    if (near.isTranscoding() || far.isTranscoding()) return takeReports(from, packet, now);
    if (near.isEndToEnd() || judgeRtcp(packet.bytes())) return std::nullopt;
    return DropReason::malformedRtcp;
  }
  if (!near.peerSends() || !far.peerListens()) return DropReason::directionClosed;
  if (near.transcodes(packet.header(), packet.bytes().size())) return transcode(from, packet, now);
  const auto payload_type = near.payloadTypeAcross(packet.header().payload_type);
  if (!payload_type) return DropReason::payloadTypeRefused;
  if (near.isEndToEnd()) {
    return *payload_type == packet.header().payload_type ? std::nullopt : std::optional{DropReason::payloadTypeRefused};
  }
  if (!payloadOf(packet.bytes(), packet.header())) return DropReason::badPadding;
  buffer[1] = static_cast<std::uint8_t>((buffer[1] & kMarkerBit) | *payload_type);
  if (!far.inserter().pass(packet.bytes(), packet.header(), now)) return DropReason::replacedByEvent;
  return std::nullopt;
}

// ZRTP travels beside RTP, on its port, from where RTP comes.
Verdict Relay::judgeZrtp(Side from, Channel channel, const Endpoint& source, Bytes datagram, TimePoint now) {
  if (channel != Channel::rtp) return drop(DropReason::wrongChannel);
  if (!at(from).isAt(channel, source)) return drop(DropReason::foreignSource);
  const auto destination = at(opposite(from)).destination(channel);
  if (!destination) return drop(DropReason::noDestination);
  if (guard_->onZrtp(from, datagram, now) != zrtp::Refusal::none) return drop(DropReason::zrtpRefused);
  return sent(channel, datagram.size(), *destination);
}

std::optional<DropReason> Relay::guardedAgainst(Side from, Channel content, const Endpoint& source, Bytes datagram,
                                                TimePoint now) {
  auto& near = at(from);
  const bool end_to_end = near.isEndToEnd();
  if (end_to_end != at(opposite(from)).isEndToEnd()) return DropReason::notReady;
  if (!end_to_end) return std::nullopt;
  if (!guard_) return DropReason::notReady;
  if (!near.isAt(content, source)) return DropReason::foreignSource;
  switch (guard_->onMedia(from, content, datagram, now)) {
    case zrtp::Refusal::none: return std::nullopt;
    case zrtp::Refusal::beforeAgreement: return DropReason::beforeAgreement;
    default: return DropReason::inClear;
  }
}

Status Relay::play(Side to, TelephoneEvent event, std::uint64_t random, TimePoint now) {
  auto& side = at(to);
  if (side.isEndToEnd()) {
    return Error{ErrorKind::peerDenied, "media.event.not_agreed", "the two ends have keys of their own"};
  }
  if (!side.ready() || !side.peerListens()) {
    return Error{ErrorKind::unavailable, "media.event.closed", "nothing is sent to that side"};
  }
  if (!side.events()) return Error{ErrorKind::peerDenied, "media.event.not_agreed", "no telephone-event"};
  return side.inserter().play(event, *side.events(), static_cast<std::uint32_t>(random),
                              static_cast<std::uint32_t>(random >> 32), now);
}

std::optional<TimePoint> Relay::eventDue() const {
  std::optional<TimePoint> first;
  for (const auto& side : sides_) {
    for (const auto due : {side->inserter().due(), side->reporter().due()}) {
      if (due && (!first || *due < *first)) first = due;
    }
  }
  return first;
}

Verdict Relay::nextEvent(Side to, MutableBytes buffer, TimePoint now) {
  auto& side = at(to);
  const auto length = side.inserter().next(buffer, now);
  if (length != 0 && side.ready()) return sealed(to, Channel::rtp, buffer, length, now);
  if (const auto due = side.reporter().due(); due && *due <= now) return report(to, buffer, now);
  Verdict none;
  none.to = to;
  return none;
}

// What we have made ourselves, for `to`.
Verdict Relay::sealed(Side to, Channel content, MutableBytes buffer, std::size_t length, TimePoint now) {
  auto& side = at(to);
  auto verdict = drop(DropReason::noDestination);
  verdict.to = to;
  const auto destination = side.destination(content);
  if (!destination) return verdict;
  const auto sealed = side.protect(content, buffer, length, now);
  if (const auto* reason = std::get_if<DropReason>(&sealed)) {
    verdict.reason = *reason;
    return verdict;
  }
  verdict = sent(side.portFor(content), std::get<std::size_t>(sealed), *destination);
  verdict.to = to;
  return verdict;
}

DropReason Relay::transcode(Side from, const HeardPacket& packet, TimePoint now) {
  auto& near = at(from);
  const auto payload = payloadOf(packet.bytes(), packet.header());
  if (!payload) return DropReason::badPadding;
  const auto reason = near.transcoder()->push(packet.header(), *payload, now);
  if (reason == DropReason::transcoded) near.countForwarded(Channel::rtp);
  return reason;
}

DropReason Relay::takeReports(Side from, const HeardPacket& packet, TimePoint now) {
  if (!judgeRtcp(packet.bytes())) return DropReason::malformedRtcp;
  const auto loss = at(from).reporter().onReport(packet.bytes(), now);
  auto* encoding = at(opposite(from)).transcoder();
  if (loss && encoding != nullptr) encoding->expectLoss(*loss);
  return DropReason::rtcpEndsHere;
}

Verdict Relay::report(Side to, MutableBytes buffer, TimePoint now) {
  auto& side = at(to);
  RtcpReporter::Terms terms;
  terms.their_clock = side.clockRate();
  if (auto* to_it = at(opposite(to)).transcoder()) terms.our_clock = audio::rtpClockRate(to_it->figures().to);
  if (side.isTranscoding()) terms.listener = side.transcoder()->ssrc();
  const auto length = side.reporter().write(buffer, side.quality(), terms, now);
  if (length != 0 && side.ready()) return sealed(to, Channel::rtcp, buffer, length, now);
  Verdict none;
  none.to = to;
  return none;
}

Verdict Relay::nextTranscoded(Side to, MutableBytes buffer, TimePoint now) {
  auto* transcoder = at(opposite(to)).transcoder();
  auto& side = at(to);
  while (transcoder != nullptr) {
    const auto length = transcoder->next(buffer.first(std::min(buffer.size(), kLongestPacket)));
    if (length == 0) break;
    const auto header = parseRtpHeader(buffer.first(length));
    if (!header || !side.inserter().pass(buffer.first(length), *header, now)) continue;
    const auto verdict = sealed(to, Channel::rtp, buffer, length, now);
    if (!verdict.forward()) continue;
    side.reporter().onSent(*header, length - header->payload_offset, now);
    return verdict;
  }
  Verdict none;
  none.to = to;
  return none;
}

std::optional<Side> Relay::silentSide(TimePoint now, std::chrono::milliseconds limit) const {
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    if (sides_[i]->silentFor(limit, now)) return sideOf(i);
  }
  return std::nullopt;
}

Hearing Relay::hearing(Side from) const { return at(from).hearing(); }

const zrtp::GuardCounters* Relay::zrtpCounters() const { return guard_ ? &guard_->counters() : nullptr; }

RelaySnapshot Relay::snapshot() const {
  RelaySnapshot snapshot{{sides_[0]->snapshot(), sides_[1]->snapshot()}, std::nullopt};
  if (!guard_) return snapshot;
  auto& zrtp = snapshot.zrtp.emplace();
  zrtp.counters = guard_->counters();
  if (const auto* agreement = guard_->agreement()) zrtp.agreement = *agreement;
  return snapshot;
}

std::vector<zrtp::Event> Relay::takeZrtpEvents() { return guard_ ? guard_->takeEvents() : std::vector<zrtp::Event>{}; }

std::optional<AudioFinding> Relay::finding(Side from) const {
  return findAudioFault(from, at(from).facts(), at(opposite(from)).facts());
}

}  // namespace sallyport::media
