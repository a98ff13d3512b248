// SPDX-License-Identifier: Apache-2.0
// What a sender refuses to send and a receiver refuses to hear, in each suite.
#include "media/srtp.h"

#include <gtest/gtest.h>

#include "media/media_test_support.h"

namespace sallyport::media {
namespace {

using crypto::SrtpSuite;
using test::Buffer;
using test::keying;
using test::protect;
using test::rtcpPacket;
using test::rtpPacket;
using test::unprotect;

DropReason tryProtect(SrtpSender& sender, Buffer packet, Channel channel = Channel::rtp,
                      std::size_t tailroom = kSrtpTailroom) {
  const auto length = packet.size();
  packet.resize(length + tailroom);
  const auto outcome = channel == Channel::rtp ? sender.protectRtp(packet, length) : sender.protectRtcp(packet, length);
  const auto* reason = std::get_if<DropReason>(&outcome);
  return reason != nullptr ? *reason : DropReason::sent;
}

class Srtp : public ::testing::TestWithParam<SrtpSuite> {
 protected:
  const SrtpKeying key_ = keying(GetParam(), 9);
  SrtpSender sender_ = *SrtpSender::create(key_);
  SrtpReceiver receiver_ = *SrtpReceiver::create(key_);

  DropReason hear(Buffer packet, Channel channel = Channel::rtp) { return unprotect(receiver_, packet, channel); }
};

TEST_P(Srtp, APacketArrivesAsItWasSent) {
  const auto clear = rtpPacket(1, 2);
  auto packet = protect(sender_, clear);
  EXPECT_NE(Buffer(packet.begin() + 12, packet.begin() + 172), Buffer(clear.begin() + 12, clear.end()));
  EXPECT_EQ(unprotect(receiver_, packet), DropReason::sent);
  EXPECT_EQ(packet, clear);
}

TEST_P(Srtp, AnAuthenticatedPacketTellsWhatItIs) {
  auto older = protect(sender_, rtpPacket(7, 99));
  auto newer = protect(sender_, rtpPacket(7, 100, 8));
  const auto first = receiver_.unprotectRtp(newer);
  const auto& packet = std::get<AuthenticatedPacket>(first);
  EXPECT_EQ(packet.ssrc(), 7u);
  EXPECT_EQ(packet.index(), 100u);
  EXPECT_EQ(packet.header().payload_type, 8);
  EXPECT_EQ(packet.channel(), Channel::rtp);
  EXPECT_TRUE(packet.newest());
  const auto second = receiver_.unprotectRtp(older);
  EXPECT_FALSE(std::get<AuthenticatedPacket>(second).newest());
}

TEST_P(Srtp, MoreThan65536PacketsFlowThroughTwoRollovers) {
  for (std::uint32_t i = 0; i < 140'000; ++i) {
    auto packet = protect(sender_, rtpPacket(1, static_cast<std::uint16_t>(i), 0, 4));
    ASSERT_EQ(unprotect(receiver_, packet), DropReason::sent) << i;
  }
}

TEST_P(Srtp, AReplayIsRefusedAndSoIsWhatTheWindowHasForgotten) {
  const auto first = protect(sender_, rtpPacket(1, 1));
  EXPECT_EQ(hear(first), DropReason::sent);
  EXPECT_EQ(hear(first), DropReason::replayed);
  const auto held_back = protect(sender_, rtpPacket(1, 2));
  for (std::uint16_t sequence = 3; sequence <= 258; ++sequence) {
    ASSERT_EQ(hear(protect(sender_, rtpPacket(1, sequence))), DropReason::sent);
  }
  EXPECT_EQ(hear(held_back), DropReason::tooOld);
}

TEST_P(Srtp, AForgedPacketChangesNothing) {
  EXPECT_EQ(hear(protect(sender_, rtpPacket(1, 10))), DropReason::sent);
  // Far ahead and of many new sources: had they been believed, rollover, window and table would be gone.
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    EXPECT_EQ(hear(rtpPacket(i % 50, static_cast<std::uint16_t>(30'000 + i))), DropReason::badTag);
  }
  EXPECT_EQ(hear(protect(sender_, rtpPacket(1, 11))), DropReason::sent);
}

TEST_P(Srtp, ARefusedPacketIsLeftAsItWas) {
  auto packet = protect(sender_, rtpPacket(1, 10));
  packet.back() ^= 1;
  const auto before = packet;
  EXPECT_EQ(unprotect(receiver_, packet), DropReason::badTag);
  EXPECT_EQ(packet, before);
}

TEST_P(Srtp, AnotherKeyIsABadTag) {
  auto stranger = *SrtpSender::create(keying(GetParam(), 10));
  EXPECT_EQ(hear(protect(stranger, rtpPacket(1, 1))), DropReason::badTag);
  EXPECT_EQ(hear(protect(stranger, rtcpPacket(1), Channel::rtcp), Channel::rtcp), DropReason::badTag);
}

TEST_P(Srtp, WhatIsTooShortTooLongOrNotVersion2IsRefused) {
  EXPECT_EQ(hear(Buffer{}), DropReason::tooShort);
  EXPECT_EQ(hear(Buffer(12 + crypto::factsOf(GetParam()).tag_bytes - 1, 0x80)), DropReason::tooShort);
  EXPECT_EQ(hear(Buffer(kLongestPacket + 1, 0x80)), DropReason::tooLong);
  EXPECT_EQ(hear(Buffer(100, 0x40)), DropReason::badVersion);
  EXPECT_EQ(hear(Buffer{}, Channel::rtcp), DropReason::tooShort);
  EXPECT_EQ(hear(Buffer(kLongestPacket + 1, 0x80), Channel::rtcp), DropReason::tooLong);
  EXPECT_EQ(hear(Buffer(100, 0xC0), Channel::rtcp), DropReason::badVersion);
}

TEST_P(Srtp, AHeaderThatRunsIntoTheTagIsRefused) {
  auto packet = protect(sender_, rtpPacket(1, 1, 0, 0));
  packet[0] = 0x81;  // a CSRC where the tag stands
  EXPECT_EQ(hear(packet), DropReason::malformedHeader);
}

TEST_P(Srtp, RtcpThatClaimsToBeUnencryptedIsRefused) {
  auto packet = protect(sender_, rtcpPacket(1), Channel::rtcp);
  const auto word = factsOf(GetParam()).aead ? packet.size() - 4 : packet.size() - 14;
  EXPECT_EQ(packet[word] & 0x80, 0x80) << "what we send has the E bit";
  packet[word] &= 0x7F;
  EXPECT_EQ(hear(packet, Channel::rtcp), DropReason::unencryptedRtcp);
}

TEST_P(Srtp, RtcpIsRefusedTwiceAndBehindTheWindow) {
  const auto first = protect(sender_, rtcpPacket(1), Channel::rtcp);
  EXPECT_EQ(hear(first, Channel::rtcp), DropReason::sent);
  EXPECT_EQ(hear(first, Channel::rtcp), DropReason::replayed);
  const auto held_back = protect(sender_, rtcpPacket(1), Channel::rtcp);
  for (int i = 0; i < 128; ++i) {
    ASSERT_EQ(hear(protect(sender_, rtcpPacket(1), Channel::rtcp), Channel::rtcp), DropReason::sent);
  }
  EXPECT_EQ(hear(held_back, Channel::rtcp), DropReason::tooOld);
}

TEST_P(Srtp, RtpAndRtcpInterleaveUnderTheirOwnKeys) {
  for (std::uint16_t i = 0; i < 50; ++i) {
    ASSERT_EQ(hear(protect(sender_, rtpPacket(1, i))), DropReason::sent);
    ASSERT_EQ(hear(protect(sender_, rtcpPacket(1), Channel::rtcp), Channel::rtcp), DropReason::sent);
  }
}

TEST_P(Srtp, ASenderNeverEncryptsAnIndexTwice) {
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 500)), DropReason::sent);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 500, 8)), DropReason::indexUsed);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 400)), DropReason::sent) << "reordered, in the window, new";
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 400)), DropReason::indexUsed);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 244)), DropReason::indexTooOld);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(2, 500)), DropReason::sent) << "another source is another keystream";
}

TEST_P(Srtp, ASourceThatWasDisplacedGoesOnBehindItsMark) {
  const auto old = protect(sender_, rtpPacket(1, 1'000));
  EXPECT_EQ(hear(old), DropReason::sent);
  for (std::uint32_t ssrc = 2; ssrc <= 8; ++ssrc)
    EXPECT_EQ(hear(protect(sender_, rtpPacket(ssrc, 1))), DropReason::sent);
  // Source 1 is no longer among the live ones, neither here nor there.
  EXPECT_NE(hear(old), DropReason::sent);
  EXPECT_NE(tryProtect(sender_, rtpPacket(1, 1'000)), DropReason::sent);
  EXPECT_NE(tryProtect(sender_, rtpPacket(1, 999)), DropReason::sent);
  EXPECT_EQ(hear(protect(sender_, rtpPacket(1, 1'001))), DropReason::sent);
}

TEST_P(Srtp, RtcpOfASourceThatWasDisplacedGoesOnBehindItsMark) {
  const auto old = protect(sender_, rtcpPacket(1), Channel::rtcp);
  EXPECT_EQ(hear(old, Channel::rtcp), DropReason::sent);
  for (std::uint32_t ssrc = 2; ssrc <= 8; ++ssrc)
    EXPECT_EQ(hear(protect(sender_, rtcpPacket(ssrc), Channel::rtcp), Channel::rtcp), DropReason::sent);
  EXPECT_NE(hear(old, Channel::rtcp), DropReason::sent);
  EXPECT_EQ(hear(protect(sender_, rtcpPacket(1), Channel::rtcp), Channel::rtcp), DropReason::sent);
}

TEST_P(Srtp, SourcesThatTakeTurnsAreHeardWithoutEndAndNeverTwice) {
  for (std::uint16_t sequence = 1; sequence <= 20; ++sequence) {
    for (std::uint32_t ssrc = 1; ssrc <= 6; ++ssrc) {
      const auto packet = protect(sender_, rtpPacket(ssrc, sequence));
      ASSERT_EQ(hear(packet), DropReason::sent) << ssrc << " " << sequence;
      ASSERT_EQ(hear(packet), DropReason::replayed);
    }
  }
}

TEST_P(Srtp, AKeyVouchesForABoundedNumberOfSources) {
  for (std::uint32_t ssrc = 1; ssrc <= 24; ++ssrc) {
    EXPECT_EQ(hear(protect(sender_, rtpPacket(ssrc, 1))), DropReason::sent) << ssrc;
  }
  EXPECT_EQ(tryProtect(sender_, rtpPacket(25, 1)), DropReason::ssrcTableFull);
  auto other_sender = *SrtpSender::create(key_);
  EXPECT_EQ(hear(protect(other_sender, rtpPacket(25, 1))), DropReason::ssrcTableFull);
  EXPECT_EQ(hear(protect(other_sender, rtcpPacket(25), Channel::rtcp), Channel::rtcp), DropReason::ssrcTableFull);
  EXPECT_EQ(hear(protect(sender_, rtpPacket(24, 2))), DropReason::sent) << "known sources go on";
}

TEST_P(Srtp, AKeyEndsWithTheLifetimeThatWasAgreed) {
  auto brief = key_.clone();
  brief.lifetime = 3;
  auto sender = *SrtpSender::create(brief);
  auto receiver = *SrtpReceiver::create(brief);
  for (std::uint16_t i = 0; i < 3; ++i) {
    auto packet = protect(sender, rtpPacket(1, i));
    EXPECT_EQ(unprotect(receiver, packet), DropReason::sent);
  }
  EXPECT_EQ(tryProtect(sender, rtpPacket(1, 3)), DropReason::keyExpired);
  auto late = protect(sender_, rtpPacket(1, 3));
  EXPECT_EQ(unprotect(receiver, late), DropReason::keyExpired);
}

TEST_P(Srtp, TheLastIndexIsTheLast) {
  sender_.continueAfter(1, kMostRtpPackets - 2);
  receiver_.continueAfter(1, kMostRtpPackets - 2);
  EXPECT_EQ(hear(protect(sender_, rtpPacket(1, 65'535))), DropReason::sent);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 0)), DropReason::keyExpired);
  EXPECT_EQ(hear(rtpPacket(1, 0)), DropReason::keyExpired);

  sender_.continueRtcpAt(kMostRtcpPackets - 1);
  EXPECT_EQ(hear(protect(sender_, rtcpPacket(1), Channel::rtcp), Channel::rtcp), DropReason::sent);
  EXPECT_EQ(tryProtect(sender_, rtcpPacket(1), Channel::rtcp), DropReason::keyExpired);
}

// RFC 3711 9.1: no two packets of a key may share a keystream, be they 2^32 apart.
TEST_P(Srtp, EveryBitOfAnIndexChangesTheKeystream) {
  const auto sealedAt = [&](std::uint64_t rollover) {
    auto sender = *SrtpSender::create(key_);
    sender.continueAfter(1, rollover << 16 | 9);
    auto packet = protect(sender, rtpPacket(1, 10));
    packet.resize(packet.size() - factsOf(GetParam()).tag_bytes);
    return packet;
  };
  const auto first = sealedAt(0);
  for (unsigned bit = 0; bit < 32; ++bit) EXPECT_NE(sealedAt(std::uint64_t{1} << bit), first) << bit;
}

TEST_P(Srtp, TakeoverGoesForwardOnly) {
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 500)), DropReason::sent);
  sender_.continueAfter(1, 100);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 500)), DropReason::indexUsed);
  sender_.continueAfter(1, 600);
  EXPECT_NE(tryProtect(sender_, rtpPacket(1, 600)), DropReason::sent);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 601)), DropReason::sent);
  sender_.continueRtcpAt(3);
  EXPECT_EQ(hear(protect(sender_, rtcpPacket(1), Channel::rtcp), Channel::rtcp), DropReason::sent);
  sender_.continueRtcpAt(3);
  EXPECT_EQ(hear(protect(sender_, rtcpPacket(1), Channel::rtcp), Channel::rtcp), DropReason::sent);
}

TEST_P(Srtp, ASenderRefusesWhatIsNotAPacketOrHasNoRoom) {
  const auto tag = factsOf(GetParam()).tag_bytes;
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 1), Channel::rtp, tag - 1), DropReason::noTailroom);
  EXPECT_EQ(tryProtect(sender_, rtcpPacket(1), Channel::rtcp, tag + 3), DropReason::noTailroom);
  EXPECT_EQ(tryProtect(sender_, Buffer(11, 0x80)), DropReason::tooShort);
  EXPECT_EQ(tryProtect(sender_, Buffer(7, 0x80), Channel::rtcp), DropReason::tooShort);
  EXPECT_EQ(tryProtect(sender_, Buffer(40, 0x00)), DropReason::badVersion);
  EXPECT_EQ(tryProtect(sender_, Buffer(40, 0x00), Channel::rtcp), DropReason::badVersion);
  EXPECT_EQ(tryProtect(sender_, Buffer(13, 0x8F)), DropReason::malformedHeader);
  EXPECT_EQ(tryProtect(sender_, rtpPacket(1, 1, 0, kLongestPacket)), DropReason::tooLong);
  EXPECT_EQ(tryProtect(sender_, Buffer(kLongestPacket, 0x80), Channel::rtcp), DropReason::tooLong);
}

TEST_P(Srtp, AKeyOfTheWrongLengthIsRefused) {
  SrtpKeying wrong{GetParam(), Secret{43}};
  EXPECT_STREQ(SrtpSender::create(wrong).error().code, "media.srtp.key_length");
  EXPECT_STREQ(SrtpReceiver::create(wrong).error().code, "media.srtp.key_length");
  EXPECT_EQ(SrtpReceiver::create(wrong).error().kind, ErrorKind::peerMisbehaved);
}

INSTANTIATE_TEST_SUITE_P(Suites, Srtp, ::testing::ValuesIn(crypto::kSrtpSuites),
                         [](const auto& param) { return std::string{crypto::factsOf(param.param).name}; });

}  // namespace
}  // namespace sallyport::media
