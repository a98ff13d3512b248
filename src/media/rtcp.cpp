// SPDX-License-Identifier: Apache-2.0
#include "media/rtcp.h"

#include <algorithm>
#include <cstring>

namespace sallyport::media {
namespace {

constexpr std::uint8_t kVersionMask = 0xC0, kVersion2 = 0x80, kPaddingBit = 0x20, kCountMask = 0x1F;
constexpr std::size_t kCommonHeaderBytes = 4;
constexpr std::size_t kSsrcBytes = 4, kSenderInfoBytes = 20, kReportBlockBytes = 24;
constexpr std::uint8_t kCnameItem = 1;
constexpr std::size_t kMostReportBlocks = 31;
constexpr std::uint64_t kNtpToUnixSeconds = 2'208'988'800;

std::size_t reportsOffset(std::uint8_t type) {
  return type == rtcp_type::kSenderReport ? kSsrcBytes + kSenderInfoBytes : kSsrcBytes;
}

// Whether the body holds what type and count promise (RFC 3550 6.4 to 6.7, RFC 4585 6.1, RFC 3611 2).
bool holdsWhatItPromises(const RtcpPacket& packet) {
  switch (packet.type) {
    case rtcp_type::kSenderReport:
    case rtcp_type::kReceiverReport:
      return packet.body.size() >= reportsOffset(packet.type) + packet.count * kReportBlockBytes;
    case rtcp_type::kSourceDescription:
      // Each chunk is at least an SSRC and the null that ends its items, in words.
      return packet.body.size() >= packet.count * std::size_t{8};
    case rtcp_type::kBye: return packet.body.size() >= packet.count * kSsrcBytes;
    case rtcp_type::kApplication:
    case rtcp_type::kTransportFeedback:
    case rtcp_type::kPayloadFeedback: return packet.body.size() >= 2 * kSsrcBytes;
    default: return packet.body.size() >= kSsrcBytes;
  }
}

}  // namespace

std::optional<RtcpPacket> RtcpReader::next() {
  if (rest_.empty() || malformed_) return std::nullopt;
  malformed_ = true;  // unless the end of this function is reached
  if (rest_.size() < kCommonHeaderBytes || (rest_[0] & kVersionMask) != kVersion2) return std::nullopt;
  const auto length = (std::size_t{loadBe16(&rest_[2])} + 1) * 4;
  if (rest_.size() < length) return std::nullopt;

  RtcpPacket packet{rest_[1], static_cast<std::uint8_t>(rest_[0] & kCountMask),
                    rest_.subspan(kCommonHeaderBytes, length - kCommonHeaderBytes)};
  if ((rest_[0] & kPaddingBit) != 0) {
    // RFC 3550 6.4.1: only the last packet may be padded, by whole words.
    if (rest_.size() != length || packet.body.empty()) return std::nullopt;
    const std::size_t padding = packet.body.back();
    if (padding == 0 || padding % 4 != 0 || padding > packet.body.size()) return std::nullopt;
    packet.body = packet.body.first(packet.body.size() - padding);
  }
  rest_ = rest_.subspan(length);
  malformed_ = false;
  return packet;
}

std::optional<RtcpForm> judgeRtcp(Bytes compound) {
  RtcpReader reader{compound};
  std::optional<RtcpForm> form;
  while (const auto packet = reader.next()) {
    if (!holdsWhatItPromises(*packet)) return std::nullopt;
    if (!form) {
      const bool report = packet->type == rtcp_type::kSenderReport || packet->type == rtcp_type::kReceiverReport;
      form = report ? RtcpForm::compound : RtcpForm::reducedSize;
    }
  }
  return reader.malformed() ? std::nullopt : form;
}

std::optional<SenderInfo> senderInfoOf(const RtcpPacket& sender_report) {
  if (sender_report.type != rtcp_type::kSenderReport) return std::nullopt;
  ByteReader reader{sender_report.body};
  if (!reader.take(kSsrcBytes) || reader.remaining() < kSenderInfoBytes) return std::nullopt;
  SenderInfo info;
  const std::uint64_t seconds = *reader.u32();
  info.ntp_time = seconds << 32 | *reader.u32();
  info.rtp_timestamp = *reader.u32();
  info.packets = *reader.u32();
  info.octets = *reader.u32();
  return info;
}

std::optional<ReportBlock> reportBlockOf(const RtcpPacket& report, std::size_t number) {
  if (report.type != rtcp_type::kSenderReport && report.type != rtcp_type::kReceiverReport) return std::nullopt;
  const auto offset = reportsOffset(report.type) + number * kReportBlockBytes;
  if (number >= report.count || report.body.size() < offset + kReportBlockBytes) return std::nullopt;
  ByteReader reader{report.body.subspan(offset, kReportBlockBytes)};
  ReportBlock block;
  block.ssrc = *reader.u32();
  const auto lost = *reader.u32();
  block.fraction_lost = static_cast<std::uint8_t>(lost >> 24);
  block.cumulative_lost = static_cast<std::int32_t>(lost << 8) >> 8;  // sign of 24 bits
  block.highest_sequence = *reader.u32();
  block.jitter = *reader.u32();
  block.last_report = *reader.u32();
  block.delay_since_last_report = *reader.u32();
  return block;
}

std::uint64_t ntpTime(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto fraction = std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch - seconds);
  const auto whole = static_cast<std::uint64_t>(seconds.count()) + kNtpToUnixSeconds;
  return whole << 32 | (static_cast<std::uint64_t>(fraction.count()) << 32) / 1'000'000'000;
}

std::optional<std::chrono::microseconds> roundTrip(const ReportBlock& block, std::uint32_t now_compact_ntp) {
  if (block.last_report == 0) return std::nullopt;
  const auto units = static_cast<std::int32_t>(now_compact_ntp - block.last_report - block.delay_since_last_report);
  if (units < 0) return std::nullopt;
  return std::chrono::microseconds{std::int64_t{units} * 1'000'000 / 65'536};
}

// ------------------------------------------------------------------------------------------ builder

bool RtcpBuilder::report(std::uint8_t type, std::uint32_t ssrc, const SenderInfo* sender,
                         std::span<const ReportBlock> blocks) {
  blocks = blocks.first(std::min(blocks.size(), kMostReportBlocks));
  const auto body = reportsOffset(type) + blocks.size() * kReportBlockBytes;
  ByteWriter writer{out_.subspan(length_)};
  writer.u8(static_cast<std::uint8_t>(kVersion2 | blocks.size()));
  writer.u8(type);
  writer.u16(static_cast<std::uint16_t>(body / 4));
  writer.u32(ssrc);
  if (sender != nullptr) {
    writer.u32(static_cast<std::uint32_t>(sender->ntp_time >> 32));
    writer.u32(static_cast<std::uint32_t>(sender->ntp_time));
    writer.u32(sender->rtp_timestamp);
    writer.u32(sender->packets);
    writer.u32(sender->octets);
  }
  for (const auto& block : blocks) {
    const auto lost = std::clamp(block.cumulative_lost, -0x80'0000, 0x7F'FFFF);
    writer.u32(block.ssrc);
    writer.u32(std::uint32_t{block.fraction_lost} << 24 | (static_cast<std::uint32_t>(lost) & 0xFF'FFFF));
    writer.u32(block.highest_sequence);
    writer.u32(block.jitter);
    writer.u32(block.last_report);
    writer.u32(block.delay_since_last_report);
  }
  if (writer.overflowed()) return false;
  length_ += writer.written().size();
  return true;
}

bool RtcpBuilder::senderReport(std::uint32_t ssrc, const SenderInfo& sender, std::span<const ReportBlock> blocks) {
  return report(rtcp_type::kSenderReport, ssrc, &sender, blocks);
}

bool RtcpBuilder::receiverReport(std::uint32_t ssrc, std::span<const ReportBlock> blocks) {
  return report(rtcp_type::kReceiverReport, ssrc, nullptr, blocks);
}

bool RtcpBuilder::cname(std::uint32_t ssrc, std::string_view cname) {
  cname = cname.substr(0, 255);
  const auto items = 2 + cname.size() + 1;  // at least one null ends the items
  const auto padded = (items + 3) / 4 * 4;
  ByteWriter writer{out_.subspan(length_)};
  writer.u8(kVersion2 | 1);
  writer.u8(rtcp_type::kSourceDescription);
  writer.u16(static_cast<std::uint16_t>((kSsrcBytes + padded) / 4));
  writer.u32(ssrc);
  writer.u8(kCnameItem);
  writer.u8(static_cast<std::uint8_t>(cname.size()));
  writer.put(bytesOf(cname));
  for (auto at = items - 1; at < padded; ++at) writer.u8(0);
  if (writer.overflowed()) return false;
  length_ += writer.written().size();
  return true;
}

bool RtcpBuilder::bye(std::uint32_t ssrc, std::string_view reason) {
  reason = reason.substr(0, 255);
  const auto text = reason.empty() ? 0 : (1 + reason.size() + 3) / 4 * 4;
  ByteWriter writer{out_.subspan(length_)};
  writer.u8(kVersion2 | 1);
  writer.u8(rtcp_type::kBye);
  writer.u16(static_cast<std::uint16_t>((kSsrcBytes + text) / 4));
  writer.u32(ssrc);
  if (!reason.empty()) {
    writer.u8(static_cast<std::uint8_t>(reason.size()));
    writer.put(bytesOf(reason));
    for (auto at = 1 + reason.size(); at < text; ++at) writer.u8(0);
  }
  if (writer.overflowed()) return false;
  length_ += writer.written().size();
  return true;
}

}  // namespace sallyport::media
