// SPDX-License-Identifier: Apache-2.0
#pragma once
// The packet core of one call: what comes in on one side is verified, re-encrypted with the other side's
// key and sent there, or dropped for one named reason. A side whose peer is configured as unprotected is in clear
// (clear_rtp.h); the other side is what it is all the same. Two sides whose ends agree keys by ZRTP are guarded
// (zrtp/guard.h): their packets go on as they came. No I/O, no clock, no allocation and no lock per
// packet. The rule for sources is source_rule.h's; SRTP is srtp.h's.
//
// Nothing is relayed before both sides are configured. Attack traffic is counted and never ends a call.
// Owned by the call's media session, on the worker whose sockets feed it.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "core/endpoint.h"
#include "core/result.h"
#include "media/diagnosis.h"
#include "media/drop_reason.h"
#include "media/event_inserter.h"
#include "media/quality.h"
#include "media/srtp.h"
#include "media/transcoder.h"
#include "media/zrtp/guard.h"

namespace sallyport::media {

// From this side's numbers to the other's; what has no entry is refused.
class PayloadTypeMap {
 public:
  PayloadTypeMap() { to_.fill(kRefused); }
  void allow(std::uint8_t here, std::uint8_t there) { to_[here & 0x7F] = there & 0x7F; }
  std::optional<std::uint8_t> across(std::uint8_t here) const {
    const auto there = to_[here & 0x7F];
    return there == kRefused ? std::nullopt : std::optional{there};
  }

 private:
  static constexpr std::uint8_t kRefused = 0xFF;
  std::array<std::uint8_t, 128> to_{};
};

using crypto::MediaProtection;

// relayed: ZRTP of this side goes to the other and comes from there, if that has it so too.
enum class ZrtpUse : std::uint8_t { refused, relayed };

enum class RtcpMux : std::uint8_t { separate, muxed };

// What the peer of a side does, as its SDP (after negotiation) says.
enum class PeerDirection : std::uint8_t { sendsAndListens, sendsOnly, listensOnly, inactive };
constexpr bool sends(PeerDirection d) { return d == PeerDirection::sendsAndListens || d == PeerDirection::sendsOnly; }
constexpr bool listens(PeerDirection d) {
  return d == PeerDirection::sendsAndListens || d == PeerDirection::listensOnly;
}

// awaited: DTLS is to bring them, or those of another party; nothing passes until they are here.
enum class KeyState : std::uint8_t { agreed, awaited };

// Who says where the peer is: its SDP, and then the packets that verify (source_rule.h), or ICE alone.
enum class Way : std::uint8_t { address, ice };

// One side as offer and answer have settled it.
struct SideConfig {
  Endpoint remote_rtp;   // the peer's, as its SDP says; unspecified address: listens nowhere
  Endpoint remote_rtcp;  // not looked at when muxed
  Way way = Way::address;
  std::optional<Endpoint> ice_path;  // with Way::ice: what it has chosen so far
  RtcpMux mux = RtcpMux::separate;
  PeerDirection direction = PeerDirection::sendsAndListens;
  MediaProtection protection = MediaProtection::srtp;
  KeyState keys = KeyState::agreed;
  ZrtpUse zrtp = ZrtpUse::refused;
  std::optional<crypto::Sha256Digest> zrtp_hash;  // of its Hello, as its SDP announces
  SrtpKeying receive;                             // the key the peer encrypts with; without SRTP not looked at
  SrtpKeying send;                                // the key we encrypt with toward it; never used anywhere else
  PayloadTypeMap payload_types;                   // of the RTP it sends
  std::vector<AudioFormat> formats;               // of the payload types it sends, the voice codec first
  std::optional<EventFormat> events;              // how it is sent telephone events; nothing: not at all
  // What of its voice `payload_types` does not let across is made into a codec of the other side; or what it does let
  // across, into other packets.
  std::optional<TranscodingConfig> transcoding;
};

struct RelayLimits {
  // Tag checks for datagrams of unknown source, per side.
  std::uint32_t strangers_per_second = 100;
  std::uint32_t strangers_burst = 100;
  // For how long packets under the previous key are still taken after a rekey.
  std::chrono::milliseconds rekey_grace{5'000};
};

// What to do with the buffer: `reason` is DropReason::sent when it is to go out, `length` bytes long.
struct Verdict {
  DropReason reason = DropReason::notMedia;
  Side to = Side::a;
  Channel channel = Channel::rtp;  // the local port of side `to` it leaves from
  std::uint32_t length = 0;
  Endpoint destination;

  bool forward() const { return reason == DropReason::sent; }
};

struct SideSnapshot {
  SideFacts facts;  // datagrams, verified, drops by reason, addresses
  std::optional<Endpoint> rtcp_heard_from;
  std::uint64_t packets_in = 0;  // verified, RTP and RTCP
  std::uint64_t bytes_in = 0;
  std::uint64_t packets_out = 0;  // sent toward this side
  std::uint64_t bytes_out = 0;
  std::uint32_t source_moves = 0;
  std::uint32_t rekeys = 0;
  std::optional<crypto::SrtpSuite> suite;
  std::optional<TimePoint> first_verified;
  std::optional<TimePoint> last_verified;
  StreamFigures quality;
  std::optional<Rating> rating;
  std::optional<TranscodingFigures> transcoding;        // of what it sends, once some of it was transcoded
  std::optional<std::chrono::microseconds> round_trip;  // to the side's peer and back, from its RTCP, when it tells
};

// Where authentic packets of a side come from, and when the last one came.
struct Hearing {
  std::optional<Endpoint> from;
  std::optional<TimePoint> last;
};

struct ZrtpSnapshot {
  std::optional<zrtp::Agreement> agreement;  // while it stands
  zrtp::GuardCounters counters;
};

struct RelaySnapshot {
  std::array<SideSnapshot, 2> sides;
  std::optional<ZrtpSnapshot> zrtp;  // where both sides relay it
  const SideSnapshot& of(Side side) const { return sides[side == Side::a ? 0 : 1]; }
};

// Where the newest packet came from whose tag has verified, and when.
struct VerifiedAt {
  Endpoint source;
  TimePoint at;
};

class RelaySide;
class HeardPacket;

class Relay {
 public:
  explicit Relay(RelayLimits limits = {});
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // At first agreement and at each re-INVITE. The same key keeps its rollover counter and replay window, and
  // so does one of the last few that the peer returns to; another key starts afresh. A side that is told to go on
  // without SRTP, its place having been taken by an unprotected peer, never uses its keys again. On error nothing has
  // changed. Errors: "media.srtp.key_length" (peerMisbehaved); "media.srtp.key_shared" (peerMisbehaved: a
  // key of one direction or side is used for another); "media.srtp.key_reused" (peerMisbehaved for a
  // receive key that was given up long ago, internal for a send key that comes back);
  // "media.srtp.too_many_keys" (peerMisbehaved); "media.srtp.cipher" (internal). A side that is endToEnd passes voice
  // to and from another such side only.
  Status configure(Side side, SideConfig config, TimePoint now);

  // What ICE has chosen for that side since; nothing: its consent has run out. Nothing happens without Way::ice.
  void follow(Side side, const std::optional<Endpoint>& ice_path);
  // Nothing before one has, and without Way::ice.
  std::optional<VerifiedAt> verifiedByIce(Side side) const;
  // A datagram that came for `from` and is not the relay's to judge goes no further.
  void countDrop(Side from, DropReason reason, const Endpoint& source);

  // buffer[0, length) is the datagram that came to the `channel` port of `from`; the buffer goes on for
  // kSrtpTailroom more. When the verdict is to forward, buffer[0, verdict.length) is what to send.
  Verdict onPacket(Side from, Channel channel, const Endpoint& source, MutableBytes buffer, std::size_t length,
                   TimePoint now);

  // What was made of the last packet from the other side, one at a time while there is any to forward; to be asked
  // for when the verdict on that was DropReason::transcoded. The buffer is for kLongestPacket and kSrtpTailroom.
  Verdict nextTranscoded(Side to, MutableBytes buffer, TimePoint now);

  // A key that was signalled for `to`, behind those that wait. `random` names the stream where none was relayed.
  // Errors: "media.event.not_agreed" (peerDenied), "media.event.closed" (unavailable: not ready or on hold),
  // "media.event.queue_full" (overloaded).
  Status play(Side to, TelephoneEvent event, std::uint64_t random, TimePoint now);
  // When nextEvent() has something to send: an event, or a report of ours where voice is transcoded.
  std::optional<TimePoint> eventDue() const;
  // Like the verdict on a packet that arrived from the other side; to forward only what was due. The buffer is for
  // kLongestPacket and kSrtpTailroom.
  Verdict nextEvent(Side to, MutableBytes buffer, TimePoint now);

  // The side that should be sending and from which nothing authentic (RTP or RTCP) came for `limit`,
  // counted from when it was last told that it may send.
  std::optional<Side> silentSide(TimePoint now, std::chrono::milliseconds limit) const;

  RelaySnapshot snapshot() const;
  // These two: of that no more than whoever looks every second needs.
  Hearing hearing(Side from) const;
  const zrtp::GuardCounters* zrtpCounters() const;  // null: ZRTP is not relayed
  // What the guard of ZRTP has to say, in order; each told once.
  std::vector<zrtp::Event> takeZrtpEvents();
  // What is wrong with the audio of `from`, if anything.
  std::optional<AudioFinding> finding(Side from) const;

 private:
  void describeToGuard(Side side);
  Verdict judgeZrtp(Side from, Channel channel, const Endpoint& source, Bytes datagram, TimePoint now);
  // These two: why not, if not.
  std::optional<DropReason> guardedAgainst(Side from, Channel content, const Endpoint& source, Bytes datagram,
                                           TimePoint now);
  std::optional<DropReason> notAgreedTo(Side from, const HeardPacket& packet, MutableBytes buffer, TimePoint now);
  Status configureSide(Side side, SideConfig config, TimePoint now);
  DropReason transcode(Side from, const HeardPacket& packet, TimePoint now);
  DropReason takeReports(Side from, const HeardPacket& packet, TimePoint now);
  Verdict report(Side to, MutableBytes buffer, TimePoint now);
  Verdict sealed(Side to, Channel content, MutableBytes buffer, std::size_t length, TimePoint now);
  Verdict judge(Side from, Channel channel, const Endpoint& source, MutableBytes buffer, std::size_t length,
                TimePoint now);
  RelaySide& at(Side side) { return *sides_[side == Side::a ? 0 : 1]; }
  const RelaySide& at(Side side) const { return *sides_[side == Side::a ? 0 : 1]; }

  std::array<std::unique_ptr<RelaySide>, 2> sides_;
  std::unique_ptr<zrtp::Guard> guard_;  // from when both sides relay ZRTP
};

}  // namespace sallyport::media
