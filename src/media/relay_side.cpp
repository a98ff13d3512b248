// SPDX-License-Identifier: Apache-2.0
#include "media/relay_side.h"

#include <algorithm>
#include <utility>

#include "media/key_fingerprint.h"

namespace sallyport::media {
namespace {

// A peer that rekeys more often than this in one call is not talking.
constexpr std::size_t kMostPastKeys = 256;
constexpr std::size_t kMostParkedKeys = 3;
constexpr std::size_t kMostFormats = 16;
constexpr AudioFormat kUnknownFormat{};

// In clear, or sealed by the far end.
Protected asItIs(std::size_t bytes) {
  if (bytes > kLongestPacket) return DropReason::tooLong;
  return bytes;
}

}  // namespace

// ---------------------------------------------------------------------------------------- agreement

bool RelaySide::uses(const Secret& key_and_salt) const {
  return receiver_ && (receive_key_.key_and_salt == key_and_salt || send_key_.key_and_salt == key_and_salt);
}

bool RelaySide::sendsWith(const Secret& key_and_salt) const {
  return sender_ && send_key_.key_and_salt == key_and_salt;
}

bool RelaySide::isPast(const SrtpKeying& key) const {
  if (past_keys_.empty()) return false;  // nearly always; a fingerprint is a hash
  return std::find(past_keys_.begin(), past_keys_.end(), fingerprintOf(key)) != past_keys_.end();
}

// Nothing when the current receiver stays.
Result<std::optional<SrtpReceiver>> RelaySide::receiverFor(const SrtpKeying& key) {
  if (receiver_ && key == receive_key_) return std::optional<SrtpReceiver>{};
  const auto parked = std::find_if(parked_.begin(), parked_.end(), [&](const auto& p) { return p.key == key; });
  if (parked != parked_.end()) {
    std::optional<SrtpReceiver> receiver{std::move(parked->receiver)};
    parked_.erase(parked);
    return receiver;
  }
  if (isPast(key))
    return Error{ErrorKind::peerMisbehaved, "media.srtp.key_reused", "the peer returns to a key it left long ago"};
  SP_ASSIGN(auto receiver, SrtpReceiver::create(key));
  return std::optional{std::move(receiver)};
}

// Nothing when the current sender stays.
Result<std::optional<SrtpSender>> RelaySide::senderFor(const SrtpKeying& key) const {
  if (sender_ && key == send_key_) return std::optional<SrtpSender>{};
  if (isPast(key))
    return Error{ErrorKind::internal, "media.srtp.key_reused", "our key of this side was given up before"};
  SP_ASSIGN(auto sender, SrtpSender::create(key));
  return std::optional{std::move(sender)};
}

void RelaySide::park(SrtpKeying key, SrtpReceiver receiver, TimePoint now) {
  if (parked_.size() == kMostParkedKeys) {
    past_keys_.push_back(fingerprintOf(parked_.front().key));
    parked_.erase(parked_.begin());
  }
  parked_.push_back({std::move(key), std::move(receiver), now + rekey_grace_});
}

Status RelaySide::configureKeys(SrtpKeying receive, SrtpKeying send, TimePoint now) {
  if (past_keys_.size() >= kMostPastKeys)
    return Error{ErrorKind::peerMisbehaved, "media.srtp.too_many_keys", "keys changed too often in one call"};
  SP_ASSIGN(auto sender, senderFor(send));
  SP_ASSIGN(auto receiver, receiverFor(receive));

  // Nothing fails from here on.
  if (receiver) {
    if (receiver_) {
      park(std::move(receive_key_), std::move(*receiver_), now);
      ++rekeys_;
    }
    receiver_ = std::move(receiver);
  }
  if (sender) {
    if (sender_) past_keys_.push_back(fingerprintOf(send_key_));
    sender_ = std::move(sender);
  }
  receive_key_ = std::move(receive);
  send_key_ = std::move(send);
  return success();
}

// Another peer takes the side, and does without them.
void RelaySide::giveUpKeys(TimePoint now) {
  if (receiver_) park(std::exchange(receive_key_, {}), *std::exchange(receiver_, std::nullopt), now);
  if (sender_) past_keys_.push_back(fingerprintOf(std::exchange(send_key_, {})));
  sender_.reset();
}

// What was changed before keys are refused is put back by whoever agrees, with the former agreement.
Status RelaySide::configureTranscoding(const std::optional<TranscodingConfig>& config) {
  if (!config) {
    transcoder_.reset();
    return success();
  }
  if (transcoder_) return transcoder_->configure(*config);
  SP_ASSIGN(transcoder_, Transcoder::create(*config));
  return success();
}

Status RelaySide::configure(SideConfig config, TimePoint now) {
  const bool first = !ready();
  SP_TRY(configureTranscoding(config.transcoding));
  if (config.protection == MediaProtection::srtp && config.keys == KeyState::agreed) {
    SP_TRY(configureKeys(std::move(config.receive), std::move(config.send), now));
  } else {
    giveUpKeys(now);
  }
  protection_ = config.protection;
  zrtp_ = config.zrtp;
  zrtp_hash_ = config.zrtp_hash;
  mux_ = config.mux;
  way_ = config.way;
  if (way_ == Way::ice) {
    rtp_sources_.follow(config.ice_path);
  } else {
    rtp_sources_.negotiate(config.remote_rtp, now);
  }
  rtcp_sources_.negotiate(config.remote_rtcp, now);
  if (sends(config.direction) && (first || !sends(direction_))) sending_since_ = now;
  direction_ = config.direction;
  payload_types_ = config.payload_types;
  formats_ = std::move(config.formats);
  if (formats_.size() > kMostFormats) formats_.resize(kMostFormats);
  events_ = config.events;
  return success();
}

void RelaySide::follow(const std::optional<Endpoint>& ice_path) {
  if (way_ == Way::ice) rtp_sources_.follow(ice_path);
}

std::optional<VerifiedAt> RelaySide::verifiedByIce() const {
  if (way_ != Way::ice || !rtp_sources_.latched()) return std::nullopt;
  return VerifiedAt{*rtp_sources_.latched(), rtp_sources_.latchedAt()};
}

// ------------------------------------------------------------------------------------- what arrives

bool RelaySide::arrivesWhereAgreed(Channel port, Channel content) const {
  return mux_ == RtcpMux::muxed ? port == Channel::rtp : port == content;
}

Heard RelaySide::examine(Channel content, const Endpoint& source, MutableBytes datagram, TimePoint now) {
  if (protection_ != MediaProtection::srtp) {
    const auto read = ClearPacket::read(content, datagram, source, sources(content).negotiated());
    if (const auto* reason = std::get_if<DropReason>(&read)) return *reason;
    return HeardPacket{std::get<ClearPacket>(read)};
  }
  if (!sources(content).knows(source) && !strangers_.take(now)) return DropReason::sourceThrottled;
  const auto outcome = unprotect(content, datagram, now);
  if (const auto* reason = std::get_if<DropReason>(&outcome)) return *reason;
  return HeardPacket{std::get<AuthenticatedPacket>(outcome)};
}

Unprotected RelaySide::unprotect(Channel content, MutableBytes datagram, TimePoint now) {
  const auto attempt = [&](SrtpReceiver& receiver) {
    return content == Channel::rtp ? receiver.unprotectRtp(datagram) : receiver.unprotectRtcp(datagram);
  };
  auto outcome = attempt(*receiver_);
  if (parked_.empty() || std::holds_alternative<AuthenticatedPacket>(outcome)) return outcome;
  auto& parked = parked_.back();
  if (now >= parked.heard_until) return outcome;
  // The new key's reason stands when neither takes it, unless the old one has seen the packet before.
  auto earlier = attempt(parked.receiver);
  const auto* reason = std::get_if<DropReason>(&earlier);
  return reason != nullptr && *reason != DropReason::replayed ? outcome : earlier;
}

// RFC 5761 and source_rule.h 2: RTP leads, RTCP follows.
bool RelaySide::mayLatch(Channel content, const Endpoint& source) const {
  if (content == Channel::rtp) return true;
  const auto& rtp = rtp_sources_.latched();
  if (mux_ == RtcpMux::muxed) return !rtp || *rtp == source;
  return rtcp_sources_.knows(source) || (rtp && rtp->address == source.address);
}

SourceRule::Ruling RelaySide::hear(const HeardPacket& packet, const Endpoint& source, TimePoint now) {
  const auto content = packet.channel();
  const auto newness = packet.newest() ? SourceRule::Newness::newest : SourceRule::Newness::older;
  if (!first_verified_) first_verified_ = now;
  last_verified_ = now;
  bytes_in_ += packet.bytes().size();
  if (content == Channel::rtp) {
    ++verified_rtp_;
    quality_.onPacket(packet.header(), formatOf(packet.header().payload_type), now);
  } else {
    ++verified_rtcp_;
    if (!isEndToEnd()) round_trip_.onHeardFromPeer(packet.bytes(), now);
  }
  if (mayLatch(content, source)) return sources(content).onVerified(source, newness, now);
  return newness == SourceRule::Newness::newest ? SourceRule::Ruling::heard : SourceRule::Ruling::stale;
}

const AudioFormat& RelaySide::formatOf(std::uint8_t payload_type) const {
  const auto found = std::find_if(formats_.begin(), formats_.end(),
                                  [&](const AudioFormat& format) { return format.payload_type == payload_type; });
  return found == formats_.end() ? kUnknownFormat : *found;
}

void RelaySide::countDrop(DropReason reason, const Endpoint& source) {
  drops_.count(reason);
  if (reason == DropReason::badTag || reason == DropReason::sourceThrottled || reason == DropReason::foreignSource ||
      reason == DropReason::notMedia)
    unverified_from_ = source;
}

// -------------------------------------------------------------------------------------- what leaves

std::optional<Endpoint> RelaySide::destination(Channel content) const {
  return content == Channel::rtp || mux_ == RtcpMux::muxed ? rtp_sources_.destination() : rtcp_sources_.destination();
}

Protected RelaySide::protect(Channel content, MutableBytes buffer, std::size_t clear_bytes, TimePoint now) {
  if (content == Channel::rtcp && !isEndToEnd()) round_trip_.onSentToPeer(buffer.first(clear_bytes), now);
  const auto outcome = protection_ != MediaProtection::srtp ? asItIs(clear_bytes)
                       : content == Channel::rtp            ? sender_->protectRtp(buffer, clear_bytes)
                                                            : sender_->protectRtcp(buffer, clear_bytes);
  if (const auto* length = std::get_if<std::size_t>(&outcome)) {
    ++packets_out_;
    bytes_out_ += *length;
  }
  return outcome;
}

// ---------------------------------------------------------------------------------------- evidence

bool RelaySide::silentFor(std::chrono::milliseconds limit, TimePoint now) const {
  if (!peerSends() || !sending_since_) return false;
  const auto last = last_verified_ ? std::max(*last_verified_, *sending_since_) : *sending_since_;
  return now - last >= limit;
}

SideFacts RelaySide::facts() const {
  SideFacts facts;
  facts.agreed = ready();
  facts.should_send = ready() && peerSends();
  facts.should_listen = ready() && peerListens();
  const auto chosen = way_ == Way::ice ? rtp_sources_.destination() : std::nullopt;
  facts.negotiated = chosen.value_or(rtp_sources_.negotiated());
  facts.heard_from = rtp_sources_.latched();
  facts.unverified_from = unverified_from_;
  facts.datagrams = datagrams_;
  facts.verified = verified_rtp_;
  facts.verified_rtcp = verified_rtcp_;
  facts.forwarded = forwarded_;
  facts.drops = drops_;
  return facts;
}

SideSnapshot RelaySide::snapshot() const {
  SideSnapshot snapshot;
  snapshot.facts = facts();
  snapshot.rtcp_heard_from = mux_ == RtcpMux::muxed ? rtp_sources_.latched() : rtcp_sources_.latched();
  snapshot.packets_in = verified_rtp_ + verified_rtcp_;
  snapshot.bytes_in = bytes_in_;
  snapshot.packets_out = packets_out_;
  snapshot.bytes_out = bytes_out_;
  snapshot.source_moves = rtp_sources_.moves();
  snapshot.rekeys = rekeys_;
  if (receiver_) snapshot.suite = receive_key_.suite;
  snapshot.first_verified = first_verified_;
  snapshot.last_verified = last_verified_;
  snapshot.quality = quality_.figures();
  snapshot.round_trip = round_trip_.latest();
  const auto codec = formats_.empty() ? AudioCodec::other : formats_.front().codec;
  if (isTranscoding()) snapshot.transcoding = transcoder_->figures();
  snapshot.rating = rate(snapshot.quality, codec, snapshot.round_trip);
  return snapshot;
}

}  // namespace sallyport::media
