// SPDX-License-Identifier: Apache-2.0
// A call's RTCP (RFC 3550 6): reports every five seconds, what the peer's reports tell, goodbye at the end.
#include <algorithm>
#include <array>

#include "phone/media_session.h"

namespace sallyport::phone {
namespace {

constexpr std::chrono::seconds kReportEvery{5};
constexpr std::string_view kCname = "phone";  // says nothing about the host (RFC 7022 4.1)

}  // namespace

void MediaSession::onRtcp(MutableBytes datagram) {
  const auto result = unprotect(datagram, media::Channel::rtcp);
  if (const auto* reason = std::get_if<media::DropReason>(&result)) return figures_.drops.count(*reason);
  const Bytes compound = std::get<media::AuthenticatedPacket>(result).bytes();
  if (!media::judgeRtcp(compound)) return figures_.drops.count(media::DropReason::malformedRtcp);
  media::RtcpReader reader{compound};
  while (const auto packet = reader.next()) {
    if (packet->type == media::rtcp_type::kSenderReport || packet->type == media::rtcp_type::kReceiverReport) {
      onReport(*packet);
    }
  }
}

void MediaSession::onReport(const media::RtcpPacket& packet) {
  if (packet.type == media::rtcp_type::kSenderReport) {
    if (const auto sender = media::senderInfoOf(packet)) {
      last_report_ = media::compactNtp(sender->ntp_time);
      last_report_at_ = loop_.now();
    }
  }
  for (std::size_t i = 0; i < packet.count; ++i) {
    const auto block = media::reportBlockOf(packet, i);
    if (!block || !sender_ || block->ssrc != sender_->numbering().ssrc) continue;
    const auto now = media::compactNtp(media::ntpTime(loop_.clock().wall()));
    if (const auto round_trip = media::roundTrip(*block, now)) figures_.round_trip = round_trip;
    sender_->expectLoss(block->fraction_lost * 100U / 256);
  }
}

media::ReportBlock MediaSession::reportBlock() const {
  const auto quality = quality_.figures();
  media::ReportBlock block;
  block.ssrc = *remote_ssrc_;
  const auto expected = quality.expected - std::min(quality.expected, reported_expected_);
  const auto lost = quality.lost - std::min(quality.lost, reported_lost_);
  if (expected > 0)
    block.fraction_lost = static_cast<std::uint8_t>(std::min<std::uint64_t>(255, lost * 256 / expected));
  block.cumulative_lost = static_cast<std::int32_t>(std::min<std::uint64_t>(quality.lost, 0x7FFFFF));
  block.highest_sequence = highest_sequence_;
  const auto rate = static_cast<std::int64_t>(audioRate(plan_->voice.codec));
  block.jitter = static_cast<std::uint32_t>(quality.jitter.count() * rate / 1'000'000);
  if (last_report_ != 0) {
    block.last_report = last_report_;
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - last_report_at_);
    block.delay_since_last_report = static_cast<std::uint32_t>(since.count() * 65'536 / 1'000'000);
  }
  return block;
}

void MediaSession::sendRtcp(Occasion occasion) {
  if (occasion == Occasion::report) {
    rtcp_timer_ = loop_.schedule(kReportEvery, [this] { sendRtcp(Occasion::report); });
  }
  if (!send_) return;  // ZRTP has agreed no key yet
  const Endpoint to = plan_->mux == sdp::RtcpMux::muxed ? destination().value_or(Endpoint{}) : plan_->remote_rtcp;
  if (to.address.isUnspecified() || to.port == 0) return;

  std::array<std::uint8_t, 512> buffer;
  media::RtcpBuilder builder{MutableBytes{buffer}.first(buffer.size() - media::kSrtpTailroom)};
  const auto& numbering = sender_->numbering();
  std::array<media::ReportBlock, 1> block;
  std::span<const media::ReportBlock> blocks;
  if (remote_ssrc_) {
    block[0] = reportBlock();
    blocks = block;
    reported_expected_ = quality_.figures().expected;
    reported_lost_ = quality_.figures().lost;
  }
  if (figures_.packets_sent > 0 && sdp::sends(plan_->direction)) {
    builder.senderReport(numbering.ssrc,
                         {media::ntpTime(loop_.clock().wall()), numbering.timestamp,
                          static_cast<std::uint32_t>(figures_.packets_sent), static_cast<std::uint32_t>(octets_sent_)},
                         blocks);
  } else {
    builder.receiverReport(numbering.ssrc, blocks);
  }
  builder.cname(numbering.ssrc, kCname);
  if (occasion == Occasion::goodbye) builder.bye(numbering.ssrc, {});
  const auto sealed = send_->protectRtcp(buffer, builder.written().size());
  if (const auto* size = std::get_if<std::size_t>(&sealed)) {
    (rtcp_ ? rtcp_ : rtp_)->send(to, Bytes{buffer}.first(*size));
  } else {
    ++figures_.send_failures;
  }
}

}  // namespace sallyport::phone
