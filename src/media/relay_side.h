// SPDX-License-Identifier: Apache-2.0
#pragma once
// One side of a relay: what was agreed with its peer, the keys of both directions, where the peer is, and
// what was seen of it. It decides nothing about the other side; relay.cpp does. Internal to the room.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/clear_rtp.h"
#include "media/relay.h"
#include "media/round_trip_meter.h"
#include "media/rtcp_reporter.h"
#include "media/source_rule.h"

namespace sallyport::media {

class RelaySide {
 public:
  explicit RelaySide(const RelayLimits& limits)
      : rekey_grace_(limits.rekey_grace), strangers_(limits.strangers_per_second, limits.strangers_burst) {}

  // All or nothing; errors as Relay::configure.
  Status configure(SideConfig config, TimePoint now);
  bool ready() const { return protection_ != MediaProtection::srtp || receiver_.has_value(); }
  bool isEndToEnd() const { return protection_ == MediaProtection::endToEnd; }
  ZrtpUse zrtp() const { return zrtp_; }
  const std::optional<crypto::Sha256Digest>& zrtpHash() const { return zrtp_hash_; }
  void follow(const std::optional<Endpoint>& ice_path);
  bool uses(const Secret& key_and_salt) const;  // for either direction
  bool sendsWith(const Secret& key_and_salt) const;

  // What arrives.
  bool arrivesWhereAgreed(Channel port, Channel content) const;
  std::optional<VerifiedAt> verifiedByIce() const;
  bool isAt(Channel content, const Endpoint& source) { return sources(content).knows(source); }
  Heard examine(Channel content, const Endpoint& source, MutableBytes datagram, TimePoint now);
  // Counts a packet that was let through and lets its source be heard or latched (source_rule.h).
  SourceRule::Ruling hear(const HeardPacket& packet, const Endpoint& source, TimePoint now);
  bool transcodes(const RtpHeader& header, std::size_t packet_bytes) const {
    return transcoder_ && (!payload_types_.across(header.payload_type) ||
                           transcoder_->claims(header.payload_type, packet_bytes - header.payload_offset));
  }
  bool isTranscoding() const { return transcoder_ && transcoder_->began(); }
  Transcoder* transcoder() { return transcoder_.get(); }
  RtcpReporter& reporter() { return reporter_; }
  const RtcpReporter& reporter() const { return reporter_; }
  Hearing hearing() const { return {rtp_sources_.latched(), last_verified_}; }
  StreamFigures quality() const { return quality_.figures(); }
  std::uint32_t clockRate() const { return formats_.empty() ? 8'000 : formats_.front().clock_rate; }  // of its voice
  std::optional<std::uint8_t> payloadTypeAcross(std::uint8_t here) const { return payload_types_.across(here); }

  // What leaves.
  std::optional<Endpoint> destination(Channel content) const;
  Channel portFor(Channel content) const { return mux_ == RtcpMux::muxed ? Channel::rtp : content; }
  Protected protect(Channel content, MutableBytes buffer, std::size_t clear_bytes, TimePoint now);

  // Toward the peer, before protect().
  EventInserter& inserter() { return inserter_; }
  const EventInserter& inserter() const { return inserter_; }
  const std::optional<EventFormat>& events() const { return events_; }

  bool peerSends() const { return sends(direction_); }
  bool peerListens() const { return listens(direction_); }

  void countDatagram() { ++datagrams_; }
  void countForwarded(Channel content) { forwarded_ += content == Channel::rtp; }
  void countDrop(DropReason reason, const Endpoint& source);

  bool silentFor(std::chrono::milliseconds limit, TimePoint now) const;
  SideSnapshot snapshot() const;
  SideFacts facts() const;

 private:
  // A key the peer has left: it may still verify packets in flight until then, and goes on where it was
  // when the peer returns to it, as it does after music on hold from another box.
  struct ParkedKey {
    SrtpKeying key;
    SrtpReceiver receiver;
    TimePoint heard_until;
  };

  Status configureTranscoding(const std::optional<TranscodingConfig>& config);
  Status configureKeys(SrtpKeying receive, SrtpKeying send, TimePoint now);
  void giveUpKeys(TimePoint now);
  Unprotected unprotect(Channel content, MutableBytes datagram, TimePoint now);
  Result<std::optional<SrtpReceiver>> receiverFor(const SrtpKeying& key);
  void park(SrtpKeying key, SrtpReceiver receiver, TimePoint now);
  bool isPast(const SrtpKeying& key) const;
  Result<std::optional<SrtpSender>> senderFor(const SrtpKeying& key) const;
  SourceRule& sources(Channel content) {
    return content == Channel::rtp || mux_ == RtcpMux::muxed ? rtp_sources_ : rtcp_sources_;
  }
  bool mayLatch(Channel content, const Endpoint& source) const;
  const AudioFormat& formatOf(std::uint8_t payload_type) const;

  const std::chrono::milliseconds rekey_grace_;

  MediaProtection protection_ = MediaProtection::srtp;
  ZrtpUse zrtp_ = ZrtpUse::refused;
  std::optional<crypto::Sha256Digest> zrtp_hash_;
  SrtpKeying receive_key_, send_key_;
  std::optional<SrtpReceiver> receiver_;  // these two: with SRTP, once agreed
  std::optional<SrtpSender> sender_;
  std::vector<ParkedKey> parked_;         // the latest last
  std::vector<std::uint64_t> past_keys_;  // fingerprints of keys that must not come back

  RtcpMux mux_ = RtcpMux::separate;
  Way way_ = Way::address;
  PeerDirection direction_ = PeerDirection::inactive;
  PayloadTypeMap payload_types_;
  std::vector<AudioFormat> formats_;
  std::optional<EventFormat> events_;
  EventInserter inserter_;
  std::unique_ptr<Transcoder> transcoder_;  // of what the peer sends
  RtcpReporter reporter_;                   // to the peer, where voice of either side is transcoded

  SourceRule rtp_sources_, rtcp_sources_;
  TokenBucket strangers_;
  std::optional<Endpoint> unverified_from_;

  std::uint64_t datagrams_ = 0, verified_rtp_ = 0, verified_rtcp_ = 0, forwarded_ = 0;
  std::uint64_t bytes_in_ = 0, packets_out_ = 0, bytes_out_ = 0;
  std::uint32_t rekeys_ = 0;
  std::optional<TimePoint> sending_since_, first_verified_, last_verified_;
  DropCounters drops_;
  StreamQuality quality_;
  RoundTripMeter round_trip_;
};

}  // namespace sallyport::media
