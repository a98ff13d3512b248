// SPDX-License-Identifier: Apache-2.0
// A side whose keys DTLS brings later, and one whose way ICE finds.
#include "media/relay_test_support.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::RelayTest;
using test::TestPeer;

class RelayAwaiting : public RelayTest {
 protected:
  void SetUp() override {
    b.ssrc = 0xB1;
    auto config = a.config();
    config.keys = KeyState::awaited;
    config.receive = {};
    config.send = {};
    ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
    ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  }
};

TEST_F(RelayAwaiting, NothingPassesEitherWayAndIsCounted) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::notReady);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::notReady);
  EXPECT_EQ(drops(Side::a, DropReason::notReady), 1u);
  EXPECT_EQ(drops(Side::b, DropReason::notReady), 1u);
}

TEST_F(RelayAwaiting, BothWaysAreOpenOnceTheKeysAreHere) {
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::sent);
}

TEST_F(RelayAwaiting, ASideWithoutKeysIsSilent) {
  give(Side::b, b.rtp, b.rtpOf(1));
  EXPECT_EQ(relay.silentSide(now + 10s, 10s), Side::a);
}

TEST_F(RelayAwaiting, KeysThatAreGivenUpAreNotUsedAgain) {
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  auto config = a.config();
  config.keys = KeyState::awaited;
  ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::notReady);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::notReady);
  EXPECT_STREQ(relay.configure(Side::a, a.config(), now).error().code, "media.srtp.key_reused");
}

TEST_F(RelayAwaiting, AKeyThatIsPressedIsPlayedWhereTheSideListensAndHasItsKeys) {
  const auto press = [&] { return relay.play(Side::a, {1, 100ms}, 7, now); };
  EXPECT_STREQ(press().error().code, "media.event.closed");
  auto config = a.config();
  config.events = EventFormat{101, 8'000};
  config.direction = PeerDirection::sendsOnly;
  ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
  EXPECT_STREQ(press().error().code, "media.event.closed");
}

TEST_F(RelayAwaiting, WhatWasToBePlayedIsNotSentOnceTheKeysAreGivenUp) {
  auto config = a.config();
  config.events = EventFormat{101, 8'000};
  ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
  ASSERT_TRUE(relay.play(Side::a, {1, 100ms}, 7, now));
  config = a.config();
  config.keys = KeyState::awaited;
  ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
  now += 20ms;
  test::Buffer buffer(kLongestPacket + kSrtpTailroom);
  EXPECT_FALSE(relay.nextEvent(Side::a, buffer, now).forward());
}

class RelayByIce : public RelayTest {
 protected:
  void SetUp() override {
    b.ssrc = 0xB1;
    auto config = a.config();
    config.way = Way::ice;
    ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
    ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  }
  const Endpoint chosen = at("203.0.113.9:31000"), other = at("203.0.113.9:31002");
};

TEST_F(RelayByIce, NothingIsSentBeforeIceHasChosen) {
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::noDestination);
  relay.follow(Side::a, chosen);
  EXPECT_EQ(whereAIsAnswered(), chosen);
}

TEST_F(RelayByIce, AnAuthenticPacketFromElsewhereIsHeardAndMovesNothing) {
  relay.follow(Side::a, chosen);
  EXPECT_EQ(reasonFor(Side::a, other, a.rtpOf(1)), DropReason::sent);
  now += 10s;
  EXPECT_EQ(reasonFor(Side::a, other, a.rtpOf(2)), DropReason::sent);
  EXPECT_EQ(whereAIsAnswered(), chosen);
  EXPECT_EQ(relay.snapshot().of(Side::a).facts.heard_from, other);
}

TEST_F(RelayByIce, TheWayMovesWhenIceSaysSoAndEndsWithTheConsent) {
  relay.follow(Side::a, chosen);
  relay.follow(Side::a, other);
  EXPECT_EQ(whereAIsAnswered(), other);
  relay.follow(Side::a, std::nullopt);
  EXPECT_EQ(whereAIsAnswered(), std::nullopt);
}

TEST_F(RelayByIce, AReinviteWithoutIceReturnsToTheAddress) {
  relay.follow(Side::a, chosen);
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
  relay.follow(Side::a, chosen);
  EXPECT_EQ(whereAIsAnswered(), a.rtp) << "nobody asks ICE any more";
}

TEST_F(RelayByIce, WhereThePeerWasHeardOneWayIsNothingTheOtherWayGoesBy) {
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, other, a.rtpOf(1)), DropReason::sent);
  auto by_ice = a.config();
  by_ice.way = Way::ice;
  ASSERT_TRUE(relay.configure(Side::a, std::move(by_ice), now));
  EXPECT_EQ(relay.snapshot().of(Side::a).facts.heard_from, std::nullopt);
  relay.follow(Side::a, chosen);
  EXPECT_EQ(reasonFor(Side::a, chosen, a.rtpOf(2)), DropReason::sent);
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
}

TEST_F(RelayByIce, APacketHeldBackAndBroughtFromElsewhereIsStale) {
  relay.follow(Side::a, chosen);
  const auto held_back = a.rtpOf(1), late = a.rtpOf(2);
  EXPECT_EQ(reasonFor(Side::a, chosen, a.rtpOf(3)), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, other, held_back), DropReason::staleSource);
  EXPECT_EQ(reasonFor(Side::a, chosen, late), DropReason::sent);
}

TEST_F(RelayByIce, WhatIsNotTheRelaysIsCountedWithItsSource) {
  relay.countDrop(Side::a, DropReason::notMedia, other);
  EXPECT_EQ(drops(Side::a, DropReason::notMedia), 1u);
  EXPECT_EQ(relay.snapshot().of(Side::a).facts.unverified_from, other);
}

}  // namespace
}  // namespace sallyport::media
