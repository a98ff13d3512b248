// SPDX-License-Identifier: Apache-2.0
#pragma once
// Why a media packet goes no further: one closed list for SRTP and relay, each with its own counter.
// The names are stable: metrics and call records carry them.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::media {

enum class DropReason : std::uint8_t {
  // The datagram itself.
  tooShort,         // no room for header, index and tag
  tooLong,          // beyond kLongestPacket
  badVersion,       // not RTP version 2
  malformedHeader,  // CSRCs or extension run past the end
  notMedia,         // STUN, DTLS, ZRTP where it is not relayed, or nothing known
  wrongChannel,     // RTCP on the RTP port or the other way round, against what was negotiated
  // SRTP, as it arrives.
  badTag,           // the authentication tag does not verify
  replayed,         // verified before
  tooOld,           // behind the replay window
  unencryptedRtcp,  // SRTCP without the E bit
  ssrcTableFull,    // this key has vouched for as many sources as we remember
  keyExpired,       // lifetime of the key or of an index used up
  // The source address.
  sourceThrottled,  // not a known source, and enough strangers were examined this second
  staleSource,      // authentic, but from an address the peer has left
  foreignSource,    // in clear, and not from the address that the SDP names
  // What the call has agreed.
  notReady,            // keys of this side or the other are not agreed yet
  directionClosed,     // on hold: one of the two sides does not want it
  payloadTypeRefused,  // not a negotiated payload type
  badPadding,          // the cleartext's padding count is impossible
  malformedRtcp,       // the cleartext is no RTCP
  noDestination,       // the other side listens nowhere (c=0.0.0.0)
  zrtpRefused,         // the guard of ZRTP refuses it; its own counters say why
  beforeAgreement,     // voice before the two ends have agreed keys by ZRTP
  inClear,             // voice after that which can not be SRTP
  replacedByEvent,     // a key of ours plays in its place, or has overtaken it
  // Between two codecs.
  transcoded,    // not lost: what came of it has left as packets of our own
  undecodable,   // not a payload of its codec, or not an event
  overtaken,     // came after what was made up for it
  rtcpEndsHere,  // speaks of a stream that the other side does not get
  // SRTP, as it leaves.
  indexUsed,     // (SSRC, index) was encrypted before: never twice
  indexTooOld,   // behind what the sender remembers: cannot prove it unused
  noTailroom,    // the buffer has no room for index and tag
  cipherFailed,  // the library refused; our bug, the packet goes nowhere
  sent,          // not dropped; closes the list
};

inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(DropReason::sent);

std::string_view toString(DropReason reason);  // "bad_tag"

class DropCounters {
 public:
  void count(DropReason reason) { ++counts_[static_cast<std::size_t>(reason)]; }
  std::uint64_t of(DropReason reason) const { return counts_[static_cast<std::size_t>(reason)]; }
  std::uint64_t total() const;

 private:
  std::array<std::uint64_t, kDropReasons> counts_{};
};

}  // namespace sallyport::media
