// SPDX-License-Identifier: Apache-2.0
#include "phone/phone.h"

#include <gmock/gmock.h>

#include "phone/audio/compare.h"
#include "phone/phone_test_support.h"

namespace sallyport::phone {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Party;
using namespace std::chrono_literals;

class PhoneToPhone : public testing::TwoPhones {
 protected:
  void talkFor(std::chrono::milliseconds time) {
    ASSERT_TRUE(comesTrue([&] { return alice.talking != nullptr && bob.talking != nullptr; }))
        << (alice.reports.empty() ? "not answered" : alice.reports[0].end.code + ": " + alice.reports[0].end.detail);
    pass(time);
  }
  void hangUp() {
    alice.talking->hangUp();
    ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty() && !bob.reports.empty(); }));
  }
  static void expectSame(const Pcm& played, const Pcm& heard, sdp::Codec codec) {
    Pcm compared = played;
    compared.samples.resize(std::min(compared.samples.size(), heard.samples.size()));
    const auto comparison = compareAudio(compared, heard);
    ASSERT_TRUE(comparison) << describe(comparison.error());
    const auto verdict = judge(*comparison, thresholdsFor(codec));
    EXPECT_TRUE(verdict.passed()) << verdict.complaints.at(0);
    EXPECT_LT(comparison->delay_ms, 300);
    EXPECT_LT(comparison->delay_spread_ms, 1);
  }
};

class PhoneCodecs : public PhoneToPhone, public ::testing::WithParamInterface<sdp::Codec> {};
INSTANTIATE_TEST_SUITE_P(All, PhoneCodecs, ::testing::Values(sdp::Codec::opus, sdp::Codec::pcmu, sdp::Codec::pcma),
                         [](const auto& instance) { return std::string{sdp::toString(instance.param)}; });

TEST_P(PhoneCodecs, EachHearsWhatTheOtherPlays) {
  start({GetParam()});
  call();
  talkFor(6s);
  hangUp();
  expectSame(*alice.plays, *bob.heard, GetParam());
  expectSame(*bob.plays, *alice.heard, GetParam());

  const auto& report = alice.reports.at(0);
  EXPECT_EQ(report.end.code, "phone.call.hung_up");
  EXPECT_TRUE(report.answered);
  EXPECT_EQ(report.media.codec, GetParam());
  EXPECT_EQ(report.media.suite, crypto::SrtpSuite::aeadAes256Gcm);
  EXPECT_GE(report.media.packets_sent, 299U);
  EXPECT_GE(report.media.packets_received, 299U);
  EXPECT_EQ(report.media.quality.lost, 0U);
  EXPECT_EQ(report.media.drops.total(), 0U);
  EXPECT_GT(report.media.rating->mos, 3.5);
  EXPECT_EQ(report.tls_peer, "dns:bob.example.com");
  EXPECT_EQ(bob.reports.at(0).end.code, "phone.call.bye");
}

class PhoneSuites : public PhoneToPhone, public ::testing::WithParamInterface<crypto::SrtpSuite> {};
INSTANTIATE_TEST_SUITE_P(All, PhoneSuites, ::testing::ValuesIn(crypto::kSrtpSuites),
                         [](const auto& i) { return std::string{crypto::factsOf(i.param).name}; });

TEST_P(PhoneSuites, TheSuiteThatBothAllowIsUsed) {
  auto bobs = configFor("bob", {sdp::Codec::pcmu});
  bobs.media.suites = {GetParam()};
  start(configFor("alice", {sdp::Codec::pcmu}), bobs, ca.phone("alice", "dns:bob.example.com", clock),
        ca.phone("bob", "dns:alice.example.com", clock));
  call();
  talkFor(2s);
  hangUp();
  EXPECT_EQ(alice.reports.at(0).media.suite, GetParam());
  expectSame(*alice.plays, *bob.heard, sdp::Codec::pcmu);
}

TEST_F(PhoneToPhone, NothingIsSentToOneOnHoldAndAllOfItAfterwards) {
  start({sdp::Codec::pcmu});
  call();
  talkFor(2s);
  ASSERT_TRUE(bob.talking->hold());
  ASSERT_TRUE(comesTrue([&] { return alice.directions.size() == 2; }));
  const auto sent_before = alice.talking->figures().packets_sent;
  pass(1s);
  EXPECT_EQ(alice.talking->figures().packets_sent, sent_before);
  EXPECT_GT(bob.talking->figures().packets_sent, 140U) << "the holder goes on sending";
  ASSERT_TRUE(bob.talking->resume());
  ASSERT_TRUE(comesTrue([&] { return alice.directions.size() == 3; }));
  pass(2s);
  EXPECT_GT(alice.talking->figures().packets_sent, sent_before + 95);
  hangUp();
  EXPECT_THAT(alice.directions,
              ElementsAre(sdp::Direction::sendrecv, sdp::Direction::recvonly, sdp::Direction::sendrecv));
  EXPECT_EQ(bob.reports.at(0).media.drops.of(media::DropReason::badTag), 0U);
}

TEST_F(PhoneToPhone, GivingUpWhileItRingsCancels) {
  start();
  bob.incoming = [](Conversation& conversation) { conversation.ring(); };
  auto* conversation = call();
  ASSERT_TRUE(comesTrue([&] { return !alice.progress.empty(); }));
  EXPECT_THAT(alice.progress, ElementsAre(180));
  conversation->hangUp();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty() && !bob.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.code, "phone.call.cancelled");
  EXPECT_EQ(alice.reports[0].end.status, 487);
  EXPECT_EQ(bob.reports[0].end.code, "phone.call.cancelled");
  EXPECT_FALSE(bob.reports[0].answered);
}

TEST_F(PhoneToPhone, ARefusalSaysWhy) {
  start();
  bob.incoming = [](Conversation& conversation) { conversation.reject(486); };
  call();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.status, 486);
  EXPECT_EQ(alice.reports[0].end.reason, "Busy Here");
}

TEST_F(PhoneToPhone, NoCommonSuiteIsNotAcceptable) {
  auto alices = configFor("alice"), bobs = configFor("bob");
  alices.media.suites = {crypto::SrtpSuite::aesCm128HmacSha1_80};
  bobs.media.suites = {crypto::SrtpSuite::aeadAes256Gcm};
  start(alices, bobs, ca.phone("alice", "dns:bob.example.com", clock), ca.phone("bob", "dns:alice.example.com", clock));
  call();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.status, 488);
  EXPECT_EQ(alice.reports[0].media.packets_sent, 0U);
}

TEST_F(PhoneToPhone, NoCommonCodecIsNotAcceptable) {
  start(configFor("alice", {sdp::Codec::pcmu}), configFor("bob", {sdp::Codec::opus}),
        ca.phone("alice", "dns:bob.example.com", clock), ca.phone("bob", "dns:alice.example.com", clock));
  call();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.status, 488);
}

TEST_F(PhoneToPhone, AServerOfAnotherNameIsNotSpokenTo) {
  start(configFor("alice"), configFor("bob"), ca.phone("alice", "dns:edge.example.com", clock),
        ca.phone("bob", "dns:alice.example.com", clock));
  call();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.code, "tls.peer.unknown");
  EXPECT_EQ(alice.reports[0].end.status, 0);
  EXPECT_TRUE(bob.reports.empty());
}

TEST_F(PhoneToPhone, AServerOfAnotherCaIsNotSpokenTo) {
  const testing::TestCa foreign;
  start(configFor("alice"), configFor("bob"), foreign.phone("alice", "dns:bob.example.com", clock),
        ca.phone("bob", "dns:alice.example.com", clock));
  call();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.code, "tls.certificate.untrusted_issuer");
}

TEST_F(PhoneToPhone, ACallerOfAnotherNameIsTurnedAwayAtTheDoor) {
  start(configFor("alice"), configFor("bob"), ca.phone("alice", "dns:bob.example.com", clock),
        ca.phone("bob", "dns:edge.example.com", clock));
  call();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty() && !bob.strangers.empty(); }));
  EXPECT_THAT(bob.strangers, ElementsAre("tls.peer.unknown"));
  EXPECT_FALSE(alice.reports[0].answered);
}

TEST_F(PhoneToPhone, NobodyThereIsSaidSo) {
  start();
  bob_phone.reset();
  call();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.code, "net.connect.refused");
}

TEST_F(PhoneToPhone, TheConnectionMayGoWhileTheCallEnds) {
  start();
  call();
  talkFor(500ms);
  alice_phone->shutDown();
  ASSERT_TRUE(comesTrue([&] { return !bob.reports.empty() && alice_phone->links() == 0; }));
  EXPECT_EQ(bob.reports[0].end.code, "phone.call.bye");
  EXPECT_EQ(alice_phone->conversations(), 0U);
}

TEST_F(PhoneToPhone, APhoneThatVanishesIsMissedAfterAWhile) {
  start();
  call();
  talkFor(500ms);
  alice_phone.reset();
  ASSERT_TRUE(comesTrue([&] { return bob_phone->links() == 0; }));
  EXPECT_TRUE(bob.reports.empty());
  pass(33s);
  EXPECT_EQ(bob.reports.at(0).end.code, "phone.call.lost");
}

TEST_F(PhoneToPhone, ALostConnectionIsReplacedAndTheCallGoesOn) {
  start({sdp::Codec::pcmu});
  call();
  talkFor(2s);
  bob_phone->dropLinks();
  ASSERT_TRUE(comesTrue([&] { return alice_phone->links() == 0; }));
  pass(600ms);
  ASSERT_TRUE(comesTrue([&] { return alice_phone->links() == 1 && bob_phone->links() == 1; }));
  for (int i = 0; i < 20; ++i) loop->turn(1ms);
  pass(40s);
  ASSERT_NE(bob.talking, nullptr) << "the refresh told bob where the call lives now";
  bob.talking->hangUp();
  ASSERT_TRUE(comesTrue([&] { return !alice.reports.empty(); }));
  EXPECT_EQ(alice.reports[0].end.code, "phone.call.bye");
  EXPECT_EQ(alice.reports[0].media.quality.lost, 0U);
}

TEST_F(PhoneToPhone, OneCallAfterAnother) {
  start({sdp::Codec::pcmu});
  for (int i = 0; i < 3; ++i) {
    call();
    talkFor(200ms);
    alice.talking->hangUp();
    ASSERT_TRUE(comesTrue([&] { return alice.reports.size() == bob.reports.size() && alice.talking == nullptr; }));
  }
  EXPECT_EQ(alice.reports.size(), 3U);
}

}  // namespace
}  // namespace sallyport::phone
