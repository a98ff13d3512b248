// SPDX-License-Identifier: Apache-2.0
#include "media/rtp.h"

namespace sallyport::media {
namespace {

constexpr std::uint8_t kVersionMask = 0xC0, kVersion2 = 0x80;
constexpr std::uint8_t kPaddingBit = 0x20, kExtensionBit = 0x10, kCsrcMask = 0x0F;
constexpr std::uint8_t kMarkerBit = 0x80, kPayloadTypeMask = 0x7F;

// RFC 5761 4: what RTCP packet types look like where RTP has marker and payload type.
constexpr std::uint8_t kFirstRtcpType = 192, kLastRtcpType = 223;

}  // namespace

DatagramKind classify(Bytes datagram) {
  if (datagram.empty()) return DatagramKind::unknown;
  const auto first = datagram[0];
  // RFC 7983 7, and RFC 9443 5 for what came later: 20-63 stays DTLS.
  if (first <= 3) return DatagramKind::stun;
  if (first >= 16 && first <= 19) return DatagramKind::zrtp;
  if (first >= 20 && first <= 63) return DatagramKind::dtls;
  if (first >= 64 && first <= 79) return DatagramKind::turnChannel;
  if ((first & kVersionMask) != kVersion2 || datagram.size() < 2) return DatagramKind::unknown;
  const auto second = datagram[1];
  return second >= kFirstRtcpType && second <= kLastRtcpType ? DatagramKind::rtcp : DatagramKind::rtp;
}

std::optional<RtpHeader> parseRtpHeader(Bytes packet) {
  if (packet.size() < kRtpFixedHeaderBytes || (packet[0] & kVersionMask) != kVersion2) return std::nullopt;
  RtpHeader header;
  header.padded = (packet[0] & kPaddingBit) != 0;
  header.extended = (packet[0] & kExtensionBit) != 0;
  header.csrc_count = packet[0] & kCsrcMask;
  header.marker = (packet[1] & kMarkerBit) != 0;
  header.payload_type = packet[1] & kPayloadTypeMask;
  header.sequence = loadBe16(&packet[2]);
  header.timestamp = loadBe32(&packet[4]);
  header.ssrc = loadBe32(&packet[8]);

  std::size_t offset = kRtpFixedHeaderBytes + std::size_t{4} * header.csrc_count;
  if (header.extended) {
    // RFC 3550 5.3.1: two bytes by profile, then the extension's length in words.
    if (packet.size() < offset + 4) return std::nullopt;
    offset += 4 + std::size_t{4} * loadBe16(&packet[offset + 2]);
  }
  if (packet.size() < offset) return std::nullopt;
  header.payload_offset = static_cast<std::uint32_t>(offset);
  return header;
}

std::optional<Bytes> payloadOf(Bytes packet, const RtpHeader& header) {
  if (packet.size() < header.payload_offset) return std::nullopt;
  const auto payload = packet.subspan(header.payload_offset);
  if (!header.padded) return payload;
  if (payload.empty() || payload.back() == 0 || payload.back() > payload.size()) return std::nullopt;
  return payload.first(payload.size() - payload.back());
}

void writeRtpHeader(std::span<std::uint8_t, kRtpFixedHeaderBytes> out, const RtpHeader& header) {
  out[0] = kVersion2;
  out[1] = static_cast<std::uint8_t>((header.marker ? kMarkerBit : 0) | (header.payload_type & kPayloadTypeMask));
  storeBe16(&out[2], header.sequence);
  storeBe32(&out[4], header.timestamp);
  storeBe32(&out[8], header.ssrc);
}

}  // namespace sallyport::media
