// SPDX-License-Identifier: Apache-2.0
// What goes through a relay, and every reason for which a packet does not.
#include "media/relay.h"

#include "media/relay_test_support.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::Buffer;
using test::RelayTest;
using test::rtpPacket;

class RelayPath : public RelayTest {};

TEST_F(RelayPath, AudioOfOneSideArrivesAtTheOtherUnderTheOthersKey) {
  const auto clear = rtpPacket(a.ssrc, 7);
  const auto verdict = give(Side::a, a.rtp, a.rtpOf(7));
  ASSERT_TRUE(verdict.forward());
  EXPECT_EQ(verdict.to, Side::b);
  EXPECT_EQ(verdict.channel, Channel::rtp);
  EXPECT_EQ(verdict.destination, b.rtp);
  EXPECT_EQ(verdict.length, 172u + 10u);
  EXPECT_EQ(test::unprotect(b.receiver, last), DropReason::sent);
  EXPECT_EQ(last, clear);
}

TEST_F(RelayPath, BothDirectionsFlowForMoreThan65536Packets) {
  for (std::uint32_t i = 0; i < 66'000; ++i) {
    const auto sequence = static_cast<std::uint16_t>(i + 65'000);
    ASSERT_TRUE(give(Side::a, a.rtp, a.rtpOf(sequence)).forward()) << i;
    ASSERT_EQ(test::unprotect(b.receiver, last), DropReason::sent) << i;
    ASSERT_TRUE(give(Side::b, b.rtp, b.rtpOf(sequence)).forward()) << i;
    ASSERT_EQ(test::unprotect(a.receiver, last), DropReason::sent) << i;
    now += 20ms;
  }
  const auto snapshot = relay.snapshot();
  EXPECT_EQ(snapshot.of(Side::a).quality.lost, 0u);
  EXPECT_EQ(snapshot.of(Side::a).packets_in, 66'000u);
  EXPECT_EQ(snapshot.of(Side::b).packets_out, 66'000u);
  EXPECT_GT(snapshot.of(Side::b).rating->mos, 4.3);
}

TEST_F(RelayPath, ThePayloadTypeBecomesTheOtherSides) {
  ASSERT_TRUE(give(Side::a, a.rtp, a.rtpOf(1, 96)).forward());
  ASSERT_EQ(test::unprotect(b.receiver, last), DropReason::sent);
  EXPECT_EQ(last[1], 111);
}

TEST_F(RelayPath, TheMarkerBitSurvivesTheRewrite) {
  auto marked = rtpPacket(a.ssrc, 1, 96);
  marked[1] |= 0x80;
  ASSERT_TRUE(give(Side::a, a.rtp, test::protect(a.sender, marked)).forward());
  ASSERT_EQ(test::unprotect(b.receiver, last), DropReason::sent);
  EXPECT_EQ(last[1], 0x80 | 111);
}

TEST_F(RelayPath, RtcpIsEncryptedAnewAndKeepsItsSource) {
  const auto verdict = give(Side::a, a.rtcp, a.rtcpOf(), Channel::rtcp);
  ASSERT_TRUE(verdict.forward());
  EXPECT_EQ(verdict.channel, Channel::rtcp);
  EXPECT_EQ(verdict.destination, b.rtcp);
  EXPECT_EQ(test::unprotect(b.receiver, last, Channel::rtcp), DropReason::sent);
  EXPECT_EQ(last, test::rtcpPacket(a.ssrc));
}

TEST_F(RelayPath, MuxedRtcpUsesTheRtpPortsOfTheSideThatMuxes) {
  a.mux = RtcpMux::muxed;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  auto verdict = give(Side::a, a.rtp, a.rtcpOf());
  ASSERT_TRUE(verdict.forward());
  EXPECT_EQ(verdict.channel, Channel::rtcp) << "B does not mux";
  EXPECT_EQ(verdict.destination, b.rtcp);
  verdict = give(Side::b, b.rtcp, b.rtcpOf(), Channel::rtcp);
  ASSERT_TRUE(verdict.forward());
  EXPECT_EQ(verdict.channel, Channel::rtp);
  EXPECT_EQ(verdict.destination, a.rtp);
}

TEST_F(RelayPath, NothingFlowsBeforeBothSidesAgreed) {
  Relay fresh;
  Buffer packet = a.rtpOf(1);
  const auto length = packet.size();
  packet.resize(length + kSrtpTailroom);
  EXPECT_EQ(fresh.onPacket(Side::a, Channel::rtp, a.rtp, packet, length, now).reason, DropReason::notReady);
  ASSERT_TRUE(fresh.configure(Side::a, a.config(), now));
  EXPECT_EQ(fresh.onPacket(Side::a, Channel::rtp, a.rtp, packet, length, now).reason, DropReason::notReady);
}

class RelayRefusals : public RelayTest {};

TEST_F(RelayRefusals, PlainRtpAtTheOpenPort) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, rtpPacket(a.ssrc, 1)), DropReason::badTag);
  EXPECT_EQ(drops(Side::a, DropReason::badTag), 1u);
}

TEST_F(RelayRefusals, WhatIsNotMedia) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, Buffer{}), DropReason::notMedia);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, Buffer(40, 0)), DropReason::notMedia) << "STUN";
  EXPECT_EQ(reasonFor(Side::a, a.rtp, Buffer(40, 22)), DropReason::notMedia) << "DTLS";
  EXPECT_EQ(reasonFor(Side::a, a.rtp, Buffer{0x80}), DropReason::notMedia);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, Buffer{0x80, 0}), DropReason::tooShort);
}

TEST_F(RelayRefusals, RtcpOnTheRtpPortUnlessMuxed) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtcpOf()), DropReason::wrongChannel);
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, a.rtpOf(1), Channel::rtcp), DropReason::wrongChannel);
  a.mux = RtcpMux::muxed;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtcpOf()), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, a.rtcpOf(), Channel::rtcp), DropReason::wrongChannel);
}

TEST_F(RelayRefusals, AReplayedPacket) {
  const auto packet = a.rtpOf(1);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packet), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packet), DropReason::replayed);
}

TEST_F(RelayRefusals, OneSidesPacketAtTheOthersPort) {
  EXPECT_EQ(reasonFor(Side::b, b.rtp, a.rtpOf(1)), DropReason::badTag);
}

TEST_F(RelayRefusals, APayloadTypeNobodyAgreed) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1, 18)), DropReason::payloadTypeRefused);
}

TEST_F(RelayRefusals, ImpossiblePadding) {
  auto padded = rtpPacket(a.ssrc, 1);
  padded[0] |= 0x20;
  padded.back() = 200;
  EXPECT_EQ(reasonFor(Side::a, a.rtp, test::protect(a.sender, padded)), DropReason::badPadding);
}

TEST_F(RelayRefusals, AuthenticBytesThatAreNoRtcp) {
  auto broken = test::rtcpPacket(a.ssrc);
  broken[3] = 9;  // longer than the packet
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, test::protect(a.sender, broken, Channel::rtcp), Channel::rtcp),
            DropReason::malformedRtcp);
}

TEST_F(RelayRefusals, AudioDuringHoldWhileRtcpGoesOn) {
  b.direction = PeerDirection::sendsOnly;
  ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::directionClosed);
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, a.rtcpOf(), Channel::rtcp), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::sent) << "music on hold";
  b.direction = PeerDirection::inactive;
  ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(2)), DropReason::directionClosed);
}

TEST_F(RelayRefusals, APeerThatListensNowhere) {
  b.rtp = at("0.0.0.0:6000");
  ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::noDestination);
}

TEST_F(RelayRefusals, ThousandsOfForgedPacketsLeaveTheCallAsItWas) {
  ASSERT_TRUE(give(Side::a, a.rtp, a.rtpOf(1)).forward());
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    EXPECT_EQ(reasonFor(Side::a, a.rtp, rtpPacket(i, static_cast<std::uint16_t>(i * 17))), DropReason::badTag);
  }
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(2)), DropReason::sent);
  EXPECT_EQ(test::unprotect(b.receiver, last), DropReason::sent);
}

class RelayEvidence : public RelayTest {};

TEST_F(RelayEvidence, CountersSayWhatHappened) {
  give(Side::a, a.rtp, a.rtpOf(1));
  now += 20ms;
  give(Side::a, a.rtp, a.rtpOf(2));
  give(Side::a, a.rtp, rtpPacket(5, 5));
  const auto side = relay.snapshot().of(Side::a);
  EXPECT_EQ(side.facts.datagrams, 3u);
  EXPECT_EQ(side.facts.verified, 2u);
  EXPECT_EQ(side.facts.forwarded, 2u);
  EXPECT_EQ(side.bytes_in, 344u);
  EXPECT_EQ(side.facts.heard_from, a.rtp);
  EXPECT_EQ(*side.last_verified - *side.first_verified, 20ms);
  EXPECT_EQ(side.suite, crypto::SrtpSuite::aeadAes256Gcm);
  EXPECT_EQ(relay.snapshot().of(Side::b).bytes_out, 2u * 182u);
}

TEST_F(RelayEvidence, SilenceIsNamedBySideAndOnlyWhereAudioIsDue) {
  give(Side::a, a.rtp, a.rtpOf(1));
  give(Side::b, b.rtp, b.rtpOf(1));
  now += 9s;
  give(Side::b, b.rtp, b.rtpOf(2));
  EXPECT_EQ(relay.silentSide(now, 10s), std::nullopt);
  now += 1s;
  EXPECT_EQ(relay.silentSide(now, 10s), Side::a);
  a.direction = PeerDirection::listensOnly;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(relay.silentSide(now, 10s), std::nullopt) << "on hold";
  now += 5s;
  give(Side::b, b.rtp, b.rtpOf(3));
  a.direction = PeerDirection::sendsAndListens;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(relay.silentSide(now + 9s, 10s), std::nullopt) << "the clock starts anew at resume";
  EXPECT_EQ(relay.silentSide(now + 10s, 10s), Side::a);
}

TEST_F(RelayEvidence, RtcpKeepsASideAlive) {
  now += 9s;
  give(Side::b, b.rtp, b.rtpOf(1));
  give(Side::a, a.rtcp, a.rtcpOf(), Channel::rtcp);
  EXPECT_EQ(relay.silentSide(now + 5s, 10s), std::nullopt);
}

TEST_F(RelayEvidence, ForgedPacketsDoNotKeepASideAlive) {
  now += 10s;
  give(Side::b, b.rtp, b.rtpOf(1));
  give(Side::a, a.rtp, rtpPacket(a.ssrc, 1));
  EXPECT_EQ(relay.silentSide(now, 10s), Side::a);
}

}  // namespace
}  // namespace sallyport::media
