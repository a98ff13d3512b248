// SPDX-License-Identifier: Apache-2.0
// Whose packets a relay hears and where it answers, as a peer and a stranger see it.
#include "media/relay_test_support.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::RelayTest;
using test::rtpPacket;

class RelaySource : public RelayTest {
 protected:
  const Endpoint nat = at("203.0.113.9:31000");
  const Endpoint stranger = at("203.0.113.66:5555");
};

TEST_F(RelaySource, UntilAPacketVerifiesAPeerIsWhereItsSdpSays) {
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
  reasonFor(Side::a, stranger, rtpPacket(a.ssrc, 1));
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
}

TEST_F(RelaySource, AVerifiedPacketFromBehindANatMovesTheDestinationAtOnce) {
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtpOf(1)), DropReason::sent);
  EXPECT_EQ(whereAIsAnswered(), nat);
  EXPECT_EQ(relay.snapshot().of(Side::a).facts.heard_from, nat);
}

TEST_F(RelaySource, WhoIsHeardAndWhenIsKnownWithoutASnapshotAndNothingForgedIsInIt) {
  EXPECT_FALSE(relay.hearing(Side::a).from || relay.hearing(Side::a).last);
  reasonFor(Side::a, nat, a.rtpOf(1));
  const auto then = now;
  now += 1s;
  reasonFor(Side::a, stranger, rtpPacket(a.ssrc, 2));
  EXPECT_EQ(relay.hearing(Side::a).from, nat);
  EXPECT_EQ(relay.hearing(Side::a).last, then);
  EXPECT_FALSE(relay.hearing(Side::b).from);
  EXPECT_EQ(relay.zrtpCounters(), nullptr);
}

TEST_F(RelaySource, AForgedPacketNeverMovesIt) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(reasonFor(Side::a, stranger, rtpPacket(a.ssrc, 1)), DropReason::badTag);
  }
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
}

TEST_F(RelaySource, AReplayFromElsewhereNeverMovesIt) {
  const auto packet = a.rtpOf(1);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packet), DropReason::sent);
  now += 10s;
  EXPECT_EQ(reasonFor(Side::a, stranger, packet), DropReason::replayed);
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
}

TEST_F(RelaySource, WhoWinsARaceWithACopyDoesNotStealTheStream) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
  now += 20ms;
  const auto copied = a.rtpOf(2);
  EXPECT_EQ(reasonFor(Side::a, stranger, copied), DropReason::sent) << "authentic, and heard once";
  EXPECT_EQ(reasonFor(Side::a, a.rtp, copied), DropReason::replayed);
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
}

TEST_F(RelaySource, APeerThatMovedIsFollowedAfterAMomentOfQuiet) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
  now += 499ms;
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtpOf(2)), DropReason::sent);
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
  now += 1ms;
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtpOf(3)), DropReason::sent);
  EXPECT_EQ(whereAIsAnswered(), nat);
  EXPECT_EQ(relay.snapshot().of(Side::a).source_moves, 1u);
}

TEST_F(RelaySource, AnOldPacketFromAPlaceThePeerHasLeftIsStale) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
  const auto delayed = a.rtpOf(2);
  now += 1s;
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtpOf(3)), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, delayed), DropReason::staleSource);
  EXPECT_EQ(whereAIsAnswered(), nat);
}

TEST_F(RelaySource, AStrangerIsExaminedOnlySoManyTimesASecond) {
  int examined = 0;
  for (int i = 0; i < 1'000; ++i) {
    examined += reasonFor(Side::a, stranger, rtpPacket(a.ssrc, 1)) == DropReason::badTag;
  }
  EXPECT_EQ(examined, 100);
  EXPECT_EQ(drops(Side::a, DropReason::sourceThrottled), 900u);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent) << "the peer is not throttled";
  now += 100ms;
  examined = 0;
  for (int i = 0; i < 1'000; ++i) {
    examined += reasonFor(Side::a, stranger, rtpPacket(a.ssrc, 2)) == DropReason::badTag;
  }
  EXPECT_EQ(examined, 10);
}

TEST_F(RelaySource, HoldAndResumeWithTheSameAddressDoNotReopenLearning) {
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtpOf(1)), DropReason::sent);
  a.direction = PeerDirection::listensOnly;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(whereAIsAnswered(), nat);
  a.direction = PeerDirection::sendsAndListens;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(whereAIsAnswered(), nat);
}

TEST_F(RelaySource, ANewSdpAddressIsBelievedThoughOldPacketsAreInFlight) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
  const auto before = a.rtp;
  a.rtp = at("192.0.2.77:7000");
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
  EXPECT_EQ(reasonFor(Side::a, before, a.rtpOf(2)), DropReason::sent) << "authentic, in flight";
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(3)), DropReason::sent);
  EXPECT_EQ(whereAIsAnswered(), a.rtp);
}

TEST_F(RelaySource, RtcpFollowsRtpBehindTheSameAddressOnly) {
  const auto nat_rtcp = at("203.0.113.9:31001");
  EXPECT_EQ(reasonFor(Side::a, nat_rtcp, a.rtcpOf(), Channel::rtcp), DropReason::sent);
  EXPECT_EQ(give(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp).destination, a.rtcp) << "RTP has not been heard there";
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtpOf(1)), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, stranger, a.rtcpOf(), Channel::rtcp), DropReason::sent);
  EXPECT_EQ(give(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp).destination, a.rtcp);
  EXPECT_EQ(reasonFor(Side::a, nat_rtcp, a.rtcpOf(), Channel::rtcp), DropReason::sent);
  EXPECT_EQ(give(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp).destination, nat_rtcp);
}

TEST_F(RelaySource, MuxedRtcpLatchesForAPeerThatOnlyListens) {
  a.mux = RtcpMux::muxed;
  a.direction = PeerDirection::listensOnly;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtcpOf()), DropReason::sent);
  EXPECT_EQ(whereAIsAnswered(), nat);
}

TEST_F(RelaySource, MuxedRtcpDoesNotMoveAStreamThatIsHeard) {
  a.mux = RtcpMux::muxed;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, nat, a.rtpOf(1)), DropReason::sent);
  now += 10s;
  EXPECT_EQ(reasonFor(Side::a, stranger, a.rtcpOf()), DropReason::sent);
  EXPECT_EQ(whereAIsAnswered(), nat);
}

TEST_F(RelaySource, RtcpHeldBackAndBroughtFromElsewhereIsStale) {
  a.mux = RtcpMux::muxed;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
  const auto held_back = a.rtcpOf();
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtcpOf()), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, stranger, held_back), DropReason::staleSource);
}

TEST_F(RelaySource, AnAddressWithoutAPortIsAnsweredNowhere) {
  a.rtp.port = 0;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::noDestination);
}

TEST(TokenBucketTest, HoldsItsBurstHoweverLongItHasRested) {
  TimePoint now{1h};
  TokenBucket bucket{10, 3};
  const auto taken = [&] {
    int count = 0;
    while (bucket.take(now)) ++count;
    return count;
  };
  EXPECT_EQ(taken(), 3);
  now += 1h;
  EXPECT_EQ(taken(), 3);
  now += 200ms;
  EXPECT_EQ(taken(), 2);
}

}  // namespace
}  // namespace sallyport::media
