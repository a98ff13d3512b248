// SPDX-License-Identifier: Apache-2.0
// A relay between a side with G.711 and one with Opus: what passes, as what, and what each is told by RTCP.
#include <gmock/gmock.h>

#include "media/relay_test_support.h"
#include "media/rtcp.h"

namespace sallyport::media::test {
namespace {

using audio::VoiceCodec;
constexpr std::uint8_t kPcmu = 0, kOpus = 96, kEvents = 101, kWideEvents = 102;

class TranscodingRelay : public RelayTest {
 protected:
  void SetUp() override {
    b.ssrc = 0xB1;
    configure(true);
  }
  void configure(bool transcoded) {
    auto of_a = a.config(), of_b = b.config();
    of_a.payload_types = of_b.payload_types = {};
    of_a.formats = {{kPcmu, AudioCodec::pcmu, 8'000}};
    of_b.formats = {{kOpus, AudioCodec::opus, 48'000}};
    if (transcoded) {
      of_a.transcoding = TranscodingConfig{{{kPcmu, VoiceCodec::pcmu}},
                                           {{kEvents, 8'000}},
                                           {kOpus, VoiceCodec::opus},
                                           {{kWideEvents, 48'000}},
                                           20ms,
                                           11};
      of_b.transcoding = TranscodingConfig{{{kOpus, VoiceCodec::opus}},
                                           {{kWideEvents, 48'000}},
                                           {kPcmu, VoiceCodec::pcmu},
                                           {{kEvents, 8'000}},
                                           20ms,
                                           22};
    }
    of_b.events = EventFormat{kWideEvents, 48'000};
    ASSERT_TRUE(relay.configure(Side::a, std::move(of_a), now));
    ASSERT_TRUE(relay.configure(Side::b, std::move(of_b), now));
  }
  // What the peer of `to` gets of the datagram last given, in clear.
  std::vector<Buffer> made(Side to) {
    std::vector<Buffer> out;
    Buffer buffer(kLongestPacket + kSrtpTailroom);
    while (true) {
      const auto verdict = relay.nextTranscoded(to, buffer, now);
      if (!verdict.forward()) return out;
      out.push_back(opened(to, verdict, buffer));
    }
  }
  Buffer opened(Side to, const Verdict& verdict, Buffer buffer) {
    auto& peer = to == Side::a ? a : b;
    buffer.resize(verdict.length);
    const auto content = classify(buffer) == DatagramKind::rtcp ? Channel::rtcp : Channel::rtp;
    const auto read =
        content == Channel::rtp ? peer.receiver.unprotectRtp(buffer) : peer.receiver.unprotectRtcp(buffer);
    const auto* packet = std::get_if<AuthenticatedPacket>(&read);
    EXPECT_NE(packet, nullptr);
    return packet == nullptr ? Buffer{} : Buffer{packet->bytes().begin(), packet->bytes().end()};
  }
  std::vector<Buffer> talk(std::uint16_t sequence) {
    EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(sequence, kPcmu)), DropReason::transcoded);
    now += 20ms;
    return made(Side::b);
  }
  std::optional<Buffer> report(Side to) {
    Buffer buffer(kLongestPacket + kSrtpTailroom);
    const auto verdict = relay.nextEvent(to, buffer, now);
    if (!verdict.forward()) return std::nullopt;
    return opened(to, verdict, buffer);
  }
};

TEST_F(TranscodingRelay, VoiceLeavesInTheOtherCodecUnderASourceOfOurs) {
  const auto heard = talk(100);
  ASSERT_EQ(heard.size(), 1u);
  const auto header = parseRtpHeader(heard[0]);
  EXPECT_EQ(header->payload_type, kOpus);
  EXPECT_EQ(header->ssrc, 11u);
  const auto seen = relay.snapshot().of(Side::a);
  EXPECT_EQ(seen.facts.drops.total(), 0u);
  EXPECT_EQ(seen.facts.forwarded, 1u);
  ASSERT_TRUE(seen.transcoding);
  EXPECT_EQ(seen.transcoding->packets, 1u);
}

TEST_F(TranscodingRelay, WhatIsNotOfTheSideIsStillRefused) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1, 8)), DropReason::payloadTypeRefused);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, rtpPacket(7, 2)), DropReason::badTag);
  EXPECT_TRUE(made(Side::b).empty());
}

TEST_F(TranscodingRelay, OnHoldNothingIsTranscoded) {
  b.direction = PeerDirection::sendsOnly;
  configure(true);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1, kPcmu)), DropReason::directionClosed);
}

TEST_F(TranscodingRelay, HostilePayloadsAreCountedByNameAndGoNoFurther) {
  (void)talk(1);
  const auto empty = protect(a.sender, rtpPacket(a.ssrc, 2, kPcmu, 0));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, empty), DropReason::undecodable);
  EXPECT_EQ(drops(Side::a, DropReason::undecodable), 1u);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, protect(a.sender, rtpPacket(a.ssrc, 3, kPcmu, 1'200))), DropReason::transcoded);
  EXPECT_TRUE(made(Side::b).empty());
}

TEST_F(TranscodingRelay, AKeyOfOursPlaysIntoTheTranscodedStream) {
  const auto voice = parseRtpHeader(talk(1).at(0));
  ASSERT_TRUE(relay.play(Side::b, {5, 100ms}, 1, now));
  const auto event = report(Side::b);
  ASSERT_TRUE(event);
  const auto header = parseRtpHeader(*event);
  EXPECT_EQ(header->payload_type, kWideEvents);
  EXPECT_EQ(header->ssrc, voice->ssrc);
  EXPECT_EQ(header->sequence, static_cast<std::uint16_t>(voice->sequence + 1));
  EXPECT_TRUE(talk(2).empty());  // voice waits meanwhile
}

TEST_F(TranscodingRelay, ReportsOfTheEndsStopHereAndOursTellOfOurStreams) {
  for (std::uint16_t i = 1; i <= 10; ++i) (void)talk(i);
  EXPECT_EQ(reasonFor(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp), DropReason::rtcpEndsHere);
  ASSERT_TRUE(relay.eventDue());
  EXPECT_FALSE(report(Side::b));
  now = *relay.eventDue();
  const auto to_b = report(Side::b);
  ASSERT_TRUE(to_b);
  RtcpReader reader{*to_b};
  const auto sender = reader.next();
  ASSERT_TRUE(sender);
  EXPECT_EQ(sender->type, rtcp_type::kSenderReport);
  EXPECT_EQ(senderInfoOf(*sender)->packets, 10u);
  EXPECT_EQ(sender->count, 0u);  // nothing was heard of b
  EXPECT_EQ(reader.next()->type, rtcp_type::kSourceDescription);
  const auto to_a = report(Side::a);  // to which nothing was sent
  ASSERT_TRUE(to_a);
  EXPECT_EQ(RtcpReader{*to_a}.next()->type, rtcp_type::kReceiverReport);
  EXPECT_GT(*relay.eventDue(), now);
}

TEST_F(TranscodingRelay, AReportThatIsNoneIsCountedAsSuch) {
  (void)talk(1);
  auto cut = rtcpPacket(b.ssrc);
  cut[3] = 9;
  EXPECT_EQ(reasonFor(Side::b, b.rtcp, protect(b.sender, cut, Channel::rtcp), Channel::rtcp),
            DropReason::malformedRtcp);
}

TEST_F(TranscodingRelay, WithoutTranscodingNoReportIsEverDue) {
  configure(false);
  EXPECT_FALSE(relay.eventDue());
  EXPECT_EQ(reasonFor(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp), DropReason::sent);
}

// What both sides have goes on as it is until one packet must be transcoded; then all of that direction does.
TEST_F(TranscodingRelay, ACodecThatBothHaveIsRelayedUntilAnotherComes) {
  auto of_b = b.config();
  of_b.payload_types = {};
  of_b.payload_types.allow(kPcmu, kPcmu);
  of_b.transcoding = TranscodingConfig{
      {{kPcmu, VoiceCodec::pcmu}, {kOpus, VoiceCodec::opus}}, {}, {kPcmu, VoiceCodec::pcmu}, {}, 20ms, 22};
  ASSERT_TRUE(relay.configure(Side::b, std::move(of_b), now));
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1, kPcmu)), DropReason::sent);
  const auto encoder = *audio::VoiceEncoder::create(VoiceCodec::opus, 8'000);
  const auto payload = *encoder->encode(std::vector<std::int16_t>(160));
  auto packet = rtpPacket(b.ssrc, 2, kOpus, payload.size());
  std::copy(payload.begin(), payload.end(), packet.begin() + kRtpFixedHeaderBytes);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, protect(b.sender, packet)), DropReason::transcoded);
  EXPECT_EQ(made(Side::a).size(), 1u);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(3, kPcmu)), DropReason::transcoded);
}

// Repacketising: the codec is shared, the packet time is not.
class RepacketisingRelay : public TranscodingRelay {
 protected:
  void SetUp() override {
    TranscodingRelay::SetUp();
    auto of_a = a.config();
    of_a.transcoding = TranscodingConfig{.from = {{kPcmu, VoiceCodec::pcmu}},
                                         .events_from = {},
                                         .to = {kPcmu, VoiceCodec::pcmu},
                                         .events_to = {},
                                         .packet = 10ms,
                                         .random = 11,
                                         .crossing = {{kPcmu, kPcmu}}};
    ASSERT_TRUE(relay.configure(Side::a, std::move(of_a), now));
    ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  }
  DropReason say(std::uint16_t sequence, std::size_t octets, std::uint8_t payload_type = kPcmu) {
    const auto outcome =
        reasonFor(Side::a, a.rtp, protect(a.sender, rtpPacket(a.ssrc, sequence, payload_type, octets)));
    now += 20ms;
    return outcome;
  }
};

TEST_F(RepacketisingRelay, PacketsOfTheAgreedLengthGoOnAsTheyComeWithTheReportsOfTheEnds) {
  for (std::uint16_t sequence = 1; sequence < 5; ++sequence) EXPECT_EQ(say(sequence, 80), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp), DropReason::sent);
  EXPECT_FALSE(relay.snapshot().of(Side::a).transcoding);
}

TEST_F(RepacketisingRelay, FromTheFirstOfAnotherLengthOnAllIsOneStreamOfOurs) {
  EXPECT_EQ(say(1, 80), DropReason::sent);
  EXPECT_EQ(say(2, 160), DropReason::transcoded);
  const auto heard = made(Side::b);
  ASSERT_EQ(heard.size(), 2u);
  for (const std::size_t half : {0, 1}) {
    EXPECT_EQ(parseRtpHeader(heard[half])->ssrc, 11u);
    EXPECT_EQ(heard[half].size(), kRtpFixedHeaderBytes + 80);
    EXPECT_EQ(heard[half][kRtpFixedHeaderBytes], static_cast<std::uint8_t>(kRtpFixedHeaderBytes + 2 + 80 * half));
  }
  EXPECT_EQ(say(3, 80), DropReason::transcoded);
  EXPECT_EQ(reasonFor(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp), DropReason::rtcpEndsHere);
  const auto seen = relay.snapshot().of(Side::a).transcoding;
  ASSERT_TRUE(seen && seen->repacketised);
  EXPECT_EQ(seen->repacketised->to, 10ms);
}

TEST_F(RepacketisingRelay, WhereOneDirectionIsOursBothEndsAreToldOfBothByUs) {
  for (std::uint16_t sequence = 1; sequence <= 4; ++sequence) {
    EXPECT_EQ(say(sequence, 160), DropReason::transcoded);
    (void)made(Side::b);
    EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(sequence, kPcmu)), DropReason::sent);
  }
  now = *relay.eventDue();
  const auto to_a = report(Side::a), to_b = report(Side::b);
  ASSERT_TRUE(to_a && to_b);
  const auto about = [](const Buffer& compound) {
    RtcpReader reader{compound};
    const auto report = *reader.next();
    return std::pair{report.type, reportBlockOf(report, 0)->ssrc};
  };
  EXPECT_EQ(about(*to_a), std::pair(rtcp_type::kReceiverReport, a.ssrc));
  EXPECT_EQ(about(*to_b), std::pair(rtcp_type::kSenderReport, b.ssrc));
}

TEST_F(RepacketisingRelay, AnotherCodecThatBothHaveGoesOnAsItComes) {
  EXPECT_EQ(say(1, 160), DropReason::transcoded);
  EXPECT_EQ(say(2, 60, kOpus), DropReason::sent);
}

}  // namespace
}  // namespace sallyport::media::test
