// SPDX-License-Identifier: Apache-2.0
// What signalling agreed, as the relay must know it; and what the relay saw, as the record tells it.
#include <algorithm>

#include "call/codec_choice.h"
#include "call/earliest.h"
#include "call/media_session.h"
#include "crypto/random.h"

namespace sallyport::call {
namespace {

media::PeerDirection relayDirection(sdp::Direction direction) {
  switch (direction) {
    case sdp::Direction::sendrecv: return media::PeerDirection::sendsAndListens;
    case sdp::Direction::sendonly: return media::PeerDirection::sendsOnly;
    case sdp::Direction::recvonly: return media::PeerDirection::listensOnly;
    case sdp::Direction::inactive: return media::PeerDirection::inactive;
  }
  return media::PeerDirection::inactive;
}

media::AudioCodec codecOf(sdp::Codec codec) {
  switch (codec) {
    case sdp::Codec::opus: return media::AudioCodec::opus;
    case sdp::Codec::pcmu: return media::AudioCodec::pcmu;
    case sdp::Codec::pcma: return media::AudioCodec::pcma;
    case sdp::Codec::telephoneEvent:
    case sdp::Codec::comfortNoise: return media::AudioCodec::other;
  }
  return media::AudioCodec::other;
}

media::SrtpKeying keyingOf(const sdp::CryptoOffer& line) {
  return {line.suite, line.key_and_salt.clone(), line.lifetime};
}

// What `near` may send, with the numbers `far` was told for the same codecs.
void mapPayloadTypes(media::SideConfig& config, const sdp::LocalAudio& near, const sdp::AudioDescription& far) {
  for (const auto& here : near.formats) {
    if (const auto* there = findLike(far.formats, here)) {
      config.payload_types.allow(here.payload_type, there->payload_type);
    }
  }
}

// How the side is sent telephone events: at the clock rate of its voice, with its own number (RFC 4733 2.5.1.1).
std::optional<media::EventFormat> eventsOf(const sdp::LocalAudio& near, const sdp::AudioDescription& remote) {
  const auto heard = formatsHeard(near, remote);
  const auto* voice = voiceOf(heard);
  const auto rate = voice == nullptr ? 0 : voice->clock_rate;
  const auto fits = [&](const sdp::CodecFormat& format) {
    return format.codec == sdp::Codec::telephoneEvent && format.clock_rate == rate;
  };
  if (std::none_of(near.formats.begin(), near.formats.end(), fits)) return std::nullopt;
  const auto found = std::find_if(remote.formats.begin(), remote.formats.end(), fits);
  if (found == remote.formats.end()) return std::nullopt;
  return media::EventFormat{found->payload_type, found->clock_rate};
}

std::string codecName(const sdp::LocalAudio& local, const sdp::AudioDescription& remote) {
  const auto heard = formatsHeard(local, remote);
  const auto* voice = voiceOf(heard);
  return voice == nullptr ? std::string{} : std::string{sdp::toString(voice->codec)};
}

// What the guard could see; the keys are the two ends'.
std::string sealedAs(const media::zrtp::Agreement& agreed) {
  return agreed.cipher + "/" + agreed.auth_tag + " (" + agreed.agreement + ", " + agreed.hash +
         "), end to end, keys unknown to the edge";
}

void describeZrtp(const media::ZrtpSnapshot& zrtp, telemetry::CallRecord& record) {
  using media::zrtp::Refusal;
  for (std::size_t i = 0; i < media::zrtp::kRefusals; ++i) {
    const auto refusal = static_cast<Refusal>(i);
    if (const auto count = zrtp.counters.of(refusal))
      record.zrtp_refusals.push_back({media::zrtp::codeOf(refusal), count});
  }
  if (zrtp.counters.of(Refusal::goClear) > 0)
    record.downgrades.push_back("an end asked by ZRTP to go on in clear; it was refused, and voice stays sealed");
  if (zrtp.counters.of(Refusal::notSrtp) > 0)
    record.downgrades.push_back("an end sent voice in clear after the keys were agreed; it was dropped");
}

double milliseconds(std::chrono::microseconds duration) { return static_cast<double>(duration.count()) / 1'000.0; }

}  // namespace

Status MediaSession::play(media::Side to, media::TelephoneEvent event, TimePoint now) {
  return relay_->play(to, event, crypto::randomNumber(), now);
}

std::optional<TimePoint> MediaSession::deadline() const {
  if (!ports_) return std::nullopt;
  auto first = relay_->eventDue();
  for (const auto& branch : branches_) {
    if (!branch->transport) continue;
    first = earliest(first, branch->transport->deadline());
    if (isChosen(*branch)) first = earliest(first, keysDue(*branch));
  }
  return first;
}

void MediaSession::advance(TimePoint now) {
  if (!ports_) return;
  for (auto& branch : branches_) {
    if (!branch->transport) continue;
    const auto verified = isChosen(*branch) ? relay_->verifiedByIce(branch->side) : std::nullopt;
    if (verified) branch->transport->onVerified(verified->source, verified->at);
    branch->transport->advance(now);
    follow(*branch, now);
  }
  for (const auto side : {media::Side::a, media::Side::b}) {
    std::array<std::uint8_t, media::kLongestPacket + media::kSrtpTailroom> buffer;
    const auto verdict = relay_->nextEvent(side, buffer, now);
    if (verdict.forward()) ports_->send(verdict, MutableBytes{buffer}.first(verdict.length));
  }
}

void MediaSession::close(WallTime wall) {
  if (!ports_) return;
  ports_.reset();
  for (auto& branch : branches_) branch->closed = wall;
}

std::vector<telemetry::Pinhole> MediaSession::pinholesOf(const SideState& side) {
  const auto& [rtp, rtcp, advertised] = side.pinhole;
  return {{rtp.address.toString(), rtp.port, side.opened, side.closed},
          {rtcp.address.toString(), rtcp.port, side.opened, side.rtcp_closed ? side.rtcp_closed : side.closed}};
}

Status MediaSession::agree(SideState& side, sdp::LocalAudio local, std::shared_ptr<const sdp::AudioDescription> remote,
                           TimePoint now, WallTime wall) {
  const bool muxed = local.rtcp_mux == sdp::RtcpMux::muxed;
  if (!muxed && side.rtcp_closed) {
    return Error{ErrorKind::peerMisbehaved, "sdp.rtcp_mux.withdrawn", "the RTCP port was given up when mux was agreed"};
  }
  std::optional before{std::move(local)};
  std::swap(side.local, before);
  std::swap(side.remote, remote);
  auto applied = agreeTransport(side, now);
  if (applied && !(isChosen(side) && isAgreed())) return success();
  if (applied) applied = applyToRelay(now);
  if (!applied) {
    side.local = std::move(before);
    side.remote = std::move(remote);
    if (isAgreed()) (void)applyToRelay(now);  // what had been applied of it is taken back
    return applied;
  }
  if (!ports_) return success();
  for (const auto each : {media::Side::a, media::Side::b}) {
    auto& state = at(each);
    ports_->use(state.ports);
    if (state.rtcp_closed || state.local->rtcp_mux != sdp::RtcpMux::muxed) continue;
    ports_->closeRtcp(state.ports);
    state.rtcp_closed = wall;
  }
  return success();
}

std::optional<media::TranscodingConfig> MediaSession::transcodingFrom(const SideState& near,
                                                                      const SideState& far) const {
  const auto sent = formatsSent(*near.local, *near.remote), heard = formatsHeard(*far.local, *far.remote);
  auto config = permit_ ? transcodingOf(sent, heard) : std::nullopt;
  // Other packets are made of what could be relayed for a peer of which the operator says so, and for nobody else.
  if (!config && far.ptime && !isHidden(near) && !isHidden(far)) config = repacketisingOf(sent, heard);
  if (!config) return std::nullopt;
  config->packet = packetTimeTo(far);
  // Two streams of one call, two numbers.
  config->random = near.side == media::Side::a ? stream_seed_ : ~stream_seed_;
  return config;
}

std::chrono::milliseconds MediaSession::packetTimeTo(const SideState& far) {
  const auto wanted = ptimeFrom(far, far.remote->ptime).value_or(20);
  return std::chrono::milliseconds{std::min(wanted, far.remote->maxptime.value_or(wanted))};
}

// One side may have agreed to more than the other takes, with what both take among it: that is used as far as there is
// room.
Status MediaSession::holdPermit() {
  const auto& a = at(media::Side::a);
  const auto& b = at(media::Side::b);
  const auto heard_by_a = formatsHeard(*a.local, *a.remote), heard_by_b = formatsHeard(*b.local, *b.remote);
  const bool needed = transcodingOf(heard_by_a, heard_by_b) || transcodingOf(heard_by_b, heard_by_a);
  if (!needed || transcodingBetween(a, b) == Transcoding::refused) {
    permit_ = {};
    return success();
  }
  if (!shareVoice(heard_by_a, heard_by_b) || mayTranscode()) return takePermit();
  return success();
}

Status MediaSession::applyToRelay(TimePoint now) {
  SP_TRY(holdPermit());
  for (const auto which : {media::Side::a, media::Side::b}) {
    const auto& near = at(which);
    const auto& far = at(media::opposite(which));
    media::SideConfig config;
    config.remote_rtp = near.remote->rtp;
    config.remote_rtcp = near.remote->rtcp;
    config.mux = near.local->rtcp_mux == sdp::RtcpMux::muxed ? media::RtcpMux::muxed : media::RtcpMux::separate;
    config.direction = relayDirection(sdp::reverse(near.local->direction));  // theirs, as agreed
    config.protection = near.policy.protection;
    config.zrtp = near.policy.zrtp == sdp::ZrtpUse::relayed ? media::ZrtpUse::relayed : media::ZrtpUse::refused;
    config.zrtp_hash = near.remote->zrtp_hash;
    for (const auto& ours : near.local->crypto) {
      config.send = keyingOf(ours);
      // An answer has one line; of an offer the one we chose is the counterpart of ours.
      for (const auto& line : near.remote->crypto) {
        if (line.tag == ours.tag) config.receive = keyingOf(line);
      }
    }
    applyTransport(near, config, now);
    config.transcoding = transcodingFrom(near, far);
    const auto sent = formatsSent(*near.local, *near.remote);
    for (const auto& format : sent) {
      config.formats.push_back({format.payload_type, codecOf(format.codec), format.clock_rate});
    }
    // Where no voice can be relayed nothing is: events belong to the stream that voice is in.
    const bool relayed = shareVoice(sent, formatsHeard(*far.local, *far.remote));
    if (relayed || !config.transcoding) mapPayloadTypes(config, *near.local, *far.remote);
    config.events = eventsOf(*near.local, *near.remote);
    SP_TRY(relay_->configure(which, std::move(config), now));
  }
  for (auto* side : sides_) {
    if (const auto path = side->transport ? side->transport->path(now) : std::nullopt) side->path = path;
    auto keyed = keyedBy(*side);
    if (!keyed || keyed == side->keyed) continue;
    keyed_.push_back(*keyed);
    side->keyed = std::move(keyed);
  }
  return success();
}

std::optional<std::string> MediaSession::silence(TimePoint now, std::chrono::milliseconds limit) const {
  if (!expected_since_ || now - *expected_since_ < limit) return std::nullopt;
  const auto silent = relay_->silentSide(now, limit);
  if (!silent) return std::nullopt;
  const auto finding = relay_->finding(*silent);
  const std::string name = *silent == media::Side::a ? "caller" : "callee";
  return "nothing authentic from the " + name + (finding ? ": " + finding->text : std::string{});
}

// The suite of SDES stands in the descriptions, that of DTLS comes with the keys.
void MediaSession::describeProtection(const SideState& side, const std::optional<crypto::SrtpSuite>& suite,
                                      telemetry::CallRecord& record) const {
  const auto keying = side.remote->keying();
  if (!keying) return;
  auto& leg = record.legs[indexOf(side.side)];
  leg.keying = sdp::toString(*keying);
  const auto used = side.local->crypto.empty() ? suite : std::optional{side.local->crypto.front().suite};
  if (!used) return;
  const auto facts = crypto::factsOf(*used);
  leg.srtp_suite = facts.name;
  if (facts.aead) return;
  record.downgrades.push_back(leg.peer + " was given " + leg.srtp_suite + ", which is weaker than an AEAD suite");
}

void MediaSession::describe(telemetry::CallRecord& record) const {
  record.downgrades.clear();
  record.zrtp_refusals.clear();
  const auto snapshot = relay_->snapshot();
  if (snapshot.zrtp) describeZrtp(*snapshot.zrtp, record);
  for (const auto which : {media::Side::a, media::Side::b}) {
    const auto index = which == media::Side::a ? 0u : 1u;
    auto& leg = record.legs[index];
    if (leg.unprotected) record.downgrades.push_back(leg.peer + " is unprotected: signalling and voice go in clear");
    leg.pinholes = past_[index];
    for (const auto& branch : branches_) {
      if (branch->side != which) continue;
      for (auto& pinhole : pinholesOf(*branch)) leg.pinholes.push_back(std::move(pinhole));
    }
    if (sides_[index] == nullptr) continue;
    const auto& side = at(which);
    const auto& seen = snapshot.of(which);
    if (side.local && side.remote) {
      describeProtection(side, seen.suite, record);
      describeTransport(side, leg);
      if (side.policy.protection == sdp::MediaProtection::endToEnd) {
        const auto& agreed = snapshot.zrtp ? snapshot.zrtp->agreement : std::nullopt;
        leg.keying = "ZRTP";
        leg.srtp_suite = agreed ? sealedAs(*agreed) : "nothing agreed, no voice passes";
      } else if (snapshot.zrtp && snapshot.zrtp->agreement) {
        leg.keying += ", and ZRTP inside";
      }
      leg.codec = codecName(*side.local, *side.remote);
    }
    auto& told = leg.media;
    told.packets_in = seen.packets_in;
    told.bytes_in = seen.bytes_in;
    told.packets_out = seen.packets_out;
    told.bytes_out = seen.bytes_out;
    told.drops.clear();
    for (std::size_t reason = 0; reason < media::kDropReasons; ++reason) {
      const auto drop = static_cast<media::DropReason>(reason);
      if (const auto count = seen.facts.drops.of(drop))
        told.drops.push_back({std::string{media::toString(drop)}, count});
    }
    if (seen.quality.received > 0) {
      told.loss_percent = seen.quality.lossPercent();
      told.jitter_ms = milliseconds(seen.quality.jitter);
    }
    if (seen.rating) told.mos = seen.rating->mos;
    if (seen.transcoding) {
      if (const auto& packets = seen.transcoding->repacketised) {
        told.repacketised =
            std::to_string(packets->from.count()) + " -> " + std::to_string(packets->to.count()) + " ms";
      } else {
        told.transcoded_to = audio::toString(seen.transcoding->to);
      }
      told.transcoded = seen.transcoding->packets;
      told.concealed = seen.transcoding->concealed;
    }
    if (seen.facts.heard_from) told.latched_source = seen.facts.heard_from->toString();
    const auto finding = record.answered ? relay_->finding(which) : std::nullopt;
    if (finding) told.finding = finding->text;
    const auto elsewhere = side.transport && side.association ? side.transport->dtlsElsewhere() : std::nullopt;
    if (elsewhere && side.transport->isHandshaking()) told.finding = notInTime(side).detail;
  }
}

}  // namespace sallyport::call
