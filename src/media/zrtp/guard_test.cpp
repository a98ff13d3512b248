// SPDX-License-Identifier: Apache-2.0
// Real exchanges through the guard.
#include "media/zrtp/guard.h"

#include <gmock/gmock.h>

#include "media/zrtp/zrtp_test_support.h"

namespace sallyport::media::zrtp {
namespace {

using namespace test;
using ::testing::ElementsAre;

using ZrtpGuard = GuardedCall;

crypto::Sha256Digest digestOf(const std::string& announced) {
  const auto bytes = media::test::fromHex(announced.substr(5));
  crypto::Sha256Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

TEST_F(ZrtpGuard, LetsTwoEndsAgreeAndShowTheSameWords) {
  begin();
  run(3s);
  ASSERT_TRUE(a->secure() && b->secure());
  EXPECT_FALSE(a->sas.empty());
  EXPECT_EQ(a->sas, b->sas);
  EXPECT_TRUE(guard.secure());
  EXPECT_EQ(guard.agreement()->mode, Mode::diffieHellman);
  EXPECT_THAT(codes(), ElementsAre("media.zrtp.agreed"));
}

class EveryAgreement : public GuardedCall,
                       public ::testing::WithParamInterface<std::pair<std::uint8_t, const char*>> {};

TEST_P(EveryAgreement, IsFollowedToItsEnd) {
  for (auto* end : {a.get(), b.get()}) {
    end->offer(ZRTP_KEYAGREEMENT_TYPE, {GetParam().first});
    end->offer(ZRTP_HASH_TYPE, {ZRTP_HASH_S384, ZRTP_HASH_S256});
    end->offer(ZRTP_CIPHERBLOCK_TYPE, {ZRTP_CIPHER_AES3, ZRTP_CIPHER_AES1});
    end->offer(ZRTP_AUTHTAG_TYPE, {ZRTP_AUTHTAG_HS80});
    end->offer(ZRTP_SAS_TYPE, {ZRTP_SAS_B256});
  }
  begin();
  run(3s);
  ASSERT_TRUE(guard.secure());
  EXPECT_EQ(a->sas, b->sas);
  EXPECT_EQ(guard.agreement()->agreement, GetParam().second);
  EXPECT_EQ(guard.agreement()->hash, "S384");
  EXPECT_EQ(guard.agreement()->cipher, "AES3");
  EXPECT_EQ(guard.agreement()->auth_tag, "HS80");
  EXPECT_EQ(guard.agreement()->sas_type, "B256");
}
INSTANTIATE_TEST_SUITE_P(Of, EveryAgreement,
                         ::testing::Values(std::pair{ZRTP_KEYAGREEMENT_X255, "X255"},
                                           std::pair{ZRTP_KEYAGREEMENT_X448, "X448"},
                                           std::pair{ZRTP_KEYAGREEMENT_DH3k, "DH3k"},
                                           std::pair{ZRTP_KEYAGREEMENT_DH2k, "DH2k"}),
                         [](const auto& which) { return std::string{which.param.second}; });

TEST_F(ZrtpGuard, LetsNoMediaThroughUntilConf2AckHasPassed) {
  std::vector<std::pair<Type, Refusal>> when;
  fate = [&](Side from, Type type, Buffer packet) {
    when.emplace_back(type, media(from));
    when.emplace_back(type, media(opposite(from)));
    return std::vector<Buffer>{std::move(packet)};
  };
  begin();
  run(3s);
  ASSERT_TRUE(guard.secure());
  for (const auto& [type, refusal] : when) EXPECT_EQ(refusal, Refusal::beforeAgreement) << toString(type);
  EXPECT_EQ(media(Side::a), Refusal::none);
  EXPECT_EQ(media(Side::b), Refusal::none);
}

TEST_F(ZrtpGuard, LetsNoRtcpThroughBeforeTheAgreementEither) {
  EXPECT_EQ(guard.onMedia(Side::a, Channel::rtcp, rtcpPacket(0xA1), now), Refusal::beforeAgreement);
}

TEST_F(ZrtpGuard, EveryMessageMayBeLostOnceBeforeTheGuardOrBehindIt) {
  for (const auto lost : {Type::hello, Type::helloAck, Type::commit, Type::dhPart1, Type::dhPart2, Type::confirm1,
                          Type::confirm2, Type::conf2Ack}) {
    for (const bool behind : {false, true}) {
      a = std::make_unique<RealEnd>(0xA1);
      b = std::make_unique<RealEnd>(0xB1);
      guard = {};
      bool gone = false;
      fate = [&](Side, Type type, Buffer packet) {
        if (!behind && type == lost && !std::exchange(gone, true)) return std::vector<Buffer>{};
        return std::vector<Buffer>{std::move(packet)};
      };
      reaches_far_end = [&](Side, Type type) { return !behind || type != lost || std::exchange(gone, true); };
      begin();
      run(5s);
      EXPECT_TRUE(gone && guard.secure() && a->secure() && b->secure()) << toString(lost) << behind;
      EXPECT_EQ(a->sas, b->sas);
    }
  }
}

TEST_F(ZrtpGuard, TakesEveryMessageTwice) {
  fate = [](Side, Type, Buffer packet) { return std::vector<Buffer>{packet, packet}; };
  begin();
  run(3s);
  EXPECT_TRUE(guard.secure());
  EXPECT_EQ(a->sas, b->sas);
}

TEST_F(ZrtpGuard, PassesHellosWhoseHashTheSdpAnnounces) {
  begin();
  guard.onDescription(Side::a, digestOf(a->helloHash()));
  guard.onDescription(Side::b, digestOf(b->helloHash()));
  run(3s);
  EXPECT_TRUE(guard.secure());
}

TEST_F(ZrtpGuard, ANewOfferLetsAnotherHelloBeginAnew) {
  begin();
  run(3s);
  ASSERT_TRUE(guard.secure());
  a = std::make_unique<RealEnd>(0xA2);
  b = std::make_unique<RealEnd>(0xB2);
  guard.onDescription(Side::a, std::nullopt);
  guard.onDescription(Side::b, std::nullopt);
  EXPECT_TRUE(guard.secure());  // a description alone changes nothing: the ends may go on as they are
  guard.onDescription(Side::a, std::nullopt);
  guard.onDescription(Side::b, std::nullopt);
  a->start();
  a->onTime(1h);
  carry();
  EXPECT_EQ(media(Side::b), Refusal::beforeAgreement);
  b->start();
  run(3s);
  EXPECT_TRUE(guard.secure());
  EXPECT_EQ(guard.counters().agreements, 2U);
}

TEST_F(ZrtpGuard, AnotherAnnouncedHashEndsWhatWasAgreed) {
  begin();
  guard.onDescription(Side::a, digestOf(a->helloHash()));
  run(3s);
  ASSERT_TRUE(guard.secure());
  guard.onDescription(Side::a, digestOf(a->helloHash()));
  EXPECT_TRUE(guard.secure());
  guard.onDescription(Side::a, crypto::Sha256Digest{});
  EXPECT_FALSE(guard.secure());
}

TEST_F(ZrtpGuard, SaysOnceThatNothingWasAgreedInTime) {
  media(Side::a);
  EXPECT_THAT(codes(), ElementsAre());
  now += Guard::kPatience;
  media(Side::a);
  media(Side::b);
  now += Guard::kPatience;
  media(Side::a);
  EXPECT_THAT(codes(), ElementsAre("media.zrtp.never_agreed"));
}

}  // namespace
}  // namespace sallyport::media::zrtp
