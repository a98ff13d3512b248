// SPDX-License-Identifier: Apache-2.0
// Calls whose keys two sessions agree by DTLS (RFC 5763), and what is refused to others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "phone/media_session_test_support.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using crypto::DtlsRole;
using sdp::Keying;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TwoSessions;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << text;
  return text.replace(at, what.size(), with);
}

struct ByDtls : TwoSessions {
  ByDtls() : TwoSessions({Keying::dtls}, {Keying::dtls}) {}
};

void expectVoiceBothWays(TwoSessions& two) {
  const auto before_a = two.a->figures().packets_received, before_b = two.b->figures().packets_received;
  two.pass(1s);
  EXPECT_GT(two.a->figures().packets_received, before_a + 45);
  EXPECT_GT(two.b->figures().packets_received, before_b + 45);
  EXPECT_EQ(two.b->figures().drops.of(media::DropReason::badTag), 0U);
}

TEST(MediaKeyedByDtls, FlowsOnceTheHandshakeHasShownTheAnnouncedCertificates) {
  ByDtls two;
  EXPECT_THAT(two.a_end.agreement->offer(), HasSubstr("a=setup:actpass"));
  EXPECT_THAT(two.a_end.agreement->offer(), Not(HasSubstr("a=crypto")));
  two.agree();
  EXPECT_FALSE(two.a->figures().dtls) << "nothing has been proven yet";
  EXPECT_EQ(two.a->figures().packets_sent, 0U);
  two.pass(100ms);
  const auto figures = two.a->figures();
  ASSERT_TRUE(figures.dtls);
  EXPECT_EQ(figures.dtls->role, DtlsRole::server);
  EXPECT_THAT(figures.dtls->fingerprints, ElementsAre(two.b_end.certificate->fingerprint()));
  EXPECT_EQ(two.b->figures().dtls->role, DtlsRole::client);
  EXPECT_EQ(figures.suite, crypto::SrtpSuite::aeadAes256Gcm);
  EXPECT_EQ(figures.keying, Keying::dtls);
  expectVoiceBothWays(two);
}

TEST(MediaKeyedByDtls, APassiveAnswerMakesTheCallerTheClient) {
  ByDtls two;
  const auto offer = replaced(two.a_end.agreement->offer(), "a=setup:actpass", "a=setup:active");
  const auto answer = two.b_end.agreement->answer(offer);
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_THAT(answer->sdp, HasSubstr("a=setup:passive"));
  const auto plan = two.a_end.agreement->accept(answer->sdp);
  ASSERT_TRUE(plan) << describe(plan.error());
  ASSERT_TRUE(two.b->apply(answer->plan));
  ASSERT_TRUE(two.a->apply(*plan));
  two.pass(100ms);
  EXPECT_EQ(two.a->figures().dtls->role, DtlsRole::client);
  expectVoiceBothWays(two);
}

TEST(MediaKeyedByDtls, HearsAHelloThatIsFasterThanTheAnswer) {
  ByDtls two;
  const auto answer = two.b_end.agreement->answer(two.a_end.agreement->offer());
  ASSERT_TRUE(answer);
  ASSERT_TRUE(two.b->apply(answer->plan));
  for (int i = 0; i < 20; ++i) two.loop->turn(1ms);  // the hello has come, and no time has gone by
  ASSERT_TRUE(two.a->apply(*two.a_end.agreement->accept(answer->sdp)));
  for (int i = 0; i < 50; ++i) two.loop->turn(1ms);
  EXPECT_TRUE(two.a->figures().dtls && two.b->figures().dtls);
}

TEST(MediaKeyedByDtls, AnotherOfferOfEitherSideKeepsTheAssociation) {
  ByDtls two;
  two.agree();
  two.pass(500ms);
  two.agree(*two.b_end.agreement, *two.a_end.agreement);
  expectVoiceBothWays(two);
  two.agree();
  expectVoiceBothWays(two);
  EXPECT_EQ(two.a->figures().quality.lost, 0U);
  EXPECT_THAT(two.a_end.failures, IsEmpty());
}

TEST(MediaKeyedByDtls, AnotherAssociationBringsOtherKeysInMidCall) {
  ByDtls two;
  two.agree();
  two.pass(500ms);
  two.a_end.agreement.emplace(two.a_end.agree());  // as another place would describe itself: another tls-id
  two.agree();
  two.pass(100ms);
  expectVoiceBothWays(two);
}

TEST(MediaKeyedByDtls, EndsWhereAnotherCertificateIsShownThanWasAnnounced) {
  ByDtls two;
  const auto other = *crypto::DtlsCertificate::generate(two.clock.wall());
  const auto offer =
      replaced(two.a_end.agreement->offer(), two.a_end.certificate->fingerprint().text(), other->fingerprint().text());
  const auto answer = two.b_end.agreement->answer(offer);
  ASSERT_TRUE(answer);
  ASSERT_TRUE(two.a->apply(*two.a_end.agreement->accept(answer->sdp)));
  ASSERT_TRUE(two.b->apply(answer->plan));
  two.pass(200ms);
  EXPECT_THAT(two.b_end.failures, ElementsAre("dtls.fingerprint.mismatch"));
  EXPECT_FALSE(two.b->figures().dtls);
  EXPECT_EQ(two.b->figures().packets_sent, 0U);
}

TEST(MediaKeyedByDtls, EndsWhereNobodyShakesHands) {
  ByDtls two;
  const auto answer = two.b_end.agreement->answer(two.a_end.agreement->offer());
  ASSERT_TRUE(answer);
  ASSERT_TRUE(two.b->apply(answer->plan));
  two.pass(9'900ms);
  EXPECT_THAT(two.b_end.failures, IsEmpty());
  two.pass(200ms);
  EXPECT_THAT(two.b_end.failures, ElementsAre("media.handshake_timeout"));
  two.pass(5s);
  EXPECT_EQ(two.b_end.failures.size(), 1U) << "said once";
}

TEST(MediaKeyedByDtls, AStrangersHelloIsDroppedAndCounted) {
  ByDtls two;
  two.agree();
  two.pass(200ms);
  const std::array<std::uint8_t, 14> hello{22, 0xFE, 0xFD};
  two.send(two.b->rtp(), hello);
  EXPECT_EQ(two.b->figures().drops.of(media::DropReason::notMedia), 1U);
  expectVoiceBothWays(two);
}

TEST(MediaKeyedByDtls, TakesEitherKeyingWhereBothAreAllowed) {
  for (const auto offered : {Keying::sdes, Keying::dtls}) {
    TwoSessions two{{offered}, {Keying::sdes, Keying::dtls}};
    two.agree();
    two.pass(100ms);
    EXPECT_EQ(two.b->figures().keying, offered);
    expectVoiceBothWays(two);
  }
}

TEST(MediaKeyedByDtls, IsNotForAPeerWithoutIt) {
  TwoSessions two{{Keying::sdes}, {Keying::dtls}};
  const auto refused = two.b_end.agreement->answer(two.a_end.agreement->offer());
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "sdp.keying.sdes");
  TwoSessions back{{Keying::dtls}, {Keying::sdes}};
  const auto also = back.b_end.agreement->answer(back.a_end.agreement->offer());
  ASSERT_FALSE(also);
  EXPECT_STREQ(also.error().code, "sdp.keying.dtls");
}

TEST(MediaKeyedByDtls, AnAnswerWithoutItIsRefused) {
  ByDtls two;
  const auto answer = two.b_end.agreement->answer(two.a_end.agreement->offer());
  ASSERT_TRUE(answer);
  const auto line = "a=fingerprint:" + two.b_end.certificate->fingerprint().text() + "\r\n";
  const auto bare = two.a_end.agreement->accept(replaced(answer->sdp, line, ""));
  ASSERT_FALSE(bare);
  EXPECT_STREQ(bare.error().code, "sdp.fingerprint.missing");
}

}  // namespace
}  // namespace sallyport::phone
