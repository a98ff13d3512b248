// SPDX-License-Identifier: Apache-2.0
// Third parties between two real ends, and ends that would go back to clear: what the guard refuses, by reason.
#include <gmock/gmock.h>

#include "media/zrtp/zrtp_test_support.h"

namespace sallyport::media::zrtp {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::size_t kMessageAt = kHeaderBytes;

class ZrtpRefusal : public GuardedCall {
 protected:
  // Changes one byte of the message's, and makes the checksum right again.
  void changeByte(Type which, std::size_t at) {
    fate = [=](Side, Type type, Buffer packet) {
      if (type == which) {
        packet[kMessageAt + at] ^= 1;
        storeChecksum(packet);
      }
      return std::vector<Buffer>{std::move(packet)};
    };
  }
  std::uint64_t refused(Refusal refusal) const { return guard.counters().of(refusal); }
  void agree() {
    begin();
    run(3s);
    ASSERT_TRUE(guard.secure());
    codes();
  }
  Refusal give(Side from, const Buffer& packet) { return guard.onZrtp(from, packet, now); }
};

TEST_F(ZrtpRefusal, AHelloThatIsNotTheAnnouncedOne) {
  begin();
  guard.onDescription(Side::a, crypto::Sha256Digest{});
  run(3s);
  EXPECT_GT(refused(Refusal::helloHash), 0U);
  for (const auto& [from, type, packet] : seen) EXPECT_TRUE(from == Side::b || type != Type::hello);
  EXPECT_THAT(codes(), Contains("media.zrtp.hello_hash"));
  EXPECT_FALSE(guard.secure());
}

TEST_F(ZrtpRefusal, ASecondHelloOfOneSide) {
  begin();
  run(3s);
  RealEnd third{0xC1};
  third.start();
  third.onTime(1h);
  EXPECT_EQ(give(Side::a, third.outgoing.front()), Refusal::helloChanged);
  EXPECT_TRUE(guard.secure());
}

TEST_F(ZrtpRefusal, ACommitWhosePreimageIsNotOfTheHello) {
  changeByte(Type::commit, 12);  // H2
  begin();
  run(3s);
  EXPECT_GT(refused(Refusal::chain), 0U);
  EXPECT_THAT(codes(), ElementsAre("media.zrtp.chain", "media.zrtp.chain"));  // of both ends
  EXPECT_FALSE(guard.secure());
}

TEST_F(ZrtpRefusal, AHelloThatSomebodyChangedIsFoundOutByTheCommit) {
  changeByte(Type::hello, 16);  // the name of the client
  begin();
  run(3s);
  EXPECT_GT(refused(Refusal::chain), 0U);
  EXPECT_FALSE(guard.secure());
}

TEST_F(ZrtpRefusal, ACommitWithAnothersZid) {
  changeByte(Type::commit, 44);
  begin();
  run(3s);
  EXPECT_GT(refused(Refusal::chain), 0U);
  EXPECT_FALSE(guard.secure());
}

TEST_F(ZrtpRefusal, ACommitThatSomebodyChangedIsFoundOutByTheDhPart2) {
  changeByte(Type::commit, 80);  // hvi
  begin();
  run(3s);
  EXPECT_GT(refused(Refusal::chain), 0U);
  EXPECT_EQ(guard.counters().of(Type::dhPart2), 0U);
}

TEST_F(ZrtpRefusal, ADhPart1WhosePreimageIsNotOfTheHello) {
  changeByte(Type::dhPart1, 12);
  begin();
  run(3s);
  EXPECT_GT(refused(Refusal::chain), 0U);
  EXPECT_EQ(guard.counters().of(Type::dhPart1), 0U);
}

TEST_F(ZrtpRefusal, ADhPart2WhosePreimageIsNotOfTheCommit) {
  changeByte(Type::dhPart2, 12);
  begin();
  run(3s);
  EXPECT_GT(refused(Refusal::chain), 0U);
  EXPECT_EQ(guard.counters().of(Type::dhPart2), 0U);
}

TEST_F(ZrtpRefusal, APublicValueThatWasNotCommittedTo) {
  changeByte(Type::dhPart2, 80);
  begin();
  run(3s);
  EXPECT_GT(refused(Refusal::commitment), 0U);
  EXPECT_THAT(codes(), Contains("media.zrtp.commitment"));
  EXPECT_FALSE(guard.secure());
}

TEST_F(ZrtpRefusal, APublicValueOfAnImpossibleSize) {
  for (const auto which : {Type::dhPart1, Type::dhPart2}) {
    a = std::make_unique<RealEnd>(0xA1);
    b = std::make_unique<RealEnd>(0xB1);
    guard = {};
    fate = [=](Side, Type type, Buffer packet) {
      if (type == which) {
        packet.insert(packet.begin() + kMessageAt + 76, 4, 0);
        storeBe16(&packet[14], static_cast<std::uint16_t>(loadBe16(&packet[14]) + 1));
        storeChecksum(packet);
      }
      return std::vector<Buffer>{std::move(packet)};
    };
    begin();
    run(3s);
    EXPECT_GT(refused(Refusal::publicValue), 0U) << toString(which);
    EXPECT_EQ(guard.counters().of(which), 0U);
  }
}

TEST_F(ZrtpRefusal, ARepetitionWithOtherContent) {
  agree();
  for (const auto type : {Type::commit, Type::dhPart1, Type::dhPart2}) {
    for (const auto& [from, kind, packet] : seen) {
      if (kind != type) continue;
      EXPECT_EQ(give(from, packet), Refusal::none);
      auto changed = packet;
      changed[changed.size() - 5] ^= 1;
      storeChecksum(changed);
      EXPECT_EQ(give(from, changed), Refusal::changed) << toString(type);
    }
  }
}

TEST_F(ZrtpRefusal, AnAnswerToNothing) {
  agree();
  const auto answers = {Type::commit, Type::dhPart1, Type::dhPart2, Type::confirm1, Type::confirm2, Type::conf2Ack};
  guard = {};
  for (const auto type : answers) {
    EXPECT_EQ(give(Side::a, passed(type)), Refusal::order) << toString(type);
    EXPECT_EQ(give(Side::b, passed(type)), Refusal::order) << toString(type);
  }
  EXPECT_EQ(give(Side::a, packetOf("HelloACK")), Refusal::order);
  EXPECT_EQ(give(Side::a, packetOf("ErrorACK")), Refusal::order);
  EXPECT_EQ(give(Side::a, packetOf("RelayACK")), Refusal::order);
  EXPECT_FALSE(guard.secure());
}

TEST_F(ZrtpRefusal, ConfirmationsOfTheWrongSide) {
  agree();
  const auto initiator = guard.agreement()->initiator;
  EXPECT_EQ(give(initiator, passed(Type::conf2Ack)), Refusal::order);
  EXPECT_EQ(give(initiator, passed(Type::confirm1)), Refusal::order);
  EXPECT_EQ(give(opposite(initiator), passed(Type::confirm2)), Refusal::order);
}

TEST_F(ZrtpRefusal, AnAlgorithmThatWasNotOffered) {
  b->offer(ZRTP_HASH_TYPE, {ZRTP_HASH_S256});
  agree();
  // The initiator's own chain, about a Hello in which the responder's names are other ones.
  const auto initiator = guard.agreement()->initiator;
  guard = {};
  auto commit = passed(Type::commit, initiator);
  std::copy_n("S384", 4, commit.begin() + kMessageAt + 56);
  storeChecksum(commit);
  for (const auto& [from, type, packet] : seen) {
    if (type == Type::hello) give(from, packet);
  }
  EXPECT_EQ(give(initiator, commit), Refusal::notOffered);
}

TEST_F(ZrtpRefusal, MultistreamOfKeysThatNobodyAgreed) {
  agree();
  const auto initiator = guard.agreement()->initiator;
  auto commit = passed(Type::commit, initiator);
  std::copy_n("Mult", 4, commit.begin() + kMessageAt + 68);
  commit.resize(commit.size() - 16);  // nonce and MAC in place of hvi and MAC
  storeBe16(&commit[14], 25);
  storeChecksum(commit);
  guard = {};
  for (const auto& [from, type, packet] : seen) {
    if (type == Type::hello) give(from, packet);
  }
  EXPECT_EQ(give(initiator, commit), Refusal::noSession);
}

TEST_F(ZrtpRefusal, TheWayBackToClear) {
  agree();
  EXPECT_EQ(give(Side::a, packetOf("GoClear ", Buffer(8))), Refusal::goClear);
  EXPECT_EQ(give(Side::b, packetOf("ClearACK")), Refusal::goClear);
  EXPECT_EQ(give(Side::a, packetOf("GoClear ", Buffer(8))), Refusal::goClear);
  EXPECT_TRUE(guard.secure());
  const auto events = guard.takeEvents();
  ASSERT_EQ(events.size(), 2U);  // once of each side
  EXPECT_EQ(events[0].kind, EventKind::downgradeRefused);
  EXPECT_STREQ(events[0].code, "media.zrtp.go_clear");
  EXPECT_EQ(refused(Refusal::goClear), 3U);
}

TEST_F(ZrtpRefusal, MediaInClearAfterTheAgreement) {
  agree();
  EXPECT_EQ(media(Side::a), Refusal::none);
  auto silence = rtpPacket(0xA1, 2);
  std::fill(silence.begin() + kRtpFixedHeaderBytes, silence.end(), std::uint8_t{0xFF});
  EXPECT_EQ(guard.onMedia(Side::a, Channel::rtp, silence, now), Refusal::notSrtp);
  EXPECT_EQ(guard.onMedia(Side::a, Channel::rtcp, rtcpPacket(0xA1), now), Refusal::notSrtp);
  EXPECT_THAT(codes(), ElementsAre("media.zrtp.not_srtp"));
}

TEST_F(ZrtpRefusal, AnErrorWhenAllIsAgreed) {
  agree();
  EXPECT_EQ(give(Side::a, packetOf("Error   ", Buffer(4))), Refusal::afterAgreement);
  EXPECT_TRUE(guard.secure());
}

TEST_F(ZrtpRefusal, AnErrorBeforeThatPassesAndIsTold) {
  EXPECT_EQ(give(Side::a, packetOf("Error   ", Buffer{0, 0, 0, 0x70})), Refusal::none);
  EXPECT_EQ(give(Side::b, packetOf("ErrorACK")), Refusal::none);
  const auto events = guard.takeEvents();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, EventKind::failed);
  EXPECT_STREQ(events[0].code, "media.zrtp.error");
  EXPECT_EQ(events[0].error, 0x70U);
  EXPECT_EQ(media(Side::a), Refusal::beforeAgreement);
}

TEST_F(ZrtpRefusal, WhatIsNoZrtp) {
  EXPECT_EQ(give(Side::a, Buffer(100, 0x10)), Refusal::malformed);
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(ZrtpRefusal, MorePacketsThanAnExchangeNeeds) {
  const auto ping = packetOf("Ping    ", Buffer(12));
  for (unsigned i = 0; i < 2 * Guard::kPacketsPerSecond; ++i) ASSERT_EQ(give(Side::a, ping), Refusal::none);
  EXPECT_EQ(give(Side::a, ping), Refusal::throttled);
  EXPECT_EQ(give(Side::b, ping), Refusal::none);
  now += 1s;
  EXPECT_EQ(give(Side::a, ping), Refusal::none);
}

TEST_F(ZrtpRefusal, HellosWithoutEnd) {
  a->start();
  a->onTime(1h);
  const auto hello = a->outgoing.front();
  for (unsigned i = 0; i < Guard::kMostHellos; ++i, now += 1s) ASSERT_EQ(give(Side::a, hello), Refusal::none);
  EXPECT_EQ(give(Side::a, hello), Refusal::throttled);
  guard.onDescription(Side::a, std::nullopt);
  EXPECT_EQ(give(Side::a, hello), Refusal::none);
}

}  // namespace
}  // namespace sallyport::media::zrtp
