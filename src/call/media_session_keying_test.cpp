// SPDX-License-Identifier: Apache-2.0
// Sides that are keyed by DTLS and found by ICE, with each other and with SDES: what is said, and what passes when.
#include <gmock/gmock.h>

#include "call/call_test_script.h"
#include "call/media_session.h"
#include "media/dtls/test_pair.h"
#include "media/ice/ice_test_support.h"
#include "media/media_test_support.h"

namespace sallyport::call::test {
namespace {

using crypto::DtlsRole;
using media::DropReason;
using media::Side;
using media::testing::codeOf;
using media::testing::End;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

sdp::MediaPolicy keyedBy(std::vector<sdp::Keying> keyings, sdp::IceUse ice = sdp::IceUse::never) {
  sdp::MediaPolicy policy;
  policy.keyings = std::move(keyings);
  policy.ice = ice;
  return policy;
}

// A phone that speaks DTLS; its port pair is the side's first.
struct Phone {
  Phone(Side on, DtlsRole role, const char* address)
      : side(on), pair(on == Side::a ? 0 : 1), at(*Endpoint::parse(address)), end(End::make(role)) {}

  Sdp says(const std::string& setup, const std::string& extra = {}) const {
    return {.host = at.address.toString(),
            .port = at.port,
            .profile = "UDP/TLS/RTP/SAVP",
            .suite = {},
            .extra = "a=fingerprint:" + end.certificate->fingerprint().text() + "\r\na=setup:" + setup +
                     "\r\na=rtcp-mux\r\n" + extra};
  }
  // Our description names the certificate.
  void hears(std::string_view description) {
    const auto fingerprint = crypto::CertificateFingerprint::parse(linesOf(description, "a=fingerprint:").at(0));
    ASSERT_TRUE(fingerprint && end.association.announce({*fingerprint}));
  }
  const media::DtlsSrtpKeys& keys() const { return *end.association.keys(); }

  Side side;
  MediaPorts::Pair pair;
  Endpoint at;
  End end;
};

struct Moves final : MediaSession::Watcher {
  void onMediaMoved() override { ++count; }
  int count = 0;
};

class KeyedSides : public ::testing::Test {
 protected:
  void open(sdp::MediaPolicy a, sdp::MediaPolicy b) {
    for (const auto side : {Side::a, Side::b}) {
      PeerPolicy peer;
      peer.media = std::move(side == Side::a ? a : b);
      ASSERT_TRUE(session.open(side, peer, IpAddress::Family::v4, clock.wall()));
    }
  }
  void offer(const Sdp& said) {
    const auto read = session.readOffer(Side::a, said.text());
    ASSERT_TRUE(read) << describe(read.error());
    auto onward = session.offerTo(Side::b);
    ASSERT_TRUE(onward) << describe(onward.error());
    to_b = *onward;
  }
  void answer(const Sdp& said) {
    const auto read = session.readAnswer(Side::b, said.text(), clock.steady(), clock.wall());
    ASSERT_TRUE(read) << describe(read.error());
    auto back = session.answerTo(Side::a, clock.steady(), clock.wall());
    ASSERT_TRUE(back) << describe(back.error());
    to_a = *back;
  }
  // Carries what lies ready between the phone and its port, until both are silent.
  void talk(Phone& phone) {
    auto& sent = ports.latest->path_sent;
    phone.end.association.start(clock.steady());
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& datagram : phone.end.association.takeOutgoing()) arrive(phone, datagram), moved = true;
      for (const auto& [from, to, datagram] : std::exchange(sent, {})) {
        if (from == phone.pair && to == phone.at) phone.end.association.onDatagram(datagram, clock.steady());
        moved = true;
      }
    }
  }
  PathEvents::Heard arrive(const Phone& phone, Bytes datagram) {
    return ports.latest->path.onPathDatagram(phone.pair, phone.at, datagram, clock.steady());
  }
  void check(const Phone& phone, const Endpoint& from, std::string_view ours, bool nominate = true) {
    media::ice::testing::Check made;
    made.username = linesOf(ours, "a=ice-ufrag:").at(0) + ":peer";
    made.password = linesOf(ours, "a=ice-pwd:").at(0);
    made.use_candidate = nominate;
    EXPECT_EQ(ports.latest->path.onPathDatagram(phone.pair, from, made.written(), clock.steady()),
              PathEvents::Heard::taken);
  }
  // Where a packet under `from`'s key goes, if `to`'s key opens what arrives there; else why it does not.
  std::string through(Side side, const Endpoint& source, const media::SrtpKeying& from, const media::SrtpKeying& to) {
    auto sender = *media::SrtpSender::create(from);
    auto packet = media::test::protect(sender, media::test::rtpPacket(0xA1, ++sequence, 0));
    const auto length = packet.size();
    packet.resize(length + media::kSrtpTailroom);
    const auto verdict =
        ports.latest->relay.onPacket(side, media::Channel::rtp, source, packet, length, clock.steady());
    if (!verdict.forward()) return std::string{media::toString(verdict.reason)};
    packet.resize(verdict.length);
    auto receiver = *media::SrtpReceiver::create(to);
    if (media::test::unprotect(receiver, packet) != DropReason::sent) return "not our key";
    return verdict.destination.toString();
  }
  static media::SrtpKeying sdesOf(const std::string& text) {
    return {crypto::SrtpSuite::aeadAes256Gcm,
            Secret{Bytes{*crypto::base64Decode(text, crypto::Base64Padding::optional)}}};
  }
  static std::string name(DropReason reason) { return std::string{media::toString(reason)}; }
  telemetry::CallRecord record() const {
    telemetry::CallRecord told;
    session.describe(told);
    return told;
  }

  FakeClock clock;
  FakePorts ports;
  Moves moves;
  MediaSession session{ports, {&moves, 10s}};
  std::string to_a, to_b;
  std::uint16_t sequence = 100;

  const Sdp sdes_caller{.formats = {{0, "PCMU/8000"}}, .extra = "a=rtcp-mux\r\n"};
  const Endpoint sdes_callee = *Endpoint::parse("10.20.30.40:41000"), sdes_phone = *Endpoint::parse("10.9.8.7:40000");
  const media::SrtpKeying callee_key = sdesOf(keyText("AEAD_AES_256_GCM", 0xB2)),
                          caller_key = sdesOf(keyText("AEAD_AES_256_GCM", 0xA1));
};

// --- the four pairs of keyings ---------------------------------------------------------------------------------------

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

// --- who is not the peer
// ----------------------------------------------------------------------------------------------

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

// --- what is told of keys --------------------------------------------------------------------------------------

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

// --- later descriptions
// -----------------------------------------------------------------------------------------------

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

// --- ICE
// --------------------------------------------------------------------------------------------------------------

const std::string kTheirIce = "a=ice-ufrag:peer\r\na=ice-pwd:passwordpasswordpassword\r\n";

class KeyedByIce : public KeyedSides {
 protected:
  void SetUp() override {
    open(keyedBy({sdp::Keying::dtls}, sdp::IceUse::require), keyedBy({sdp::Keying::sdes}));
    offer(caller.says("actpass", kTheirIce));
    answer(answering(to_b));
    caller.hears(to_a);
    caller.at = *Endpoint::parse("203.0.113.9:31000");  // behind a NAT
  }
  Phone caller{Side::a, DtlsRole::server, "10.9.8.7:40000"};
};

TEST_F(KeyedByIce, WeAreLiteAtTheAddressThatIsAdvertised) {
  EXPECT_EQ(linesOf(to_a, "a=ice-lite").size(), 1u);
  EXPECT_THAT(linesOf(to_a, "a=candidate:").at(0), HasSubstr(" 203.0.113.10 20002 typ host"));
  EXPECT_THAT(to_b, Not(HasSubstr("ice"))) << "that side has none";
}

TEST_F(KeyedByIce, VoiceGoesWhereThePeerHasNominated) {
  EXPECT_TRUE(ports.latest->path_sent.empty()) << "nobody is spoken to before that";
  check(caller, caller.at, to_a);
  talk(caller);
  ASSERT_NE(caller.end.association.keys(), nullptr);
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), "203.0.113.9:31000");
  EXPECT_EQ(through(Side::a, caller.at, caller.keys().send(), sdesOf(keyIn(to_b))), "10.20.30.40:41000");
  EXPECT_EQ(record().legs[0].found_by, "ICE");
  EXPECT_EQ(record().legs[0].path, "203.0.113.9:31000");
  const auto moved = *Endpoint::parse("203.0.113.9:31999");
  check(caller, moved, to_a);
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), "203.0.113.9:31999");
}

TEST_F(KeyedByIce, ACheckWithoutThePasswordGetsNoAnswer) {
  media::ice::testing::Check forged;
  forged.username = linesOf(to_a, "a=ice-ufrag:").at(0) + ":peer";
  forged.use_candidate = true;
  EXPECT_EQ(arrive(caller, forged.written()), PathEvents::Heard::dropped);
  EXPECT_TRUE(ports.latest->path_sent.empty());
}

TEST_F(KeyedByIce, WithoutConsentNothingIsSent) {
  check(caller, caller.at, to_a);
  talk(caller);
  clock.advance(30s);
  session.advance(clock.steady());
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), name(DropReason::noDestination));
}

TEST_F(KeyedByIce, ARestartIsAnsweredWithOtherCredentialsAndTheSameKeys) {
  check(caller, caller.at, to_a);
  talk(caller);
  auto restarted = caller.says("actpass", "a=ice-ufrag:peer\r\na=ice-pwd:otherotherotherotherother\r\n");
  restarted.host = "10.9.8.7";
  restarted.port = 40'000;
  restarted.version = 2;
  const auto text = session.answerLocally(Side::a, restarted.text(), clock.steady(), clock.wall());
  ASSERT_TRUE(text) << describe(text.error());
  EXPECT_NE(linesOf(*text, "a=ice-ufrag:"), linesOf(to_a, "a=ice-ufrag:"));
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), "203.0.113.9:31000");
  const auto moved = *Endpoint::parse("203.0.113.77:31999");
  check(caller, moved, *text);
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), "203.0.113.77:31999");
}

TEST_F(KeyedSides, IceThatIsOfferedAndNotTakenUpLeavesTheAddress) {
  open(keyedBy({sdp::Keying::sdes}), keyedBy({sdp::Keying::dtls}, sdp::IceUse::accept));
  Phone callee{Side::b, DtlsRole::client, "10.20.30.40:41000"};
  offer(sdes_caller);
  EXPECT_EQ(linesOf(to_b, "a=ice-lite").size(), 1u);
  EXPECT_EQ(linesOf(to_b, "a=mid:").size(), 1u);
  answer(callee.says("active"));
  callee.hears(to_b);
  talk(callee);
  ASSERT_NE(callee.end.association.keys(), nullptr);
  EXPECT_EQ(through(Side::a, sdes_phone, caller_key, callee.keys().receive()), "10.20.30.40:41000");
}

TEST_F(KeyedSides, AHelloBeforeTheAnswerIsBelievedWithIt) {
  open(keyedBy({sdp::Keying::sdes}), keyedBy({sdp::Keying::dtls}, sdp::IceUse::accept));
  Phone callee{Side::b, DtlsRole::client, "10.20.30.40:41000"};
  offer(sdes_caller);
  callee.hears(to_b);
  check(callee, callee.at, to_b);
  talk(callee);
  answer(callee.says("active", kTheirIce));
  ASSERT_NE(callee.end.association.keys(), nullptr);
  EXPECT_EQ(through(Side::a, sdes_phone, caller_key, callee.keys().receive()), "10.20.30.40:41000");
  EXPECT_EQ(through(Side::b, callee.at, callee.keys().send(), sdesOf(keyIn(to_a))), "10.9.8.7:40000");
}

TEST_F(KeyedSides, AListenersOwnMediaAddressIsSaidInSdpAndByIce) {
  config::MediaAdvertise inside;
  inside.v4 = IpAddress::parse("10.0.0.1");
  for (const auto side : {Side::a, Side::b}) {
    PeerPolicy peer;
    peer.media = keyedBy({sdp::Keying::dtls}, sdp::IceUse::accept);
    const MediaPlace place{IpAddress::Family::v4, side == Side::b ? inside : config::MediaAdvertise{}};
    ASSERT_TRUE(session.open(side, peer, place, clock.wall()));
  }
  Phone caller{Side::a, DtlsRole::client, "10.9.8.7:40000"};
  offer(caller.says("active"));
  EXPECT_EQ(linesOf(to_b, "c=IN IP4 "), std::vector<std::string>{"10.0.0.1"});
  EXPECT_THAT(linesOf(to_b, "a=candidate:").at(0), HasSubstr(" 10.0.0.1 "));
  Phone callee{Side::b, DtlsRole::client, "10.20.30.40:41000"};
  answer(callee.says("active"));
  EXPECT_EQ(linesOf(to_a, "c=IN IP4 "), std::vector<std::string>{"203.0.113.10"});
}

TEST_F(KeyedSides, SdesMayBeFoundByIceAsWell) {
  open(keyedBy({sdp::Keying::sdes}, sdp::IceUse::accept), keyedBy({sdp::Keying::sdes}));
  auto said = sdes_caller;
  said.extra += kTheirIce;
  offer(said);
  answer(answering(to_b));
  Phone caller{Side::a, DtlsRole::client, "203.0.113.9:31000"};
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, sdesOf(keyIn(to_a))), name(DropReason::noDestination));
  check(caller, caller.at, to_a);
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, sdesOf(keyIn(to_a))), "203.0.113.9:31000");
}

}  // namespace
}  // namespace sallyport::call::test
