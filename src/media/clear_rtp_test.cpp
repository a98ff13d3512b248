// SPDX-License-Identifier: Apache-2.0
// A relay whose side B belongs to an unprotected peer: what is heard of it, what it is sent, and that side A never
// loses its protection by that.
#include "media/clear_rtp.h"

#include "media/relay_test_support.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::Buffer;
using test::rtcpPacket;
using test::rtpPacket;
using test::TestPeer;

class ClearSide : public test::RelayTest {
 protected:
  void SetUp() override {
    RelayTest::SetUp();
    ASSERT_TRUE(relay.configure(Side::b, clearConfig(), now));
  }
  SideConfig clearConfig() const {
    auto config = b.config();
    config.protection = MediaProtection::none;
    config.receive = {};
    config.send = {};
    return config;
  }
};

TEST_F(ClearSide, IsSentTheCleartextOfTheOther) {
  const auto verdict = give(Side::a, a.rtp, a.rtpOf(7));
  ASSERT_TRUE(verdict.forward());
  EXPECT_EQ(verdict.destination, b.rtp);
  EXPECT_EQ(last, rtpPacket(a.ssrc, 7));
}

TEST_F(ClearSide, IsHeardAndTheOtherGetsSrtp) {
  const auto clear = rtpPacket(b.ssrc, 9);
  ASSERT_TRUE(give(Side::b, b.rtp, clear).forward());
  EXPECT_NE(last, clear);
  EXPECT_EQ(test::unprotect(a.receiver, last), DropReason::sent);
  EXPECT_EQ(last, clear);
}

TEST_F(ClearSide, RtcpCrossesBothWays) {
  ASSERT_TRUE(give(Side::a, a.rtcp, a.rtcpOf(), Channel::rtcp).forward());
  EXPECT_EQ(last, rtcpPacket(a.ssrc));
  ASSERT_TRUE(give(Side::b, b.rtcp, rtcpPacket(b.ssrc), Channel::rtcp).forward());
  EXPECT_EQ(test::unprotect(a.receiver, last, Channel::rtcp), DropReason::sent);
}

TEST_F(ClearSide, NobodyButTheAddressOfItsSdpIsHeardOrLatched) {
  for (const auto* source : {"198.51.100.2:6001", "198.51.100.3:6000", "192.0.2.1:4000"}) {
    for (std::uint16_t i = 0; i < 300; ++i)
      ASSERT_EQ(reasonFor(Side::b, at(source), rtpPacket(b.ssrc, i)), DropReason::foreignSource);
  }
  EXPECT_EQ(reasonFor(Side::b, b.rtp, rtcpPacket(b.ssrc), Channel::rtcp), DropReason::foreignSource);
  EXPECT_EQ(give(Side::a, a.rtp, a.rtpOf(1)).destination, b.rtp);
  EXPECT_TRUE(give(Side::b, b.rtp, rtpPacket(b.ssrc, 1)).forward()) << "the flood has used up nothing";
  EXPECT_EQ(relay.snapshot().of(Side::b).source_moves, 0u);
}

TEST_F(ClearSide, IsHeardFromItsNewAddressOnceItsSdpSaysSo) {
  b.rtp = at("198.51.100.2:7000");
  b.rtcp = at("198.51.100.2:7001");
  ASSERT_TRUE(relay.configure(Side::b, clearConfig(), now));
  EXPECT_TRUE(give(Side::b, b.rtp, rtpPacket(b.ssrc, 1)).forward());
  EXPECT_EQ(reasonFor(Side::b, at("198.51.100.2:6000"), rtpPacket(b.ssrc, 2)), DropReason::foreignSource);
}

TEST_F(ClearSide, MuxedRtcpComesFromTheRtpAddress) {
  b.mux = RtcpMux::muxed;
  ASSERT_TRUE(relay.configure(Side::b, clearConfig(), now));
  EXPECT_TRUE(give(Side::b, b.rtp, rtcpPacket(b.ssrc)).forward());
}

TEST_F(ClearSide, OnHoldByAddressNobodyIsHeard) {
  b.rtp = at("0.0.0.0:0");
  ASSERT_TRUE(relay.configure(Side::b, clearConfig(), now));
  EXPECT_EQ(reasonFor(Side::b, at("198.51.100.2:6000"), rtpPacket(b.ssrc, 1)), DropReason::foreignSource);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::noDestination);
}

TEST_F(ClearSide, MalformedPacketsAreDroppedWithTheirReason) {
  auto old_version = rtpPacket(b.ssrc, 1);
  old_version[0] = 0x40 | (old_version[0] & 0x3F);
  EXPECT_NE(reasonFor(Side::b, b.rtp, old_version), DropReason::sent);
  auto too_many_sources = rtpPacket(b.ssrc, 2);
  too_many_sources.resize(20);
  too_many_sources[0] |= 0x0F;
  EXPECT_EQ(reasonFor(Side::b, b.rtp, too_many_sources), DropReason::malformedHeader);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, Buffer{0x80, 0, 0, 1, 0, 0, 0, 0}), DropReason::tooShort);
  Buffer long_one = rtpPacket(b.ssrc, 3);
  long_one.resize(kLongestPacket + 1);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, long_one), DropReason::tooLong);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, rtcpPacket(b.ssrc)), DropReason::wrongChannel);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, rtpPacket(b.ssrc, 5, 33)), DropReason::payloadTypeRefused);
}

// What the SRTP side would have decrypted is not let through because the other side is in clear.
TEST_F(ClearSide, TheOtherSideStillNeedsATagThatVerifies) {
  EXPECT_EQ(reasonFor(Side::a, a.rtp, rtpPacket(a.ssrc, 1)), DropReason::badTag);
  auto forged = a.rtpOf(2);
  forged.back() ^= 1;
  EXPECT_EQ(reasonFor(Side::a, a.rtp, forged), DropReason::badTag);
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, rtcpPacket(a.ssrc), Channel::rtcp), DropReason::tooShort);
}

// RFC 3711 9.1: a duplicate from a network without replay protection is not encrypted a second time.
TEST_F(ClearSide, ARepeatedPacketIsNotEncryptedAgain) {
  ASSERT_TRUE(give(Side::b, b.rtp, rtpPacket(b.ssrc, 5)).forward());
  EXPECT_EQ(reasonFor(Side::b, b.rtp, rtpPacket(b.ssrc, 5)), DropReason::indexUsed);
}

TEST_F(ClearSide, APeerWithSrtpThatTakesTheSideIsHeardByItsTagsAlone) {
  const TestPeer other{kSuite, 30, "198.51.100.2:6000"};
  ASSERT_TRUE(relay.configure(Side::b, other.config(), now));
  EXPECT_EQ(reasonFor(Side::b, b.rtp, rtpPacket(b.ssrc, 1)), DropReason::badTag);
}

// The keys that the side had before it went on in clear were told to somebody else.
TEST_F(ClearSide, TheKeyItWasSentWithBeforeIsNotUsedAgain) {
  const auto back = relay.configure(Side::b, b.config(), now);
  ASSERT_FALSE(back);
  EXPECT_STREQ(back.error().code, "media.srtp.key_reused");
}

TEST_F(ClearSide, SaysThatPacketsComeFromElsewhere) {
  for (std::uint16_t i = 0; i < 10; ++i) give(Side::b, at("198.51.100.9:6000"), rtpPacket(b.ssrc, i));
  const auto finding = relay.finding(Side::b);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->fault, AudioFault::wrongSource);
  EXPECT_FALSE(relay.snapshot().of(Side::b).suite);
}

}  // namespace
}  // namespace sallyport::media
