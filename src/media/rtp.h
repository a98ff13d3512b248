// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a datagram on a media port is (RFC 7983 7, RFC 5761 4) and the RTP header (RFC 3550 5.1) as a
// value. Plain functions: nothing here keeps state or trusts what it reads.

#include <cstdint>
#include <optional>

#include "core/bytes.h"

namespace sallyport::media {

// The port a datagram came to, and the kind of packet it turned out to be once RTCP is muxed.
enum class Channel : std::uint8_t { rtp, rtcp };

enum class DatagramKind : std::uint8_t { stun, zrtp, dtls, turnChannel, rtp, rtcp, unknown };

// By the first byte, and for RTP and RTCP by the second: a packet type of 192-223, which an RTP packet
// would show as payload type 64-95, is RTCP (RFC 5761 4).
DatagramKind classify(Bytes datagram);
constexpr bool mayBeRtp(std::uint8_t first_byte) { return first_byte >> 6 == 2; }  // or RTCP
constexpr bool mayBeZrtp(std::uint8_t first_byte) { return first_byte >= 16 && first_byte <= 19; }

inline constexpr std::size_t kRtpFixedHeaderBytes = 12;
inline constexpr std::size_t kRtcpHeaderBytes = 8;  // the common header and the sender's SSRC

struct RtpHeader {
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::uint32_t payload_offset = 0;  // behind CSRCs and header extension; within the packet
  std::uint16_t sequence = 0;
  std::uint8_t payload_type = 0;
  std::uint8_t csrc_count = 0;
  bool marker = false;
  bool padded = false;
  bool extended = false;
};

// Version 2, and CSRCs and extension that end inside the packet; nothing otherwise. The padding is part of
// what SRTP encrypts, so it is judged by payloadOf() alone.
std::optional<RtpHeader> parseRtpHeader(Bytes packet);

// The payload without padding; nothing when the padding count is zero or larger than the payload. `packet`
// is the cleartext that `header` was parsed from.
std::optional<Bytes> payloadOf(Bytes packet, const RtpHeader& header);

// Writes the fixed header of a packet without CSRCs, extension or padding: 12 bytes.
void writeRtpHeader(std::span<std::uint8_t, kRtpFixedHeaderBytes> out, const RtpHeader& header);

}  // namespace sallyport::media
