// SPDX-License-Identifier: Apache-2.0
#include "phone/media_session.h"

#include <gtest/gtest.h>

#include <array>

#include "phone/media_session_test_support.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using testing::TwoSessions;

TEST(MediaSession, ReportsCrossAndTellTheRoundTrip) {
  TwoSessions two;
  two.agree();
  two.pass(12s);
  EXPECT_TRUE(two.a->figures().round_trip.has_value());
  EXPECT_LT(*two.a->figures().round_trip, 20ms);
}

TEST(MediaSession, PlainRtpIsDroppedAndCounted) {
  TwoSessions two;
  two.agree();
  two.pass(100ms);
  std::array<std::uint8_t, 172> plain{};
  media::RtpHeader header;
  media::writeRtpHeader(MutableBytes{plain}.first<12>(), header);
  two.send(two.b->rtp(), plain);
  EXPECT_EQ(two.b->figures().drops.of(media::DropReason::badTag), 1U);
  two.pass(2s);
  EXPECT_GT(two.b->figures().packets_received, 95U) << "the call goes on";
}

TEST(MediaSession, BeforeTheKeysAreAgreedNothingIsHeardOrSaid) {
  TwoSessions two;
  std::array<std::uint8_t, 172> plain{};
  media::RtpHeader header;
  media::writeRtpHeader(MutableBytes{plain}.first<12>(), header);
  two.send(two.b->rtp(), plain);
  two.pass(200ms);
  EXPECT_EQ(two.b->figures().drops.of(media::DropReason::notReady), 1U);
  EXPECT_EQ(two.b->figures().packets_sent, 0U);
}

TEST(MediaSession, WhatIsNeitherRtpNorRtcpIsDropped) {
  TwoSessions two;
  two.agree();
  const std::array<std::uint8_t, 20> stun{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42};
  two.send(two.b->rtp(), stun);
  EXPECT_EQ(two.b->figures().drops.of(media::DropReason::notMedia), 1U);
}

TEST(MediaSession, AnotherKeyInMidCallIsFollowedWithoutALoss) {
  TwoSessions two;
  two.agree();
  two.pass(1s);
  // A fresh agreement of the same ports: new keys both ways.
  auto agreement_a = two.a_end.agree(), agreement_b = two.b_end.agree();
  const auto answer = agreement_b.answer(agreement_a.offer());
  ASSERT_TRUE(answer);
  ASSERT_TRUE(two.b->apply(answer->plan));  // b has the new keys before a does
  two.pass(200ms);
  ASSERT_TRUE(two.a->apply(*agreement_a.accept(answer->sdp)));
  two.pass(1s);
  const auto figures = two.b->figures();
  EXPECT_EQ(figures.drops.of(media::DropReason::badTag), 0U);
  EXPECT_EQ(figures.quality.lost, 0U);
}

TEST(MediaSession, AStallIsFollowedWithoutLosingTheTimeline) {
  TwoSessions two;
  two.agree();
  two.pass(2s);
  two.clock.advance(400ms);  // nobody turned the loop
  two.loop->turn(0ms);
  two.pass(3s);
  EXPECT_NEAR(static_cast<double>(two.heard_by_b->samples.size()) / 8, 5'400, 60);
}

TEST(MediaSession, SayingGoodbyeClosesThePorts) {
  TwoSessions two;
  two.agree();
  two.pass(200ms);
  const auto port = two.a->rtp();
  ASSERT_TRUE(two.a->stop());
  EXPECT_TRUE(net::UdpSocket::bind(port)) << "the port is free again";
  two.pass(200ms);
  ASSERT_TRUE(two.a->stop());
}

}  // namespace
}  // namespace sallyport::phone
