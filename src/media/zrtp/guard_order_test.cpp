// SPDX-License-Identifier: Apache-2.0
// The messages of a real exchange, one at a time: each is refused before its turn, from the wrong end, and with what
// only somebody between the ends could have put into it.
#include "crypto/hash.h"
#include "media/zrtp/zrtp_test_support.h"

namespace sallyport::media::zrtp {
namespace {

using namespace test;

constexpr std::size_t kMessageAt = kHeaderBytes, kFirstHashAt = kMessageAt + 12;

class ZrtpOrder : public GuardedCall {
 protected:
  void SetUp() override {
    begin();
    run(3s);
    ASSERT_TRUE(guard.secure());
    initiator = guard.agreement()->initiator;
    responder = opposite(initiator);
    guard = {};
  }
  Refusal give(Side from, const Buffer& packet) { return guard.onZrtp(from, packet, now); }
  Refusal say(Type type, Side from) { return give(from, passed(type, from)); }
  void sayHellos() {
    for (const auto side : {Side::a, Side::b}) ASSERT_EQ(say(Type::hello, side), Refusal::none);
  }
  void sayUntilDhPart1() {
    sayHellos();
    ASSERT_EQ(say(Type::commit, initiator), Refusal::none);
    ASSERT_EQ(say(Type::dhPart1, responder), Refusal::none);
  }
  static Buffer changed(Buffer packet, std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), packet.begin() + static_cast<std::ptrdiff_t>(at));
    storeChecksum(packet);
    return packet;
  }
  // With the message's own MAC made anew, under `key`.
  static Buffer sealedBy(Bytes key, Buffer packet) {
    const auto message = messageOf(packet);
    const auto mac = crypto::hmacSha256(key, message.first(message.size() - kMacBytes));
    std::copy_n(mac.begin(), kMacBytes, packet.end() - kChecksumBytes - kMacBytes);
    storeChecksum(packet);
    return packet;
  }
  static Buffer withHash(Buffer packet, Bytes hash) {
    std::copy(hash.begin(), hash.end(), packet.begin() + kFirstHashAt);
    storeChecksum(packet);
    return packet;
  }

  Side initiator = Side::a, responder = Side::b;
};

TEST_F(ZrtpOrder, NothingIsAgreedUntilEachHasConfirmedAndTheLastIsAcknowledged) {
  sayUntilDhPart1();
  EXPECT_EQ(say(Type::confirm1, responder), Refusal::order) << "before DHPart2";
  ASSERT_EQ(say(Type::dhPart2, initiator), Refusal::none);
  EXPECT_EQ(say(Type::confirm2, initiator), Refusal::order) << "before Confirm1";
  EXPECT_EQ(say(Type::conf2Ack, responder), Refusal::order) << "before both";
  ASSERT_EQ(say(Type::confirm1, responder), Refusal::none);
  EXPECT_EQ(say(Type::conf2Ack, responder), Refusal::order) << "before Confirm2";
  ASSERT_EQ(say(Type::confirm2, initiator), Refusal::none);
  EXPECT_EQ(media(Side::a), Refusal::beforeAgreement);
  EXPECT_EQ(media(Side::b), Refusal::beforeAgreement);
  ASSERT_EQ(say(Type::conf2Ack, responder), Refusal::none);
  EXPECT_TRUE(guard.secure());
}

TEST_F(ZrtpOrder, TheInitiatorAnswersADhPart1AndMakesNone) {
  sayHellos();
  ASSERT_EQ(say(Type::commit, initiator), Refusal::none);
  EXPECT_EQ(say(Type::dhPart2, initiator), Refusal::order) << "before DHPart1";
  ASSERT_EQ(say(Type::dhPart1, responder), Refusal::none);
  auto commit = passed(Type::commit, initiator);
  EXPECT_EQ(give(responder, commit), Refusal::order) << "who has answered begins nothing";
}

TEST_F(ZrtpOrder, ACommitNamesWhatBothHellosNameAndItsOwnHellosZid) {
  sayHellos();
  const auto& commit = passed(Type::commit, initiator);
  for (const std::size_t name_at : {56, 60, 64, 68, 72}) {  // hash, cipher, tag, key agreement, SAS
    EXPECT_EQ(give(initiator, changed(commit, kMessageAt + name_at, "XXXX")), Refusal::notOffered) << name_at;
  }
  EXPECT_EQ(give(initiator, changed(commit, kMessageAt + 44, "another zid.")), Refusal::chain);
  EXPECT_EQ(give(initiator, commit), Refusal::none);
}

// Whoever puts in a Hello with a MAC of their own cannot make H3 of the end whose Hello it was.
TEST_F(ZrtpOrder, AKeyThatSealsAHelloIsNotYetTheOneItAnnounces) {
  const Buffer own(kHashBytes, 7);
  ASSERT_EQ(say(Type::hello, responder), Refusal::none);
  ASSERT_EQ(give(initiator, sealedBy(own, passed(Type::hello, initiator))), Refusal::none);
  EXPECT_EQ(give(initiator, withHash(passed(Type::commit, initiator), own)), Refusal::chain);
}

TEST_F(ZrtpOrder, AKeyThatSealsACommitIsNotYetTheOneItAnnounces) {
  const Buffer own(kHashBytes, 7);
  sayHellos();
  ASSERT_EQ(give(initiator, sealedBy(own, passed(Type::commit, initiator))), Refusal::none);
  ASSERT_EQ(say(Type::dhPart1, responder), Refusal::none);
  EXPECT_EQ(give(initiator, withHash(passed(Type::dhPart2, initiator), own)), Refusal::chain);
}

TEST_F(ZrtpOrder, ACommitThatIsNotSealedByItsEndIsFoundOut) {
  const Buffer own(kHashBytes, 7);
  sayHellos();
  ASSERT_EQ(give(initiator, sealedBy(own, passed(Type::commit, initiator))), Refusal::none);
  ASSERT_EQ(say(Type::dhPart1, responder), Refusal::none);
  EXPECT_EQ(say(Type::dhPart2, initiator), Refusal::chain);
}

TEST_F(ZrtpOrder, ADhPart1IsOfTheEndWhoseHelloWasHeard) {
  const Buffer own(kHashBytes, 7);
  sayHellos();
  ASSERT_EQ(say(Type::commit, initiator), Refusal::none);
  EXPECT_EQ(give(responder, withHash(passed(Type::dhPart1, responder), own)), Refusal::chain);
  EXPECT_EQ(say(Type::dhPart1, responder), Refusal::none);
}

}  // namespace
}  // namespace sallyport::media::zrtp
