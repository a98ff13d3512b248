// SPDX-License-Identifier: Apache-2.0
#pragma once
// Guards one stream whose two ends agree keys between themselves by ZRTP (RFC 6189): lets their packets pass untouched,
// and nothing in clear.
//
// The rule. The exchange is over when the guard has let pass, each in its place and all of two unbroken hash chains:
// the Commit, DHPart1 and DHPart2 (not in Preshared and Multistream mode), Confirm1 of the responder, Confirm2 of the
// initiator, and Conf2ACK, which travels one way only, from the responder. Until then no RTP and no RTCP passes in
// either direction; afterwards what can be SRTP does, in both. Nothing more can be known here: whether it is SRTP, and
// under the agreed keys, only the ends can verify.
//
// Lost packets. What is lost before the guard is repeated by its sender until it is answered (RFC 6189 6), and so is
// Confirm2 while neither Conf2ACK nor SRTP reaches the initiator: SRTP of a responder whose Conf2ACK was lost on the
// way here waits for one repetition. Conf2ACK lost behind the guard is made good by the SRTP that it lets pass.
//
// A Hello stays what it was until an offer or answer comes; another one afterwards begins a new exchange, and media
// stops until that is over. Multistream needs keys of an earlier exchange of the same call.
//
// Unauthenticated packets can delay an exchange, as they can at the ends (a stranger who sends the first Hello from the
// side's own address); they can not end one that is over nor open the way to clear media.
//
// Owned by the call's media session, one per stream, on its thread. Reads no clock, owns no socket. Nothing is
// allocated for media packets.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "media/rtp.h"
#include "media/source_rule.h"
#include "media/zrtp/handshake.h"

namespace sallyport::media::zrtp {

enum class EventKind : std::uint8_t {
  agreed,            // "media.zrtp.agreed": agreement() says what
  failed,            // "media.zrtp.error", "media.zrtp.never_agreed", or the code of a refusal
  downgradeRefused,  // "media.zrtp.go_clear", "media.zrtp.not_srtp": somebody would go on in clear
};

struct Event {
  EventKind kind = EventKind::agreed;
  const char* code = "";
  Side from = Side::a;
  std::uint32_t error = 0;  // of "media.zrtp.error": the peer's (RFC 6189 5.9)
};

struct GuardCounters {
  std::array<std::uint64_t, kTypes> passed{};
  std::array<std::uint64_t, kRefusals> refused{};
  std::uint64_t agreements = 0;

  std::uint64_t of(Type type) const { return passed[static_cast<std::size_t>(type)]; }
  std::uint64_t of(Refusal refusal) const { return refused[static_cast<std::size_t>(refusal)]; }
};

class Guard {
 public:
  // Per side. An exchange takes about ten packets and its repetitions; a Hello is repeated every 200 ms at most.
  static constexpr std::uint32_t kPacketsPerSecond = 50;
  static constexpr std::uint32_t kMostHellos = 400;     // between two offers or answers
  static constexpr std::chrono::seconds kPatience{15};  // with media and without an agreement
  static constexpr std::size_t kMostEvents = 32;        // that wait to be taken; more are only counted

  // What an offer or answer of the side's peer says of its Hello, each time there is one. Nothing: not announced.
  void onDescription(Side side, const std::optional<crypto::Sha256Digest>& hello_hash);

  Refusal onZrtp(Side from, Bytes datagram, TimePoint now);
  Refusal onMedia(Side from, Channel content, Bytes datagram, TimePoint now);

  bool secure() const { return handshake_.complete(); }
  const Agreement* agreement() const { return secure() ? &handshake_.agreement() : nullptr; }
  const GuardCounters& counters() const { return counters_; }
  std::vector<Event> takeEvents() { return std::exchange(events_, {}); }

 private:
  struct End {
    TokenBucket bucket{kPacketsPerSecond, 2 * kPacketsPerSecond};
    std::optional<crypto::Sha256Digest> announced;
    bool described = false;
    std::uint32_t hellos = 0;
    std::array<bool, kRefusals> reported{};  // since the last offer or answer
  };

  Refusal judge(Side from, Bytes datagram, TimePoint now);
  Refusal judgeHello(Side from, const Packet& packet);
  void note(Side from, const Packet& packet, bool was_secure);
  void refuse(Side from, Refusal refusal);
  void report(const Event& event);

  End& at(Side side) { return ends_[side == Side::a ? 0 : 1]; }

  std::array<End, 2> ends_;
  Handshake handshake_{Session::fresh};
  std::size_t tag_bytes_ = 0;               // as agreed
  std::optional<TimePoint> waiting_since_;  // with media
  GuardCounters counters_;
  std::vector<Event> events_;
};

}  // namespace sallyport::media::zrtp
