// SPDX-License-Identifier: Apache-2.0
#include "phone/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "phone/signalling_test_support.h"
#include "sip/message_writer.h"

namespace sallyport::phone {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// What a peer says that is no phone of ours.
std::string foreignInvite(std::string_view body, std::string_view extra = {}) {
  return sip::MessageWriter{}
      .request("INVITE", "sip:bob@example.com")
      .header(sip::HeaderId::via, "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bKforeign")
      .header(sip::HeaderId::from, "<sip:mallory@example.com>;tag=m")
      .header(sip::HeaderId::to, "<sip:bob@example.com>")
      .header(sip::HeaderId::callId, "foreign")
      .header(sip::HeaderId::cseq, "1 INVITE")
      .header(sip::HeaderId::contact, "<sip:mallory@192.0.2.1>")
      .header(sip::HeaderId::require, extra)
      .finish("application/sdp", body);
}

constexpr std::string_view kPlainSdp =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    "a=rtpmap:0 PCMU/8000\r\n";

TEST(PhoneCall, RingsIsAnsweredTalksAndEnds) {
  Pair pair;
  Call& call = pair.invite();
  ASSERT_NE(pair.bob.incoming, nullptr);
  pair.bob.incoming->ring();
  EXPECT_THAT(pair.exchange(), ElementsAre("SIP/2.0 180 Ringing"));
  EXPECT_THAT(pair.alice.progress, ElementsAre(180));

  ASSERT_TRUE(pair.bob.incoming->answer(agreementOn(30'000)));
  EXPECT_THAT(pair.exchange(), ElementsAre("SIP/2.0 200 OK", StartsWith("ACK sip:bob@127.0.0.1:5061")));
  EXPECT_EQ(pair.alice.answered, 1);
  EXPECT_EQ(pair.bob.answered, 1);
  EXPECT_EQ(pair.alice.plan().remote_rtp.port, 30'000);
  EXPECT_EQ(pair.bob.plan().remote_rtp.port, 20'000);
  EXPECT_TRUE(pair.alice.plan().send_key == pair.bob.plan().receive_key);
  EXPECT_TRUE(pair.bob.plan().send_key == pair.alice.plan().receive_key);
  EXPECT_FALSE(pair.alice.plan().send_key == pair.alice.plan().receive_key);
  EXPECT_EQ(pair.alice.plan().send_key.suite, crypto::SrtpSuite::aeadAes256Gcm);
  EXPECT_EQ(pair.alice.plan().voice.codec, sdp::Codec::opus);

  call.hangUp();
  EXPECT_EQ(pair.alice.media_over, 1);
  EXPECT_THAT(pair.exchange(), ElementsAre(StartsWith("BYE "), "SIP/2.0 200 OK"));
  EXPECT_EQ(pair.alice.ends.at(0).code, "phone.call.hung_up");
  EXPECT_EQ(pair.bob.ends.at(0).code, "phone.call.bye");
  EXPECT_EQ(pair.bob.media_over, 1);
}

TEST(PhoneCall, TheCalleeMayHangUp) {
  Pair pair;
  pair.talk();
  pair.bob.incoming->hangUp();
  pair.exchange();
  EXPECT_EQ(pair.alice.ends.at(0).code, "phone.call.bye");
  EXPECT_EQ(pair.bob.ends.at(0).code, "phone.call.hung_up");
}

TEST(PhoneCall, HoldAndResumeKeepTheKeys) {
  Pair pair;
  Call& call = pair.talk();
  const auto key = pair.bob.plan().receive_key.clone();
  ASSERT_TRUE(call.offerDirection(sdp::Direction::sendonly));
  EXPECT_THAT(pair.exchange(), ElementsAre(StartsWith("INVITE "), "SIP/2.0 200 OK", StartsWith("ACK ")));
  EXPECT_EQ(pair.alice.plan().direction, sdp::Direction::sendonly);
  EXPECT_EQ(pair.bob.plan().direction, sdp::Direction::recvonly);
  ASSERT_TRUE(call.offerDirection(sdp::Direction::sendrecv));
  pair.exchange();
  EXPECT_EQ(pair.alice.plan().direction, sdp::Direction::sendrecv);
  EXPECT_EQ(pair.bob.plan().direction, sdp::Direction::sendrecv);
  EXPECT_TRUE(pair.bob.plan().receive_key == key);
}

TEST(PhoneCall, BothHoldingAtOnceIsGlareAndIsSettledByTryingAgain) {
  Pair pair;
  Call& call = pair.talk();
  ASSERT_TRUE(call.offerDirection(sdp::Direction::sendonly));
  ASSERT_TRUE(pair.bob.incoming->offerDirection(sdp::Direction::sendonly));
  const std::string from_alice = pair.alice.outbox.front(), from_bob = pair.bob.outbox.front();
  pair.alice.outbox.clear(), pair.bob.outbox.clear();
  pair.deliver(pair.bob, from_alice);
  pair.deliver(pair.alice, from_bob);
  EXPECT_THAT(pair.alice.outbox.front(), StartsWith("SIP/2.0 491"));
  EXPECT_THAT(pair.bob.outbox.front(), StartsWith("SIP/2.0 491"));
  pair.exchange();
  for (int i = 0; i < 50; ++i) {
    pair.pass(100ms);
    pair.exchange();
  }
  EXPECT_EQ(pair.alice.plan().direction, sdp::Direction::inactive);
  EXPECT_TRUE(pair.alice.ends.empty());
  EXPECT_TRUE(pair.bob.ends.empty());
}

TEST(PhoneCall, GivingUpBeforeTheAnswerCancels) {
  Pair pair;
  Call& call = pair.invite();
  call.hangUp();
  EXPECT_THAT(pair.exchange(), ElementsAre(StartsWith("CANCEL "), "SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated",
                                           StartsWith("ACK ")));
  EXPECT_EQ(pair.alice.ends.at(0).code, "phone.call.cancelled");
  EXPECT_EQ(pair.alice.ends.at(0).status, 487);
  EXPECT_EQ(pair.bob.ends.at(0).code, "phone.call.cancelled");
}

TEST(PhoneCall, AnAnswerThatCrossesTheCancelIsTakenDown) {
  Pair pair;
  Call& call = pair.invite();
  ASSERT_TRUE(pair.bob.incoming->answer(agreementOn(30'000)));
  call.hangUp();
  pair.exchange();
  EXPECT_EQ(pair.alice.ends.at(0).code, "phone.call.cancelled");
  EXPECT_EQ(pair.bob.ends.at(0).code, "phone.call.bye");
  EXPECT_EQ(pair.alice.answered, 0);
}

TEST(PhoneCall, ARefusalCarriesItsStatusAndReason) {
  Pair pair;
  pair.invite();
  pair.bob.incoming->reject(486);
  pair.exchange();
  EXPECT_EQ(pair.alice.ends.at(0).code, "phone.call.declined");
  EXPECT_EQ(pair.alice.ends.at(0).status, 486);
  EXPECT_EQ(pair.alice.ends.at(0).reason, "Busy Here");
}

TEST(PhoneCall, APlainRtpOfferIsRefusedWith488) {
  Pair pair;
  pair.deliver(pair.bob, foreignInvite(kPlainSdp));
  ASSERT_NE(pair.bob.incoming, nullptr);
  const auto answered = pair.bob.incoming->answer(agreementOn(30'000));
  ASSERT_FALSE(answered);
  EXPECT_STREQ(answered.error().code, "sdp.plain_rtp");
  EXPECT_THAT(pair.bob.outbox.back(), StartsWith("SIP/2.0 488"));
  EXPECT_TRUE(pair.bob.plans.empty());
}

// Alice's INVITE is answered by `rewrite` of bob's answer.
std::string endAfterAnswer(const std::function<void(std::string&)>& rewrite) {
  Pair pair;
  pair.invite();
  (void)pair.bob.incoming->answer(agreementOn(30'000));
  std::string answer = pair.bob.outbox.back();
  pair.bob.outbox.clear();
  auto message = *sip::Message::parse(answer);
  std::string body{message.body()};
  rewrite(body);
  const auto head = answer.find("Content-Type");
  pair.deliver(pair.alice, answer.substr(0, head) + "Content-Type: application/sdp\r\nContent-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n" + body);
  const auto lines = pair.exchange();
  EXPECT_THAT(lines, ::testing::Contains(StartsWith("BYE ")));
  EXPECT_TRUE(pair.alice.plans.empty()) << "no packet may flow";
  return pair.alice.ends.empty() ? "" : pair.alice.ends[0].code;
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  text.replace(at, what.size(), with);
}

TEST(PhoneCall, APlainRtpAnswerEndsTheCall) {
  EXPECT_EQ(endAfterAnswer([](std::string& sdp) { replace(sdp, "RTP/SAVP", "RTP/AVP"); }), "sdp.answer.media_changed");
}

TEST(PhoneCall, AnAnswerWithoutAKeyEndsTheCall) {
  EXPECT_EQ(endAfterAnswer([](std::string& sdp) { replace(sdp, "a=crypto:", "a=x-crypto:"); }), "sdp.crypto.none");
}

TEST(PhoneCall, ACryptoLineNobodyOfferedEndsTheCall) {
  EXPECT_EQ(endAfterAnswer([](std::string& sdp) { replace(sdp, "a=crypto:1 ", "a=crypto:9 "); }),
            "sdp.crypto.not_offered");
}

TEST(PhoneCall, AnUnencryptedSessionParameterEndsTheCall) {
  EXPECT_EQ(endAfterAnswer([](std::string& sdp) {
              const auto line = sdp.find("a=crypto:1");
              sdp.insert(sdp.find("\r\n", line), " UNENCRYPTED_SRTP");
            }),
            "sdp.crypto.unencrypted");
}

TEST(PhoneCall, AnInviteWithoutAnOfferIsAnsweredWithOneAndAgreedInTheAck) {
  Pair pair;
  pair.deliver(pair.bob, foreignInvite({}));
  ASSERT_TRUE(pair.bob.incoming->answer(agreementOn(30'000)));
  auto answer = *sip::Message::parse(pair.bob.outbox.back());
  ASSERT_EQ(answer.status(), 200);
  EXPECT_THAT(std::string{answer.body()}, HasSubstr("RTP/SAVP"));
  EXPECT_TRUE(pair.bob.plans.empty());

  auto agreement = agreementOn(20'000);
  const auto reply = agreement.answer(answer.body());
  ASSERT_TRUE(reply);
  pair.deliver(pair.bob, sip::MessageWriter{}
                             .request("ACK", "sip:bob@127.0.0.1:5061")
                             .header(sip::HeaderId::via, "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bKack")
                             .header(sip::HeaderId::from, "<sip:mallory@example.com>;tag=m")
                             .header(sip::HeaderId::to, "<sip:bob@example.com>;tag=" + std::string{answer.toTag()})
                             .header(sip::HeaderId::callId, "foreign")
                             .header(sip::HeaderId::cseq, "1 ACK")
                             .finish("application/sdp", reply->sdp));
  ASSERT_EQ(pair.bob.plans.size(), 1U);
  EXPECT_TRUE(pair.bob.plan().send_key == reply->plan->receive_key);
}

TEST(PhoneCall, AnExtensionWeDoNotSpeakIsRefusedByName) {
  Pair pair;
  pair.deliver(pair.bob, foreignInvite(kPlainSdp, "100rel"));
  EXPECT_EQ(pair.bob.incoming, nullptr);
  EXPECT_THAT(pair.bob.outbox.back(), StartsWith("SIP/2.0 420"));
  EXPECT_THAT(pair.bob.outbox.back(), HasSubstr("Unsupported: 100rel"));
}

TEST(PhoneCall, TheAnswerIsRepeatedUntilItIsAcknowledged) {
  Pair pair;
  pair.invite();
  (void)pair.bob.incoming->answer(agreementOn(30'000));
  pair.bob.outbox.clear();  // the 200 is lost
  pair.pass(500ms);
  ASSERT_EQ(pair.bob.outbox.size(), 1U);
  EXPECT_THAT(pair.exchange(), ElementsAre("SIP/2.0 200 OK", StartsWith("ACK ")));
  pair.pass(5s);
  EXPECT_TRUE(pair.bob.outbox.empty());
}

TEST(PhoneCall, AnAnswerNobodyAcknowledgesEndsInABye) {
  Pair pair;
  pair.deliver(pair.bob, foreignInvite({}));
  (void)pair.bob.incoming->answer(agreementOn(30'000));
  for (int i = 0; i < 70; ++i) pair.pass(500ms);
  EXPECT_THAT(pair.bob.outbox.back(), StartsWith("BYE "));
  for (int i = 0; i < 70; ++i) pair.pass(500ms);
  EXPECT_EQ(pair.bob.ends.at(0).code, "phone.call.no_ack");
}

TEST(PhoneCall, ALostConnectionEndsTheCallOnlyAfterAWhile) {
  Pair pair;
  pair.talk();
  pair.bob.agent.flowClosed(Pair::kFlow, pair.now);
  EXPECT_TRUE(pair.bob.ends.empty());
  pair.pass(33s);
  EXPECT_EQ(pair.bob.ends.at(0).code, "phone.call.lost");
}

TEST(PhoneCall, ARequestOnANewConnectionBringsTheCallBack) {
  Pair pair;
  Call& call = pair.talk();
  pair.bob.agent.flowClosed(Pair::kFlow, pair.now);
  ASSERT_TRUE(call.offerDirection(sdp::Direction::sendonly));
  pair.exchange();
  pair.pass(33s);
  EXPECT_TRUE(pair.bob.ends.empty());
}

TEST(PhoneCall, OptionsIsAnsweredAndStrayRequestsAreNot) {
  Pair pair;
  const auto ask = [&](std::string_view method, std::string_view to) {
    pair.deliver(pair.bob, sip::MessageWriter{}
                               .request(method, "sip:bob@example.com")
                               .header(sip::HeaderId::via, "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK" + std::string{method})
                               .header(sip::HeaderId::from, "<sip:mallory@example.com>;tag=m")
                               .header(sip::HeaderId::to, to)
                               .header(sip::HeaderId::callId, "stray")
                               .header(sip::HeaderId::cseq, "1 " + std::string{method})
                               .finish());
    return pair.bob.outbox.back().substr(0, 11);
  };
  EXPECT_EQ(ask("OPTIONS", "<sip:bob@example.com>"), "SIP/2.0 200");
  EXPECT_EQ(ask("BYE", "<sip:bob@example.com>;tag=unknown"), "SIP/2.0 481");
  EXPECT_EQ(ask("BYE", "<sip:bob@example.com>"), "SIP/2.0 481");
  EXPECT_EQ(ask("MESSAGE", "<sip:bob@example.com>"), "SIP/2.0 405");
  EXPECT_EQ(ask("SUBSCRIBE", "<sip:bob@example.com>"), "SIP/2.0 405");
}

TEST(PhoneCall, NoAnswerInTimeIsSaidSo) {
  Pair pair;
  Call& call = pair.alice.agent.createCall(pair.alice.localPartyOn(Pair::kFlow), Pair::kFlow, pair.now);
  ASSERT_TRUE(call.invite("sip:bob@example.com", agreementOn(20'000)));
  pair.alice.outbox.clear();  // nobody is there
  for (int i = 0; i < 70; ++i) pair.pass(500ms);
  EXPECT_EQ(pair.alice.ends.at(0).code, "sip.transaction.timeout");
}

}  // namespace
}  // namespace sallyport::phone
