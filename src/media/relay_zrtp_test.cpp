// SPDX-License-Identifier: Apache-2.0
// Two ends that agree keys by ZRTP, through the relay: alone (their RTP is sealed end to end) and inside hop-by-hop
// SRTP. The exchange itself is a real one, of libbzrtp.
#include "media/relay_test_support.h"
#include "media/zrtp/zrtp_test_support.h"

namespace sallyport::media::test {
namespace {

using zrtp::test::evenPacket;
using zrtp::test::packetOf;
using zrtp::test::RealEnd;

class ZrtpRelay : public RelayTest {
 protected:
  void SetUp() override {
    configure(Side::a, a);
    configure(Side::b, b);
  }
  virtual SideConfig configFor(TestPeer& peer) {
    auto config = peer.config();
    config.protection = MediaProtection::endToEnd;
    config.zrtp = ZrtpUse::relayed;
    return config;
  }
  void configure(Side side, TestPeer& peer) { ASSERT_TRUE(relay.configure(side, configFor(peer), now)); }

  void agree() {
    end_a.start();
    end_b.start();
    for (int i = 0; i < 300 && !(end_a.secure() && end_b.secure()); ++i, now += 10ms) {
      end_a.onTime(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()));
      end_b.onTime(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()));
      while (!end_a.outgoing.empty() || !end_b.outgoing.empty()) {
        carry(Side::a, end_a, end_b);
        carry(Side::b, end_b, end_a);
      }
    }
    ASSERT_TRUE(end_a.secure() && end_b.secure());
  }
  void carry(Side from, RealEnd& sender, RealEnd& receiver) {
    if (sender.outgoing.empty()) return;
    const auto packet = sender.outgoing.front();
    sender.outgoing.pop_front();
    const auto verdict = give(from, from == Side::a ? a.rtp : b.rtp, packet);
    if (!verdict.forward()) return;
    EXPECT_EQ(last, packet);
    EXPECT_EQ(verdict.destination, from == Side::a ? b.rtp : a.rtp);
    receiver.receive(packet);
  }

  RealEnd end_a{0xA1}, end_b{0xB1};
};

TEST_F(ZrtpRelay, PassesSealedVoiceAsItIsOnceTheEndsHaveAgreed) {
  const auto packet = evenPacket(170);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packet), DropReason::beforeAgreement);
  agree();
  const auto verdict = give(Side::a, a.rtp, packet);
  ASSERT_TRUE(verdict.forward()) << toString(verdict.reason);
  EXPECT_EQ(last, packet);
  EXPECT_EQ(verdict.destination, b.rtp);
  EXPECT_TRUE(give(Side::b, b.rtp, packet).forward());
  EXPECT_EQ(relay.snapshot().zrtp->agreement->mode, zrtp::Mode::diffieHellman);
  EXPECT_EQ(relay.takeZrtpEvents().size(), 1U);
}

TEST_F(ZrtpRelay, PassesNoRtcpBeforeThatAndNoneInClearAfterwards) {
  const auto clear = rtcpPacket(0xA1);
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, clear, Channel::rtcp), DropReason::beforeAgreement);
  agree();
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, clear, Channel::rtcp), DropReason::inClear);
  auto sealed = clear;
  sealed.insert(sealed.end(), {0x80, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_TRUE(give(Side::a, a.rtcp, sealed, Channel::rtcp).forward());
  EXPECT_EQ(last, sealed);
}

TEST_F(ZrtpRelay, DropsVoiceInClearAfterTheAgreement) {
  agree();
  auto silence = rtpPacket(0xA1, 1);
  std::fill(silence.begin() + kRtpFixedHeaderBytes, silence.end(), std::uint8_t{0xFF});
  EXPECT_EQ(reasonFor(Side::a, a.rtp, silence), DropReason::inClear);
  EXPECT_EQ(relay.finding(Side::a)->fault, AudioFault::notSealed);
}

TEST_F(ZrtpRelay, NeverPassesTheWayBackToClear) {
  agree();
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packetOf("GoClear ", Buffer(8))), DropReason::zrtpRefused);
  EXPECT_TRUE(give(Side::a, a.rtp, evenPacket(170)).forward());
}

TEST_F(ZrtpRelay, HearsNobodyElse) {
  agree();
  const auto stranger = at("203.0.113.9:4000");
  EXPECT_EQ(reasonFor(Side::a, stranger, packetOf("Ping    ", Buffer(12))), DropReason::foreignSource);
  EXPECT_EQ(reasonFor(Side::a, stranger, evenPacket(170)), DropReason::foreignSource);
  EXPECT_EQ(reasonFor(Side::a, stranger, Buffer(172, 0x80)), DropReason::foreignSource);
  EXPECT_EQ(relay.snapshot().zrtp->counters.of(zrtp::Type::ping), 0U);
  EXPECT_EQ(relay.snapshot().zrtp->counters.of(zrtp::Refusal::notSrtp), 0U) << "no end is blamed for it";
}

TEST_F(ZrtpRelay, HearsZrtpOnTheRtpPortOnly) {
  EXPECT_EQ(reasonFor(Side::a, a.rtcp, packetOf("Ping    ", Buffer(12)), Channel::rtcp), DropReason::wrongChannel);
}

TEST_F(ZrtpRelay, TakesOnlyHellosThatTheSdpAnnounces) {
  auto config = configFor(a);
  config.zrtp_hash = crypto::Sha256Digest{};
  ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
  end_a.start();
  end_a.onTime(1h);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, end_a.outgoing.front()), DropReason::zrtpRefused);
}

TEST_F(ZrtpRelay, RefusesPayloadTypesThatWouldHaveToBeRewritten) {
  agree();
  auto packet = evenPacket(170);
  packet[1] = 96;  // 111 there
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packet), DropReason::payloadTypeRefused);
}

TEST_F(ZrtpRelay, PlaysNoKeysIntoVoiceThatItCanNotSeal) {
  auto config = configFor(a);
  config.events = EventFormat{101, 8'000};
  ASSERT_TRUE(relay.configure(Side::a, std::move(config), now));
  const auto played = relay.play(Side::a, {1, 100ms}, 7, now);
  ASSERT_FALSE(played);
  EXPECT_STREQ(played.error().code, "media.event.not_agreed");
}

TEST_F(ZrtpRelay, PassesNothingToASideWithOtherKeying) {
  ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, evenPacket(170)), DropReason::notReady);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::notReady);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packetOf("Ping    ", Buffer(12))), DropReason::notMedia);
}

class ZrtpInsideRelay : public ZrtpRelay {
 protected:
  SideConfig configFor(TestPeer& peer) override {
    auto config = peer.config();
    config.zrtp = ZrtpUse::relayed;
    return config;
  }
};

TEST_F(ZrtpInsideRelay, RelaysTheExchangeBesideSrtpOfEachHop) {
  EXPECT_TRUE(give(Side::a, a.rtp, a.rtpOf(1)).forward());
  agree();
  EXPECT_TRUE(relay.snapshot().zrtp->agreement.has_value());
  EXPECT_TRUE(give(Side::a, a.rtp, a.rtpOf(2)).forward());
  EXPECT_FALSE(give(Side::a, a.rtp, evenPacket(170)).forward());
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packetOf("GoClear ", Buffer(8))), DropReason::zrtpRefused);
}

TEST_F(ZrtpInsideRelay, RelaysNoneWhereOneSideDoesWithout) {
  ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, packetOf("Ping    ", Buffer(12))), DropReason::notMedia);
}

}  // namespace
}  // namespace sallyport::media::test
