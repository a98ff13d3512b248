// SPDX-License-Identifier: Apache-2.0
// Sides that are keyed by DTLS, with each other and with SDES: what is said, and what passes when.
#include "call/media_session_keying_test_support.h"

namespace sallyport::call::test {
namespace {

using media::testing::codeOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// --- the four pairs of keyings -------------------------------------------------------------------------------------

TEST_F(KeyedSides, ADtlsCallerAndAnSdesCalleeHearEachOther) {
  open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::sdes}));
  Phone caller{Side::a, DtlsRole::server, "10.9.8.7:40000"};
  offer(caller.says("actpass"));
  answer(answering(to_b));
  EXPECT_THAT(linesOf(to_a, "a="), Contains("setup:active"));
  EXPECT_THAT(to_a, HasSubstr("UDP/TLS/RTP/SAVP 0"));
  EXPECT_THAT(to_a, Not(HasSubstr("a=crypto")));
  caller.hears(to_a);
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, callee_key), name(DropReason::notReady));
  clock.advance(1s);  // the first hello to the caller was lost
  session.advance(clock.steady());
  talk(caller);
  ASSERT_NE(caller.end.association.keys(), nullptr);
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), "10.9.8.7:40000");
  EXPECT_EQ(through(Side::a, caller.at, caller.keys().send(), sdesOf(keyIn(to_b))), "10.20.30.40:41000");
  EXPECT_GT(moves.count, 0);
  EXPECT_EQ(record().legs[0].keying, "DTLS-SRTP");
  EXPECT_EQ(record().legs[0].srtp_suite, "AEAD_AES_256_GCM");
  EXPECT_EQ(record().legs[1].keying, "SDES");
}

TEST_F(KeyedSides, AnSdesCallerAndADtlsCalleeHearEachOther) {
  for (const auto* setup : {"active", "passive"}) {
    const bool active = std::string_view{setup} == "active";
    MediaSession other{ports, {}};
    Phone callee{Side::b, active ? DtlsRole::client : DtlsRole::server, "10.20.30.40:41000"};
    PeerPolicy sdes, dtls;
    dtls.media = keyedBy({sdp::Keying::dtls});
    ASSERT_TRUE(other.open(Side::a, sdes, IpAddress::Family::v4, clock.wall()));
    ASSERT_TRUE(other.open(Side::b, dtls, IpAddress::Family::v4, clock.wall()));
    ASSERT_TRUE(other.readOffer(Side::a, sdes_caller.text()));
    to_b = *other.offerTo(Side::b);
    EXPECT_THAT(linesOf(to_b, "a="), Contains("setup:actpass"));
    EXPECT_EQ(linesOf(to_b, "a=tls-id:").size(), 1u);
    callee.hears(to_b);
    ASSERT_TRUE(other.readAnswer(Side::b, callee.says(setup).text(), clock.steady(), clock.wall()));
    to_a = *other.answerTo(Side::a, clock.steady(), clock.wall());
    talk(callee);
    ASSERT_NE(callee.end.association.keys(), nullptr) << setup;
    EXPECT_EQ(through(Side::a, sdes_phone, caller_key, callee.keys().receive()), "10.20.30.40:41000");
    EXPECT_EQ(through(Side::b, callee.at, callee.keys().send(), sdesOf(keyIn(to_a))), "10.9.8.7:40000");
  }
}

TEST_F(KeyedSides, TwoDtlsPhonesHearEachOther) {
  open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::dtls}));
  Phone caller{Side::a, DtlsRole::server, "10.9.8.7:40000"}, callee{Side::b, DtlsRole::client, "10.20.30.40:41000"};
  offer(caller.says("actpass"));
  answer(callee.says("active"));
  EXPECT_EQ(linesOf(to_a, "a=fingerprint:"), linesOf(to_b, "a=fingerprint:")) << "of one day";
  caller.hears(to_a);
  callee.hears(to_b);
  talk(callee);
  ASSERT_NE(callee.end.association.keys(), nullptr) << codeOf(callee.end.association);
  EXPECT_EQ(through(Side::b, callee.at, callee.keys().send(), callee.keys().send()), name(DropReason::notReady));
  clock.advance(1s);  // the first hello to the caller was lost
  session.advance(clock.steady());
  talk(caller);
  ASSERT_NE(caller.end.association.keys(), nullptr) << codeOf(caller.end.association);
  EXPECT_EQ(through(Side::a, caller.at, caller.keys().send(), callee.keys().receive()), "10.20.30.40:41000");
  EXPECT_EQ(through(Side::b, callee.at, callee.keys().send(), caller.keys().receive()), "10.9.8.7:40000");
}

TEST_F(KeyedSides, APeerOfBothIsAnsweredAsItOffers) {
  open(keyedBy({sdp::Keying::dtls, sdp::Keying::sdes}), keyedBy({sdp::Keying::sdes, sdp::Keying::dtls}));
  offer(sdes_caller);
  EXPECT_THAT(to_b, HasSubstr("RTP/SAVP 0"));
  answer(answering(to_b));
  EXPECT_EQ(linesOf(to_a, "a=crypto:").size(), 1u);
  EXPECT_EQ(through(Side::a, sdes_phone, caller_key, sdesOf(keyIn(to_b))), "10.20.30.40:41000");
}

TEST_F(KeyedSides, ADtlsOfferIsRefusedWhereThePolicyHasNone) {
  open(keyedBy({sdp::Keying::sdes}), keyedBy({sdp::Keying::sdes}));
  Phone caller{Side::a, DtlsRole::server, "10.9.8.7:40000"};
  EXPECT_STREQ(session.readOffer(Side::a, caller.says("actpass").text()).error().code, "sdp.keying.dtls");
}

// --- who is not the peer -------------------------------------------------------------------------------------------

TEST_F(KeyedSides, AStrangersHelloIsNotAnsweredAndCounted) {
  open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::sdes}));
  Phone caller{Side::a, DtlsRole::client, "10.9.8.7:40000"}, stranger{Side::a, DtlsRole::client, "10.6.6.6:6000"};
  offer(caller.says("active"));
  answer(answering(to_b));
  caller.hears(to_a);
  ports.latest->path_sent.clear();
  stranger.end.association.start(clock.steady());
  for (const auto& hello : stranger.end.association.takeOutgoing())
    EXPECT_EQ(arrive(stranger, hello), PathEvents::Heard::dropped);
  EXPECT_TRUE(ports.latest->path_sent.empty());
  EXPECT_EQ(moves.count, 0);
  EXPECT_EQ(record().legs[0].media.drops.front().reason, "not_media");
  talk(caller);
  EXPECT_NE(caller.end.association.keys(), nullptr);
}

TEST_F(KeyedSides, WhoseDtlsComesFromElsewhereIsNamedWithTheCause) {
  open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::sdes}));
  Phone caller{Side::a, DtlsRole::client, "10.9.8.7:40000"};
  offer(caller.says("active"));
  answer(answering(to_b));
  caller.hears(to_a);
  session.expectMedia(clock.steady());
  caller.at = *Endpoint::parse("203.0.113.9:31000");  // behind a NAT
  talk(caller);
  EXPECT_EQ(caller.end.association.keys(), nullptr);
  clock.advance(10s);
  const auto failed = session.failure(clock.steady());
  ASSERT_TRUE(failed);
  EXPECT_STREQ(failed->error.code, "media.dtls_elsewhere");
  for (const auto* said : {"203.0.113.9:31000", "10.9.8.7:40000", "needs ICE"})
    EXPECT_THAT(failed->error.detail, HasSubstr(said));
  EXPECT_THAT(record().legs[0].media.finding, HasSubstr("needs ICE"));
}

TEST_F(KeyedSides, AStrangerBesideThePeerIsNotBlamed) {
  open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::sdes}));
  Phone caller{Side::a, DtlsRole::client, "10.9.8.7:40000"}, stranger{Side::a, DtlsRole::client, "10.6.6.6:6000"};
  offer(caller.says("active"));
  answer(answering(to_b));
  session.expectMedia(clock.steady());
  stranger.end.association.start(clock.steady());
  for (const auto& hello : stranger.end.association.takeOutgoing()) arrive(stranger, hello);
  caller.end.association.start(clock.steady());
  for (const auto& hello : caller.end.association.takeOutgoing()) arrive(caller, hello);
  clock.advance(10s);
  ASSERT_TRUE(session.failure(clock.steady()));
  EXPECT_STREQ(session.failure(clock.steady())->error.code, "media.handshake_timeout");
}

TEST_F(KeyedSides, AnotherCertificateThanAnnouncedFailsTheSide) {
  open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::sdes}));
  Phone caller{Side::a, DtlsRole::client, "10.9.8.7:40000"}, announced{Side::a, DtlsRole::client, "10.9.8.7:40000"};
  offer(announced.says("active"));
  answer(answering(to_b));
  caller.hears(to_a);
  session.expectMedia(clock.steady());
  talk(caller);
  const auto failed = session.failure(clock.steady());
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->side, Side::a);
  EXPECT_STREQ(failed->error.code, "dtls.fingerprint.mismatch");
  ASSERT_TRUE(session.deadline());
  EXPECT_LE(*session.deadline(), clock.steady());
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, callee_key), name(DropReason::notReady));
}

TEST_F(KeyedSides, AHandshakeThatIsNotThroughInTimeFailsTheSideOnceItIsToTalk) {
  open(keyedBy({sdp::Keying::sdes}), keyedBy({sdp::Keying::dtls}));
  Phone callee{Side::b, DtlsRole::client, "10.20.30.40:41000"};
  offer(sdes_caller);
  answer(callee.says("active"));
  clock.advance(20s);
  EXPECT_FALSE(session.failure(clock.steady())) << "it may still ring";
  session.expectMedia(clock.steady());
  EXPECT_FALSE(session.failure(clock.steady()));
  ASSERT_EQ(session.deadline(), clock.steady() + 10s);
  clock.advance(10s);
  session.advance(clock.steady());
  ASSERT_TRUE(session.failure(clock.steady()));
  EXPECT_STREQ(session.failure(clock.steady())->error.code, "media.handshake_timeout");
  EXPECT_THAT(session.failure(clock.steady())->error.detail, HasSubstr("10.20.30.40:41000, which is behind a NAT"));
}

// --- what is told of keys ------------------------------------------------------------------------------------------

TEST_F(KeyedSides, KeysAreToldOnceTheyStandAndByWhom) {
  open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::sdes}));
  Phone caller{Side::a, DtlsRole::client, "10.9.8.7:40000"};
  offer(caller.says("active"));
  answer(answering(to_b));
  caller.hears(to_a);
  const MediaSession::Keyed sdes{Side::b, "SDES", crypto::SrtpSuite::aeadAes256Gcm, ""};
  EXPECT_THAT(session.takeKeyed(), ::testing::ElementsAre(sdes));
  EXPECT_FALSE(record().legs[0].dtls_verified);
  const auto fingerprint = caller.end.certificate->fingerprint().text();
  EXPECT_EQ(record().legs[0].dtls_fingerprint, fingerprint);
  talk(caller);
  const MediaSession::Keyed dtls{Side::a, "DTLS-SRTP", crypto::SrtpSuite::aeadAes256Gcm, fingerprint};
  EXPECT_THAT(session.takeKeyed(), ::testing::ElementsAre(dtls));
  EXPECT_THAT(session.takeKeyed(), ::testing::IsEmpty());
  EXPECT_TRUE(record().legs[0].dtls_verified);
  EXPECT_EQ(record().legs[0].found_by, "SDP");
  EXPECT_EQ(record().legs[1].dtls_fingerprint, "");
}

// --- later descriptions --------------------------------------------------------------------------------------------

TEST_F(KeyedSides, AFinalAnswerOfAnotherPhoneThanTheEarlyOneIsFollowed) {
  open(keyedBy({sdp::Keying::sdes}), keyedBy({sdp::Keying::dtls}));
  Phone early{Side::b, DtlsRole::client, "10.20.30.40:41000"},
      final_one{Side::b, DtlsRole::client, "10.20.30.41:42000"};
  offer(sdes_caller);
  answer(early.says("active"));
  early.hears(to_b);
  talk(early);
  EXPECT_EQ(through(Side::a, sdes_phone, caller_key, early.keys().receive()), "10.20.30.40:41000");
  answer(final_one.says("active"));
  final_one.hears(to_b);
  talk(final_one);
  ASSERT_NE(final_one.end.association.keys(), nullptr);
  EXPECT_EQ(through(Side::a, sdes_phone, caller_key, final_one.keys().receive()), "10.20.30.41:42000");
  EXPECT_EQ(through(Side::b, final_one.at, final_one.keys().send(), sdesOf(keyIn(to_a))), "10.9.8.7:40000");
}

class KeyedCall : public KeyedSides {
 protected:
  void SetUp() override {
    open(keyedBy({sdp::Keying::dtls}), keyedBy({sdp::Keying::sdes}));
    offer(caller.says("actpass", "a=tls-id:abcdefghijklmnopqrstuvwx\r\n"));
    answer(answering(to_b));
    caller.hears(to_a);
    talk(caller);
    ASSERT_NE(caller.end.association.keys(), nullptr);
  }
  // The caller offers again, and is answered.
  std::string again(const Phone& phone, const std::string& tls_id) {
    auto said = phone.says("actpass", "a=tls-id:" + tls_id + "\r\n");
    said.version = 2;
    auto answered = session.answerLocally(Side::a, said.text(), clock.steady(), clock.wall());
    return answered ? *answered : answered.error().code;
  }
  Phone caller{Side::a, DtlsRole::server, "10.9.8.7:40000"};
};

TEST_F(KeyedCall, AnOfferOfTheSameAssociationKeepsItAndItsRole) {
  const auto text = again(caller, "abcdefghijklmnopqrstuvwx");
  EXPECT_EQ(linesOf(text, "a=tls-id:"), linesOf(to_a, "a=tls-id:"));
  EXPECT_THAT(linesOf(text, "a="), Contains("setup:active"));
  EXPECT_TRUE(ports.latest->path_sent.empty()) << "no second handshake";
  EXPECT_EQ(through(Side::a, caller.at, caller.keys().send(), sdesOf(keyIn(to_b))), "10.20.30.40:41000");
}

TEST_F(KeyedCall, AnotherTlsIdIsAnotherAssociationUnderOtherKeys) {
  Phone renewed{Side::a, DtlsRole::server, "10.9.8.7:40000"};
  const auto text = again(renewed, "zyxwvutsrqponmlkjihgfedc");
  EXPECT_NE(linesOf(text, "a=tls-id:"), linesOf(to_a, "a=tls-id:"));
  EXPECT_EQ(through(Side::a, caller.at, caller.keys().send(), sdesOf(keyIn(to_b))), "10.20.30.40:41000")
      << "the keys of before stand until there are others";
  renewed.hears(text);
  talk(renewed);
  ASSERT_NE(renewed.end.association.keys(), nullptr);
  EXPECT_EQ(through(Side::a, renewed.at, renewed.keys().send(), sdesOf(keyIn(to_b))), "10.20.30.40:41000");
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, renewed.keys().receive()), "10.9.8.7:40000");
}

TEST_F(KeyedCall, OurOwnLaterOffersLeaveTheRoleOpen) {
  const auto text = session.currentOffer(Side::a);
  EXPECT_THAT(linesOf(text, "a="), Contains("setup:actpass"));
  EXPECT_EQ(linesOf(text, "a=tls-id:"), linesOf(to_a, "a=tls-id:"));
  auto confirmed = caller.says("passive", "a=tls-id:abcdefghijklmnopqrstuvwx\r\n");
  ASSERT_TRUE(session.readAnswer(Side::a, confirmed.text(), clock.steady(), clock.wall()));
  EXPECT_TRUE(ports.latest->path_sent.empty());
  EXPECT_EQ(through(Side::a, caller.at, caller.keys().send(), sdesOf(keyIn(to_b))), "10.20.30.40:41000");
}

}  // namespace
}  // namespace sallyport::call::test
