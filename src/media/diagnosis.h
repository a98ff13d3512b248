// SPDX-License-Identifier: Apache-2.0
#pragma once
// One-way and no-way audio, named with its likely cause from what each side of a relay has seen. A pure
// function of facts; asked at the end of a call and whenever an operator looks.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "media/drop_reason.h"

namespace sallyport::media {

enum class Side : std::uint8_t { a, b };

constexpr Side opposite(Side side) { return side == Side::a ? Side::b : Side::a; }
constexpr std::string_view toString(Side side) { return side == Side::a ? "A" : "B"; }

// What is known of one side: its packets towards us, and what became of them.
struct SideFacts {
  bool agreed = false;                      // keys and addresses are known
  bool should_send = false;                 // the negotiated direction has it sending
  bool should_listen = false;               // the negotiated direction has it listening
  Endpoint negotiated;                      // where its SDP says it is
  std::optional<Endpoint> heard_from;       // the last source whose packet verified
  std::optional<Endpoint> unverified_from;  // the last source whose packet did not verify
  std::uint64_t datagrams = 0;              // whatever came
  std::uint64_t verified = 0;               // RTP
  std::uint64_t verified_rtcp = 0;
  std::uint64_t forwarded = 0;  // RTP of this side that went on to the other
  DropCounters drops;
};

enum class AudioFault : std::uint8_t {
  neverAgreed,      // no answer with media
  nothingArrives,   // the side sends nothing, or a firewall eats it
  onlyRtcpArrives,  // it is there but sends no audio: muted, or its source is broken
  keyMismatch,      // packets come from where they should, tags fail
  wrongSource,      // packets come from another address and none verifies
  notSealed,        // the two ends are to agree keys by ZRTP, and have not, or send in clear all the same
  otherProtocol,    // what comes is neither RTP nor RTCP: STUN, DTLS, ZRTP or noise
  onHold,           // packets come although the side is not to send
  farSideClosed,    // packets come, the other side does not want or cannot take them
  payloadRefused,   // packets are authentic but of a payload type nobody agreed
  numbersRefused,   // authentic numbering trouble: replays, too old, sources without end
};

std::string_view toString(AudioFault fault);  // "key_mismatch"

struct AudioFinding {
  Side from = Side::a;  // whose audio does not get through
  AudioFault fault = AudioFault::nothingArrives;
  std::string text;  // a sentence for the operator; no key material
};

// What is wrong with the audio that `from` should be sending; nothing when some got through or none was due.
std::optional<AudioFinding> findAudioFault(Side from, const SideFacts& sender, const SideFacts& listener);

}  // namespace sallyport::media
