// SPDX-License-Identifier: Apache-2.0
// The cause an operator reads when one side is not heard, from what a relay saw of the call.
#include "media/diagnosis.h"

#include "media/relay_test_support.h"
#include "media/rtcp.h"

namespace sallyport::media {
namespace {

using test::at;
using test::RelayTest;
using test::rtpPacket;

class RelayFinding : public RelayTest {
 protected:
  AudioFault fault(Side from) const { return relay.finding(from).value().fault; }
  std::string text(Side from) const { return relay.finding(from).value().text; }
};

TEST_F(RelayFinding, NothingIsWrongWhenAudioFlows) {
  give(Side::a, a.rtp, a.rtpOf(1));
  EXPECT_FALSE(relay.finding(Side::a));
}

TEST_F(RelayFinding, OneSideIsSilent) {
  give(Side::a, a.rtp, a.rtpOf(1));
  EXPECT_EQ(fault(Side::b), AudioFault::nothingArrives);
  EXPECT_EQ(text(Side::b), "B sends nothing: not one datagram came, from 198.51.100.2:6000 or anywhere else");
}

TEST_F(RelayFinding, OnlyRtcpComes) {
  give(Side::a, a.rtcp, a.rtcpOf(), Channel::rtcp);
  EXPECT_EQ(fault(Side::a), AudioFault::onlyRtcpArrives);
}

TEST_F(RelayFinding, TheKeysDiffer) {
  for (std::uint16_t i = 0; i < 20; ++i) give(Side::a, a.rtp, rtpPacket(1, i));
  EXPECT_EQ(fault(Side::a), AudioFault::keyMismatch);
}

TEST_F(RelayFinding, PacketsComeFromElsewhereAndNoneVerifies) {
  for (std::uint16_t i = 0; i < 20; ++i) give(Side::a, at("203.0.113.9:31000"), rtpPacket(1, i));
  EXPECT_EQ(fault(Side::a), AudioFault::wrongSource);
  EXPECT_EQ(text(Side::a), "packets come from 203.0.113.9:31000 but A's SDP said 192.0.2.1:4000, and none verified");
}

TEST_F(RelayFinding, ThePeerSpeaksAnotherProtocol) {
  give(Side::a, a.rtp, test::fromHex("16fefd0000"));
  EXPECT_EQ(fault(Side::a), AudioFault::otherProtocol);
}

TEST_F(RelayFinding, ThePayloadTypeWasNotAgreed) {
  give(Side::a, a.rtp, a.rtpOf(1, 18));
  EXPECT_EQ(fault(Side::a), AudioFault::payloadRefused);
}

TEST_F(RelayFinding, TheOtherSideListensNowhere) {
  b.rtp = at("0.0.0.0:6000");
  ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  give(Side::a, a.rtp, a.rtpOf(1));
  EXPECT_EQ(fault(Side::a), AudioFault::farSideClosed);
}

TEST_F(RelayFinding, AudioComesAgainstTheAgreement) {
  a.direction = PeerDirection::listensOnly;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_FALSE(relay.finding(Side::a)) << "silence was agreed";
  give(Side::a, a.rtp, a.rtpOf(1));
  EXPECT_EQ(fault(Side::a), AudioFault::onHold);
}

TEST_F(RelayFinding, TheNumberingIsRefused) {
  auto facts = relay.snapshot().of(Side::a).facts;
  facts.datagrams = 2;
  facts.verified = 1;
  facts.drops.count(DropReason::staleSource);
  const auto finding = findAudioFault(Side::a, facts, relay.snapshot().of(Side::b).facts);
  EXPECT_EQ(finding->fault, AudioFault::numbersRefused);
}

TEST_F(RelayFinding, MediaWasNeverAgreed) {
  const Relay fresh;
  EXPECT_EQ(fresh.finding(Side::a)->fault, AudioFault::neverAgreed);
}

// A sender report that went through to B is named in B's receiver report: the relay learns B's round trip.
TEST_F(RelayFinding, TheRoundTripToAPeerIsReadFromItsReports) {
  std::array<std::uint8_t, 64> out{};
  RtcpBuilder sender_report{out};
  ASSERT_TRUE(sender_report.senderReport(a.ssrc, {0x1122'3344'5566'7788, 0, 1, 1}, {}));
  const auto sr = sender_report.written();
  ASSERT_TRUE(
      give(Side::a, a.rtcp, test::protect(a.sender, {sr.begin(), sr.end()}, Channel::rtcp), Channel::rtcp).forward());

  now += std::chrono::milliseconds{1'080};
  std::array<std::uint8_t, 64> back{};
  RtcpBuilder receiver_report{back};
  const ReportBlock block{a.ssrc, 0, 0, 1, 0, 0x3344'5566, 65'536};  // held for one second
  ASSERT_TRUE(receiver_report.receiverReport(b.ssrc, {&block, 1}));
  const auto rr = receiver_report.written();
  ASSERT_TRUE(
      give(Side::b, b.rtcp, test::protect(b.sender, {rr.begin(), rr.end()}, Channel::rtcp), Channel::rtcp).forward());
  EXPECT_EQ(relay.snapshot().of(Side::b).round_trip, std::chrono::milliseconds{80});
  EXPECT_FALSE(relay.snapshot().of(Side::a).round_trip);
}

}  // namespace
}  // namespace sallyport::media
