// SPDX-License-Identifier: Apache-2.0
#pragma once
// RTCP (RFC 3550 6): walking a compound packet, judging it, reading reports, and building what an
// endpoint sends. Reduced-size packets (RFC 5506) are told apart, not refused.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/bytes.h"
#include "core/clock.h"

namespace sallyport::media {

// The registered packet types we name; others are walked over.
namespace rtcp_type {
inline constexpr std::uint8_t kSenderReport = 200;
inline constexpr std::uint8_t kReceiverReport = 201;
inline constexpr std::uint8_t kSourceDescription = 202;
inline constexpr std::uint8_t kBye = 203;
inline constexpr std::uint8_t kApplication = 204;
inline constexpr std::uint8_t kTransportFeedback = 205;
inline constexpr std::uint8_t kPayloadFeedback = 206;
inline constexpr std::uint8_t kExtendedReport = 207;
}  // namespace rtcp_type

// One packet of a compound; `body` is what follows the four bytes of common header, without padding.
struct RtcpPacket {
  std::uint8_t type = 0;
  std::uint8_t count = 0;  // report count, source count or feedback format: the five bits
  Bytes body;
};

// Walks a compound: next() gives nothing at its end, or where it stops being RTCP; malformed() tells which.
class RtcpReader {
 public:
  explicit RtcpReader(Bytes compound) : rest_(compound) {}

  std::optional<RtcpPacket> next();
  bool malformed() const { return malformed_; }

 private:
  Bytes rest_;
  bool malformed_ = false;
};

enum class RtcpForm : std::uint8_t { compound, reducedSize };

// Nothing unless every packet is version 2, lies within the datagram, holds what its count promises, and
// only the last is padded (RFC 3550 A.2). A compound starts with SR or RR; any other start is reduced size.
std::optional<RtcpForm> judgeRtcp(Bytes compound);

// RFC 3550 6.4.1.
struct ReportBlock {
  std::uint32_t ssrc = 0;  // the source this is about
  std::uint8_t fraction_lost = 0;
  std::int32_t cumulative_lost = 0;  // 24 bits, signed
  std::uint32_t highest_sequence = 0;
  std::uint32_t jitter = 0;                   // in timestamp units
  std::uint32_t last_report = 0;              // the middle 32 bits of the NTP time of the last SR heard
  std::uint32_t delay_since_last_report = 0;  // in 1/65536 s
};

struct SenderInfo {
  std::uint64_t ntp_time = 0;
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;
};

std::optional<SenderInfo> senderInfoOf(const RtcpPacket& sender_report);
std::optional<ReportBlock> reportBlockOf(const RtcpPacket& report, std::size_t number);

// 32.32 fixed-point seconds since 1900, and its middle half as LSR and DLSR use it.
std::uint64_t ntpTime(WallTime time);
constexpr std::uint32_t compactNtp(std::uint64_t ntp) { return static_cast<std::uint32_t>(ntp >> 16); }

// Round trip from a report about us: received at `now` (RFC 3550 6.4.1, figure 2). Nothing without LSR, or
// when the arithmetic comes out negative.
std::optional<std::chrono::microseconds> roundTrip(const ReportBlock& block, std::uint32_t now_compact_ntp);

// Builds a compound into the caller's buffer; a packet that does not fit is left out whole.
class RtcpBuilder {
 public:
  explicit RtcpBuilder(MutableBytes out) : out_(out) {}

  bool senderReport(std::uint32_t ssrc, const SenderInfo& sender, std::span<const ReportBlock> blocks);
  bool receiverReport(std::uint32_t ssrc, std::span<const ReportBlock> blocks);
  bool cname(std::uint32_t ssrc, std::string_view cname);  // SDES with the one item that is required
  bool bye(std::uint32_t ssrc, std::string_view reason);   // no reason when empty

  Bytes written() const { return out_.first(length_); }

 private:
  bool report(std::uint8_t type, std::uint32_t ssrc, const SenderInfo* sender, std::span<const ReportBlock> blocks);

  MutableBytes out_;
  std::size_t length_ = 0;
};

}  // namespace sallyport::media
