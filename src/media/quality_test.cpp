// SPDX-License-Identifier: Apache-2.0
#include "media/quality.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;

constexpr AudioFormat kPcmu{0, AudioCodec::pcmu, 8'000};
constexpr AudioFormat kEvent{101, AudioCodec::other, 8'000};

class Listener {
 public:
  void hear(std::uint16_t sequence, std::chrono::microseconds late = 0us, const AudioFormat& format = kPcmu) {
    RtpHeader header;
    header.ssrc = ssrc;
    header.sequence = sequence;
    header.timestamp = sequence * 160u;
    quality.onPacket(header, format, start + sequence * 20ms + late);
  }
  StreamFigures figures() const { return quality.figures(); }

  StreamQuality quality;
  std::uint32_t ssrc = 1;
  TimePoint start{1h};
};

TEST(StreamQuality, AWholeStreamLosesNothing) {
  Listener listener;
  for (std::uint16_t i = 100; i < 600; ++i) listener.hear(i);
  const auto figures = listener.figures();
  EXPECT_EQ(figures.received, 500u);
  EXPECT_EQ(figures.expected, 500u);
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_EQ(figures.jitter, 0us);
  EXPECT_EQ(figures.streams, 1u);
}

TEST(StreamQuality, LossIsCountedWithItsBursts) {
  Listener listener;
  for (std::uint16_t i = 0; i < 100; ++i) {
    if (i == 10 || (i >= 50 && i < 55)) continue;
    listener.hear(i);
  }
  const auto figures = listener.figures();
  EXPECT_EQ(figures.lost, 6u);
  EXPECT_EQ(figures.expected, 100u);
  EXPECT_EQ(figures.loss_bursts, 2u);
  EXPECT_EQ(figures.longest_burst, 5u);
  EXPECT_DOUBLE_EQ(figures.lossPercent(), 6.0);
}

TEST(StreamQuality, AReorderedPacketIsNotLostAndADuplicateNotReceivedTwice) {
  Listener listener;
  for (const int i : {1, 2, 4, 3, 3, 5}) listener.hear(static_cast<std::uint16_t>(i));
  const auto figures = listener.figures();
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_EQ(figures.received, 5u);
  EXPECT_EQ(figures.reordered, 1u);
  EXPECT_EQ(figures.duplicated, 1u);
}

TEST(StreamQuality, TheSequenceNumberWraps) {
  Listener listener;
  std::uint16_t sequence = 65'500;
  for (int i = 0; i < 100; ++i) listener.hear(sequence++);
  EXPECT_EQ(listener.figures().expected, 100u);
  EXPECT_EQ(listener.figures().lost, 0u);
}

TEST(StreamQuality, ANewSourceOrARestartIsNoLoss) {
  Listener listener;
  for (std::uint16_t i = 0; i < 10; ++i) listener.hear(i);
  listener.ssrc = 2;
  for (std::uint16_t i = 9'000; i < 9'010; ++i) listener.hear(i);
  for (std::uint16_t i = 20'000; i < 20'010; ++i) listener.hear(i);
  const auto figures = listener.figures();
  EXPECT_EQ(figures.received, 30u);
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_EQ(figures.streams, 3u);
}

// RFC 3550 A.8: every other packet 8 ms late makes each difference 8 ms, to which the estimate converges.
TEST(StreamQuality, JitterConvergesToTheMeanDeviation) {
  Listener listener;
  for (std::uint16_t i = 0; i < 400; ++i) listener.hear(i, i % 2 == 0 ? 0us : 8'000us);
  EXPECT_NEAR(static_cast<double>(listener.figures().jitter.count()), 8'000, 80);
  for (std::uint16_t i = 400; i < 800; ++i) listener.hear(i);
  EXPECT_LT(listener.figures().jitter, 100us);
  EXPECT_GT(listener.figures().worst_jitter, 7'900us);
}

TEST(StreamQuality, TelephoneEventsThatRepeatATimestampAreNoJitter) {
  Listener listener;
  for (std::uint16_t i = 0; i < 10; ++i) listener.hear(i);
  for (std::uint16_t i = 10; i < 20; ++i) listener.hear(i, 9'000us, kEvent);
  EXPECT_EQ(listener.figures().jitter, 0us);
}

StreamFigures withLoss(std::uint64_t lost_of_1000) {
  StreamFigures figures;
  figures.expected = 1'000;
  figures.lost = lost_of_1000;
  figures.received = 1'000 - lost_of_1000;
  figures.loss_bursts = lost_of_1000;
  return figures;
}

TEST(Rating, IsThatOfTheEModel) {
  EXPECT_FALSE(rate({}, AudioCodec::pcmu, std::nullopt));
  const auto best = rate(withLoss(0), AudioCodec::pcmu, std::nullopt);
  EXPECT_NEAR(best->r_factor, 93.2 - 0.024 * 20, 1e-9);
  EXPECT_NEAR(best->mos, 4.4, 0.02);
  // Ie,eff = 95 * 5 / (5 + 25.1).
  const auto lossy = rate(withLoss(50), AudioCodec::pcmu, std::nullopt);
  EXPECT_NEAR(best->r_factor - lossy->r_factor, 95 * 5 / 30.1, 1e-9);
}

TEST(Rating, FallsWithLossBurstsDelayAndJitter) {
  const auto good = *rate(withLoss(10), AudioCodec::opus, 20ms);
  EXPECT_LT(rate(withLoss(100), AudioCodec::opus, 20ms)->mos, good.mos);
  EXPECT_LT(rate(withLoss(10), AudioCodec::opus, 800ms)->mos, good.mos);
  auto bursty = withLoss(10);
  bursty.loss_bursts = 1;
  EXPECT_LT(rate(bursty, AudioCodec::opus, 20ms)->mos, good.mos);
  auto jittery = withLoss(10);
  jittery.jitter = 60ms;
  EXPECT_LT(rate(jittery, AudioCodec::opus, 20ms)->mos, good.mos);
}

TEST(Rating, StaysBetweenOneAndFourAndAHalf) {
  auto hopeless = withLoss(990);
  hopeless.loss_bursts = 1;
  EXPECT_EQ(rate(hopeless, AudioCodec::other, 5s)->mos, 1.0);
  EXPECT_LE(rate(withLoss(0), AudioCodec::pcma, 0us)->mos, 4.5);
}

}  // namespace
}  // namespace sallyport::media
