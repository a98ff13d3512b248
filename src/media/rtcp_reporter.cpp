// SPDX-License-Identifier: Apache-2.0
#include "media/rtcp_reporter.h"

#include <algorithm>
#include <array>

namespace sallyport::media {
namespace {

constexpr std::string_view kCname = "edge";  // says nothing about the host (RFC 7022 4.1)

std::uint64_t ntpOf(TimePoint now) {
  const auto nanoseconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count());
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return nanoseconds / kSecond << 32 | (nanoseconds % kSecond << 32) / kSecond;
}

std::uint32_t unitsOf(std::chrono::microseconds time, std::uint32_t clock_rate) {
  return static_cast<std::uint32_t>(time.count() * clock_rate / 1'000'000);
}

}  // namespace

void RtcpReporter::onSent(const RtpHeader& header, std::size_t payload_bytes, TimePoint now) {
  if (!ours_ || ours_->ssrc != header.ssrc) ours_ = Ours{header.ssrc, 0, {}, 0, 0};
  ours_->timestamp = header.timestamp;
  ours_->at = now;
  ++ours_->packets;
  ours_->octets += static_cast<std::uint32_t>(payload_bytes);
}

std::optional<unsigned> RtcpReporter::onReport(Bytes compound, TimePoint now) {
  std::optional<unsigned> loss;
  RtcpReader reader{compound};
  while (const auto packet = reader.next()) {
    if (const auto sender = senderInfoOf(*packet)) {
      last_report_ = compactNtp(sender->ntp_time);
      last_report_of_ = loadBe32(packet->body.data());
      last_report_at_ = now;
    }
    for (std::size_t number = 0; const auto block = reportBlockOf(*packet, number); ++number) {
      if (ours_ && block->ssrc == ours_->ssrc) loss = block->fraction_lost * 100U / 256;
    }
  }
  return loss;
}

// RFC 3550 6.4.1, A.3.
ReportBlock RtcpReporter::blockOf(const StreamFigures& heard, std::uint32_t clock_rate, TimePoint now) {
  ReportBlock block;
  block.ssrc = heard.ssrc;
  const auto expected = heard.expected - std::min(heard.expected, told_expected_);
  const auto lost = heard.lost - std::min(heard.lost, told_lost_);
  told_expected_ = heard.expected;
  told_lost_ = heard.lost;
  if (expected > 0)
    block.fraction_lost = static_cast<std::uint8_t>(std::min<std::uint64_t>(255, lost * 256 / expected));
  block.cumulative_lost = static_cast<std::int32_t>(std::min<std::uint64_t>(heard.lost, 0x7FFFFF));
  block.highest_sequence = heard.highest;
  block.jitter = unitsOf(heard.jitter, clock_rate);
  if (last_report_ == 0 || last_report_of_ != heard.ssrc) return block;
  block.last_report = last_report_;
  const auto held = std::chrono::duration_cast<std::chrono::microseconds>(now - last_report_at_);
  block.delay_since_last_report = unitsOf(held, 65'536);
  return block;
}

std::size_t RtcpReporter::write(MutableBytes out, const StreamFigures& heard, const Terms& terms, TimePoint now) {
  due_ = now + kEvery;
  const bool hears = heard.streams > 0;
  if (!ours_ && !(hears && terms.listener)) return 0;
  std::array<ReportBlock, 1> block{};
  if (hears) block[0] = blockOf(heard, terms.their_clock, now);
  const auto blocks = std::span<const ReportBlock>{block}.first(hears ? 1 : 0);
  RtcpBuilder builder{out};
  if (!ours_) {
    const bool whole = builder.receiverReport(*terms.listener, blocks) && builder.cname(*terms.listener, kCname);
    return whole ? builder.written().size() : 0;
  }
  SenderInfo sender;
  sender.ntp_time = ntpOf(now);
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now - ours_->at);
  sender.rtp_timestamp = ours_->timestamp + unitsOf(since, terms.our_clock);
  sender.packets = ours_->packets;
  sender.octets = ours_->octets;
  const bool whole = builder.senderReport(ours_->ssrc, sender, blocks) && builder.cname(ours_->ssrc, kCname);
  return whole ? builder.written().size() : 0;
}

}  // namespace sallyport::media
