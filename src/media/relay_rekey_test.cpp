// SPDX-License-Identifier: Apache-2.0
// Keys over the life of a call: kept, changed, returned to, and refused.
#include "media/relay_test_support.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using test::keying;
using test::RelayTest;
using test::TestPeer;

class RelayRekey : public RelayTest {
 protected:
  // A's peer takes a new key of its own.
  void rekeyA(std::uint8_t seed) {
    a.its_key = keying(kSuite, seed);
    a.sender = *SrtpSender::create(a.its_key);
    ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  }
};

TEST_F(RelayRekey, TheSameKeyKeepsRolloverAndReplayState) {
  const auto early = a.rtpOf(65'535);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, early), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(0)), DropReason::sent);
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, early), DropReason::replayed);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent) << "under rollover counter one";
  EXPECT_EQ(relay.snapshot().of(Side::a).rekeys, 0u);
}

TEST_F(RelayRekey, PacketsInFlightUnderTheOldKeyAreHeardForAWhile) {
  const auto in_flight = a.rtpOf(1);
  const auto later = a.rtpOf(2);
  rekeyA(90);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(3)), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, in_flight), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, in_flight), DropReason::replayed);
  now += 5s;
  EXPECT_EQ(reasonFor(Side::a, a.rtp, later), DropReason::badTag);
  EXPECT_EQ(relay.snapshot().of(Side::a).rekeys, 1u);
}

TEST_F(RelayRekey, APeerThatReturnsToItsKeyGoesOnWhereItWas) {
  auto first_key = a.its_key.clone();
  auto first_sender = std::move(a.sender);
  const auto early = test::protect(first_sender, test::rtpPacket(a.ssrc, 65'535));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, early), DropReason::sent);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, test::protect(first_sender, test::rtpPacket(a.ssrc, 0))), DropReason::sent);
  rekeyA(90);
  a.ssrc = 0xA2;  // music from another box
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
  now += 60s;
  a.its_key = std::move(first_key);
  a.ssrc = 0xA1;
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, early), DropReason::replayed);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, test::protect(first_sender, test::rtpPacket(a.ssrc, 1))), DropReason::sent);
}

TEST_F(RelayRekey, APeerThatReturnsFromClearToItsKeyGoesOnWhereItWas) {
  const auto early = a.rtpOf(1);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, early), DropReason::sent);
  auto clear = a.config();
  clear.protection = MediaProtection::none;
  ASSERT_TRUE(relay.configure(Side::a, std::move(clear), now));
  a.our_key = keying(kSuite, 91);
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  EXPECT_EQ(reasonFor(Side::a, a.rtp, early), DropReason::replayed);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(2)), DropReason::sent);
}

TEST_F(RelayRekey, AKeyThatWasLeftLongAgoIsRefused) {
  const auto first_key = a.its_key.clone();
  for (std::uint8_t seed = 90; seed < 94; ++seed) rekeyA(seed);
  a.its_key = first_key.clone();
  const auto outcome = relay.configure(Side::a, a.config(), now);
  ASSERT_FALSE(outcome);
  EXPECT_STREQ(outcome.error().code, "media.srtp.key_reused");
  EXPECT_EQ(outcome.error().kind, ErrorKind::peerMisbehaved);
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent) << "the key in use still is";
}

TEST_F(RelayRekey, OurOwnKeyNeverComesBack) {
  const auto ours = a.our_key.clone();
  a.our_key = keying(kSuite, 91);
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  a.our_key = ours.clone();
  const auto outcome = relay.configure(Side::a, a.config(), now);
  ASSERT_FALSE(outcome);
  EXPECT_STREQ(outcome.error().code, "media.srtp.key_reused");
  EXPECT_EQ(outcome.error().kind, ErrorKind::internal);
}

TEST_F(RelayRekey, ANewKeyOfOursStartsAfreshForThePeer) {
  give(Side::b, b.rtp, b.rtpOf(65'535));
  give(Side::b, b.rtp, b.rtpOf(0));
  a.our_key = keying(kSuite, 91);
  ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
  auto fresh = *SrtpReceiver::create(a.our_key);
  EXPECT_EQ(reasonFor(Side::b, b.rtp, b.rtpOf(1)), DropReason::sent);
  EXPECT_EQ(test::unprotect(fresh, last), DropReason::sent);
}

TEST_F(RelayRekey, ASuiteMayChangeWithTheKey) {
  TestPeer other{crypto::SrtpSuite::aesCm128HmacSha1_80, 70, "192.0.2.1:4000"};
  ASSERT_TRUE(relay.configure(Side::a, other.config(), now));
  EXPECT_EQ(reasonFor(Side::a, other.rtp, other.rtpOf(1)), DropReason::sent);
  EXPECT_EQ(relay.snapshot().of(Side::a).suite, crypto::SrtpSuite::aesCm128HmacSha1_80);
}

TEST_F(RelayRekey, APeerThatEchoesOurKeyIsRefused) {
  a.its_key = a.our_key.clone();
  const auto outcome = relay.configure(Side::a, a.config(), now);
  ASSERT_FALSE(outcome);
  EXPECT_STREQ(outcome.error().code, "media.srtp.key_shared");
  EXPECT_EQ(outcome.error().kind, ErrorKind::peerMisbehaved);
}

TEST_F(RelayRekey, NoKeyProtectsBothSidesOfACall) {
  TestPeer twin{kSuite, 60, "198.51.100.2:6000"};
  twin.our_key = a.our_key.clone();
  EXPECT_STREQ(relay.configure(Side::b, twin.config(), now).error().code, "media.srtp.key_shared");
  twin.our_key = a.its_key.clone();
  EXPECT_STREQ(relay.configure(Side::b, twin.config(), now).error().code, "media.srtp.key_shared");
  twin.our_key = keying(kSuite, 61);
  twin.its_key = a.our_key.clone();
  EXPECT_STREQ(relay.configure(Side::b, twin.config(), now).error().code, "media.srtp.key_shared");
}

TEST_F(RelayRekey, AKeyOfTheWrongLengthChangesNothing) {
  auto config = a.config();
  config.receive.key_and_salt = Secret{43};
  EXPECT_STREQ(relay.configure(Side::a, std::move(config), now).error().code, "media.srtp.key_length");
  EXPECT_EQ(reasonFor(Side::a, a.rtp, a.rtpOf(1)), DropReason::sent);
}

TEST_F(RelayRekey, RekeyingWithoutEndIsRefused) {
  const char* code = "";
  for (int i = 0; i < 400; ++i) {
    a.our_key = keying(kSuite, 0);
    a.our_key.key_and_salt.mutableBytes()[0] = static_cast<std::uint8_t>(i);
    a.our_key.key_and_salt.mutableBytes()[1] = static_cast<std::uint8_t>(128 + i / 256);
    if (const auto outcome = relay.configure(Side::a, a.config(), now); !outcome) {
      code = outcome.error().code;
      break;
    }
  }
  EXPECT_STREQ(code, "media.srtp.too_many_keys");
}

}  // namespace
}  // namespace sallyport::media
