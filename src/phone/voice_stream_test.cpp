// SPDX-License-Identifier: Apache-2.0
// Sender and receiver back to back, with whatever a network does to packets in between.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <vector>

#include "phone/audio/compare.h"
#include "phone/voice_receiver.h"
#include "phone/voice_sender.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

struct Packet {
  media::RtpHeader header;
  std::vector<std::uint8_t> payload;
};

class VoiceStream : public ::testing::TestWithParam<sdp::Codec> {
 protected:
  VoiceStream() {
    sdp::CodecFormat format;
    format.codec = GetParam();
    format.payload_type = 96;
    // Sequence numbers and timestamps wrap in the first second.
    sender = *VoiceSender::create(format, *source, {0xABCD, 65'500, 0xFFFFF000});
    receiver = *VoiceReceiver::create(GetParam(), *sink);
  }
  Packet next() {
    std::array<std::uint8_t, 1'500> buffer;
    const auto length = sender->nextPacket(buffer);
    EXPECT_TRUE(length);
    const Bytes packet = Bytes{buffer}.first(*length);
    const auto header = *media::parseRtpHeader(packet);
    const auto payload = *media::payloadOf(packet, header);
    return {header, {payload.begin(), payload.end()}};
  }
  // `delay` in frames of packet n; none: lost.
  void run(unsigned frames, const std::function<std::optional<unsigned>(unsigned)>& delay) {
    std::multimap<unsigned, Packet> network;
    for (unsigned n = 0; n < frames; ++n) {
      auto packet = next();
      if (const auto late = delay(n)) network.emplace(n + *late, std::move(packet));
      while (!network.empty() && network.begin()->first <= n) {
        const auto& arrived = network.begin()->second;
        receiver->push(arrived.header, arrived.payload, now);
        network.erase(network.begin());
      }
      EXPECT_TRUE(receiver->play(now));
      now += kFrame;
    }
  }
  AudioComparison compared() const { return *compareAudio(speech, *heard); }

  Pcm speech = generateTone({{}, 4}, 16'000, 6s);
  std::unique_ptr<AudioSource> source = playRecording(std::make_shared<const Pcm>(speech), Repetition::once);
  std::shared_ptr<Pcm> heard = std::make_shared<Pcm>(Pcm{16'000, {}});
  std::unique_ptr<AudioSink> sink = recordInto(heard);
  std::unique_ptr<VoiceSender> sender;
  std::unique_ptr<VoiceReceiver> receiver;
  TimePoint now{1h};
};
INSTANTIATE_TEST_SUITE_P(Codecs, VoiceStream, ::testing::Values(sdp::Codec::opus, sdp::Codec::pcmu, sdp::Codec::pcma),
                         [](const auto& instance) { return std::string{sdp::toString(instance.param)}; });

TEST_P(VoiceStream, APerfectNetworkBringsTheSameAudio) {
  run(310, [](unsigned) { return 0U; });
  const auto comparison = compared();
  EXPECT_TRUE(judge(comparison, thresholdsFor(GetParam())).passed());
  EXPECT_LT(comparison.delay_ms, 120);
  EXPECT_EQ(receiver->counters().concealed, 0U);
}

TEST_P(VoiceStream, ReorderedPacketsAreHeardInOrder) {
  run(310, [](unsigned n) { return n % 4 == 1 ? 2U : 0U; });
  EXPECT_TRUE(judge(compared(), thresholdsFor(GetParam())).passed());
  EXPECT_EQ(receiver->counters().late, 0U);
}

TEST_P(VoiceStream, FivePercentLossIsConcealed) {
  sender->expectLoss(10);
  run(310, [](unsigned n) { return n % 20 == 7 ? std::nullopt : std::optional{0U}; });
  const auto comparison = compared();
  EXPECT_GT(comparison.correlation, 0.9);
  EXPECT_LE(comparison.delay_spread_ms, 1);
  EXPECT_NEAR(static_cast<double>(receiver->counters().concealed), 15, 2);
}

TEST_P(VoiceStream, ANetworkThatGrowsSlowerIsFollowedWithoutLosingSpeech) {
  run(310, [](unsigned n) { return n < 100 ? 0U : 8U; });  // 160 ms more from the third second on
  const auto comparison = compared();
  EXPECT_GT(comparison.correlation, 0.9);
  EXPECT_LE(comparison.missing_ms, 250);
}

TEST_P(VoiceStream, ASkippedFrameOfTimeIsSilenceNotLoss) {
  run(50, [](unsigned) { return 0U; });
  sender->skipFrames(10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(receiver->play(now));
    now += kFrame;
  }
  run(50, [](unsigned) { return 0U; });
  EXPECT_LE(receiver->counters().concealed, 3U) << "only until the next packet tells that nothing was lost";
}

TEST_P(VoiceStream, GarbageIsCountedAndChangesNothing) {
  run(20, [](unsigned) { return 0U; });
  media::RtpHeader header;
  header.ssrc = 0xABCD;
  receiver->push(header, {}, now);
  EXPECT_EQ(receiver->undecodable(), 1U);
  run(20, [](unsigned) { return 0U; });
  EXPECT_EQ(receiver->counters().resets, 0U);
}

TEST(VoiceSender, AfterTheSourceEndsSilenceIsSent) {
  const auto source = playNothing();
  sdp::CodecFormat format;
  format.codec = sdp::Codec::pcmu;
  auto sender = *VoiceSender::create(format, *source, {});
  std::array<std::uint8_t, 172> buffer;
  ASSERT_EQ(*sender->nextPacket(buffer), 172U);
  EXPECT_EQ(buffer[12], 0xFF);
  EXPECT_EQ(buffer[171], 0xFF);
}

// --- second copies (RFC 7587 3.3) ---------------------------------------------------------------------------------

class OpusUnderLoss : public VoiceStream {
 protected:
  // One packet in ten is lost, each with its neighbours there.
  void runLossy(unsigned frames) {
    run(frames, [](unsigned n) { return n % 10 == 5 ? std::nullopt : std::optional{0U}; });
  }
};
INSTANTIATE_TEST_SUITE_P(Opus, OpusUnderLoss, ::testing::Values(sdp::Codec::opus));

TEST_P(OpusUnderLoss, WhatIsLostComesWithThePacketBehindItOnceTheSenderExpectsLoss) {
  sender->expectLoss(10);
  runLossy(300);
  EXPECT_GE(receiver->counters().concealed, 29U);
  EXPECT_GE(receiver->recovered(), receiver->counters().concealed * 6 / 10) << "pauses have none";
}

TEST_P(OpusUnderLoss, ASenderThatExpectsNoneSendsNoSecondCopies) {
  runLossy(300);
  EXPECT_GE(receiver->counters().concealed, 29U);
  EXPECT_EQ(receiver->recovered(), 0U) << "made up, all of it";
}

}  // namespace
}  // namespace sallyport::phone
