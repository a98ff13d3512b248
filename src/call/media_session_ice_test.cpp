// SPDX-License-Identifier: Apache-2.0
// Sides that are found by ICE: where voice goes, and what is said before and after.
#include "call/media_session_keying_test_support.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

TEST_F(KeyedByIce, APeerThatChecksAndNeverNominatesIsSpokenToAfterAWhile) {
  check(caller, caller.at, to_a, false);
  EXPECT_TRUE(std::exchange(ports.latest->path_sent, {}).size() == 1) << "the answer to the check alone";
  ASSERT_EQ(session.deadline(), clock.steady() + media::ice::kNominationWait);
  clock.advance(media::ice::kNominationWait);
  session.advance(clock.steady());
  talk(caller);
  ASSERT_NE(caller.end.association.keys(), nullptr);
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), "203.0.113.9:31000");
}

TEST_F(KeyedByIce, VoiceThatVerifiesKeepsTheConsentOfAPeerThatChecksNoMore) {
  check(caller, caller.at, to_a);
  talk(caller);
  clock.advance(20s);
  EXPECT_EQ(through(Side::a, caller.at, caller.keys().send(), sdesOf(keyIn(to_b))), "10.20.30.40:41000");
  clock.advance(10s);
  session.advance(clock.steady());
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), "203.0.113.9:31000");
  EXPECT_EQ(session.deadline(), clock.steady() + 20s);
  clock.advance(20s);
  session.advance(clock.steady());
  EXPECT_EQ(through(Side::b, sdes_callee, callee_key, caller.keys().receive()), name(DropReason::noDestination));
}

TEST_F(KeyedSides, APathThatStoodBeforeTheAnswerIsRecordedToo) {
  open(keyedBy({sdp::Keying::sdes}), keyedBy({sdp::Keying::dtls}, sdp::IceUse::require));
  Phone callee{Side::b, DtlsRole::client, "10.20.30.40:41000"};
  offer(sdes_caller);
  callee.hears(to_b);
  check(callee, callee.at, to_b, false);
  talk(callee);
  answer(callee.says("active", kTheirIce));
  EXPECT_EQ(through(Side::a, sdes_phone, caller_key, callee.keys().receive()), "10.20.30.40:41000");
  EXPECT_EQ(record().legs[1].path, "10.20.30.40:41000");
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
