// SPDX-License-Identifier: Apache-2.0
// Between INVITE and answer: giving up, forks, answers nobody offered, connections that come late or never.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CallSetup : public CallServerTest {
 protected:
  // The callee's side of being given up: CANCEL, 200, 487 and its ACK.
  void acceptCancel() {
    auto cancel = call.callee.request(sip::Method::cancel);
    ASSERT_TRUE(cancel);
    EXPECT_EQ(cancel->requestUri(), call.invite->requestUri());
    EXPECT_EQ(cancel->topmostVia().branch(), call.invite->topmostVia().branch());
    EXPECT_EQ(cancel->cseq(), call.invite->cseq());
    EXPECT_TRUE(cancel->toTag().empty());
    call.callee.respond(*cancel, 200);
    call.callee.respond(*call.invite, 487);
    EXPECT_TRUE(call.callee.request(sip::Method::ack));
  }
};

TEST_F(CallSetup, CancelReachesTheCalleeAndTheCallerGets487) {
  ASSERT_TRUE(call.dial() && call.ring());
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(sip::Method::cancel), 200);
  EXPECT_EQ(call.caller.final(), 487);
  call.caller.ack();
  acceptCancel();
  expectEnded("call.cancelled", "caller");
  EXPECT_EQ(border.records.kept.front().end.sip_status, 487u);
}

TEST_F(CallSetup, CancelBeforeAnyAnswerWaitsForAProvisional) {
  ASSERT_TRUE(call.dial());
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(), 487);
  EXPECT_TRUE(call.callee.silent());
  call.callee.respond(*call.invite, 100);
  acceptCancel();  // RFC 3261 9.1
}

TEST_F(CallSetup, CancelsOnceHoweverManyProvisionalsCome) {
  ASSERT_TRUE(call.dial());
  call.caller.cancel();
  call.callee.respond(*call.invite, 100);
  auto cancel = call.callee.request(sip::Method::cancel);
  ASSERT_TRUE(cancel);
  call.callee.respond(*cancel, 200);
  call.callee.respond(*call.invite, 180);
  call.callee.respond(*call.invite, 183);
  EXPECT_TRUE(call.callee.silent());
  call.callee.respond(*call.invite, 487);
}

TEST_F(CallSetup, ACalleeThatIgnoresTheCancelIsGivenUp) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 180);
  call.caller.cancel();
  auto cancel = call.callee.request(sip::Method::cancel);
  ASSERT_TRUE(cancel);
  call.callee.respond(*cancel, 200);
  border.pass(31s);
  EXPECT_EQ(border.server.holdings().calls, 1u);
  border.pass(2s);
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(CallSetup, ACalleeThatNeverAnswersAnythingIsGivenUp) {
  ASSERT_TRUE(call.dial());
  border.pass(33s);
  EXPECT_EQ(call.caller.final(), 408);
  expectEnded("sip.transaction.timeout", "edge");
}

TEST_F(CallSetup, AnAnswerThatCrossesTheCancelIsAcknowledgedAndEnded) {
  ASSERT_TRUE(call.dial() && call.ring());
  call.caller.cancel();
  ASSERT_TRUE(call.callee.request(sip::Method::cancel));
  call.callee.respond(*call.invite, 200, call.answerBody());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  answerBye(call.callee);
  EXPECT_EQ(call.caller.final(), 487);
  expectEnded("call.cancelled");
}

TEST_F(CallSetup, ACancelThatComesAfterTheAnswerChangesNothing) {
  ASSERT_TRUE(call.establish());
  call.caller.cancel();
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_TRUE(call.callee.silent());
  call.callee.send("BYE");
  answerBye(call.caller);
}

TEST_F(CallSetup, AStrangersCancelChangesNothing) {
  ASSERT_TRUE(call.dial() && call.ring());
  auto thief = call.caller;
  thief.flow = border.flows.open("mallory");
  thief.cancel();
  EXPECT_EQ(thief.final(sip::Method::cancel), 481);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  call.callee.respond(*call.invite, 486);
  EXPECT_EQ(call.caller.final(), 486);
}

TEST_F(CallSetup, TheCallerMayCancelOnANewConnection) {
  ASSERT_TRUE(call.dial() && call.ring());
  auto again = call.caller;
  again.flow = border.flows.open("alice");
  again.cancel();
  EXPECT_EQ(again.final(sip::Method::cancel), 200);
  acceptCancel();
}

TEST_F(CallSetup, TheCallerMaySayByeToAnEarlyDialog) {
  ASSERT_TRUE(call.dial() && call.ring());
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  EXPECT_EQ(call.caller.final(), 487);
  acceptCancel();
  expectEnded("call.bye", "caller");
  EXPECT_EQ(border.records.kept.front().end.sip_status, 487u);
}

TEST_F(CallSetup, AByeFromACalleeThatStillRingsEndsTheCallAndItsInvite) {
  ASSERT_TRUE(call.dial() && call.ring());
  call.callee.send("BYE");
  EXPECT_EQ(call.callee.final(sip::Method::bye), 200);
  EXPECT_EQ(call.caller.final(), 480);
  EXPECT_EQ(border.records.kept.front().end.sip_status, 480u);
  ASSERT_TRUE(call.callee.request(sip::Method::cancel));
  call.callee.respond(*call.invite, 200, call.answerBody());  // against all rules
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  EXPECT_TRUE(call.callee.request(sip::Method::bye));
}

TEST_F(CallSetup, ASecondAnsweringForkIsTakenDown) {
  ASSERT_TRUE(call.establish());
  call.callee.respond(*call.invite, 200, call.answerBody(), {}, "another-fork");
  const auto ack = call.callee.request(sip::Method::ack);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->toTag(), "another-fork");
  const auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->toTag(), "another-fork");
  EXPECT_TRUE(call.caller.silent());
  border.pass(33s);  // the fork never answers its BYE, which is its own affair
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(CallSetup, AForkThatAnswersWithoutContactDoesNotDisturbTheCall) {
  ASSERT_TRUE(call.establish());
  auto broken = call.callee;
  broken.contact = "";
  broken.respond(*call.invite, 200, call.answerBody(), {}, "broken-fork");
  EXPECT_TRUE(call.callee.silent());
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  answerBye(call.callee);
}

TEST_F(CallSetup, AnAnswerWithoutContactEndsTheCall) {
  ASSERT_TRUE(call.dial() && call.ring());
  call.callee.contact = "";
  call.callee.respond(*call.invite, 200, call.answerBody());
  EXPECT_EQ(call.caller.final(), 502);
  expectEnded("sip.dialog.contact", "edge");
}

TEST_F(CallSetup, ARepeatedAnswerIsAcknowledgedAgain) {
  ASSERT_TRUE(call.establish());
  call.callee.respond(*call.invite, 200, call.answerBody());
  const auto ack = call.callee.request(sip::Method::ack);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->toTag(), call.callee.tag);
  EXPECT_TRUE(call.callee.silent());
  EXPECT_TRUE(call.caller.silent());
  hangUp();
}

TEST_F(CallSetup, TheAnswerIsThatOfTheForkThatAnswersNotOfTheOneThatRang) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 183, call.answerBody(), {}, "first-fork");
  ASSERT_TRUE(call.caller.response(183));
  auto other = answering(call.invite->body());
  other.key = 0xC3;
  other.port = 42'000;
  call.callee.respond(*call.invite, 200, other.text());
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  hangUp();
}

struct Mapped {
  int far, near;
};
class CalleeRefuses : public CallSetup, public ::testing::WithParamInterface<Mapped> {};
TEST_P(CalleeRefuses, AsTheCallerMayKnowIt) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, GetParam().far, {},
                      GetParam().far == 302 ? "Warning: 399 inner \"192.0.2.9\"\r\nRetry-After: 9\r\n" : "");
  EXPECT_EQ(call.caller.final(), GetParam().near);
  const std::string heard{call.caller.last->bytes()};
  EXPECT_THAT(heard, Not(HasSubstr("192.0.2.9")));
  EXPECT_THAT(heard, Not(HasSubstr("Retry-After")));
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  expectEnded("call.rejected", "callee");
}
INSTANTIATE_TEST_SUITE_P(Statuses, CalleeRefuses,
                         ::testing::Values(Mapped{486, 486}, Mapped{404, 404}, Mapped{603, 603}, Mapped{488, 488},
                                           Mapped{503, 500}, Mapped{302, 480}, Mapped{481, 500}));

TEST_F(CallSetup, RaisesTheSessionIntervalWhenTheCalleeWantsALongerOne) {
  ASSERT_TRUE(call.dial());
  const std::string first{*call.invite->header(sip::HeaderId::callId)};
  call.callee.respond(*call.invite, 422, {}, "Min-SE: 3600\r\n");
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  ASSERT_TRUE(call.arrived());
  EXPECT_EQ(call.invite->header(sip::HeaderId::sessionExpires), "3600");
  EXPECT_EQ(call.invite->header(sip::HeaderId::minSe), "3600");
  EXPECT_EQ(call.invite->callId(), first);
  EXPECT_EQ(call.invite->cseq(), 2u);
  EXPECT_TRUE(call.caller.silent());
  ASSERT_TRUE(call.ring() && call.answer());
  hangUp();
}

TEST_F(CallSetup, DoesNotRaiseItForEver) {
  ASSERT_TRUE(call.dial());
  for (const char* minimum : {"3600", "7200"}) {
    call.callee.respond(*call.invite, 422, {}, "Min-SE: " + std::string{minimum} + "\r\n");
    EXPECT_TRUE(call.callee.request(sip::Method::ack));
    ASSERT_TRUE(call.arrived());
  }
  call.callee.respond(*call.invite, 422, {}, "Min-SE: 14400\r\n");
  EXPECT_EQ(call.caller.final(), 500);
}

TEST_F(CallSetup, NobodyAnsweringInTimeEndsTheAttempt) {
  ASSERT_TRUE(call.dial() && call.ring());
  border.pass(179s);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  border.pass(2s);
  EXPECT_EQ(call.caller.final(), 408);
  acceptCancel();
  expectEnded("call.invite_timeout", "edge");
}

// --- answers that were not offered ------------------------------------------------------------------------------

TEST_F(CallSetup, AnAnswerWithASuiteThatWasNotOfferedEndsTheCall) {
  ASSERT_TRUE(call.dial());
  auto answer = answering(call.invite->body());
  answer.suite = "AES_CM_128_HMAC_SHA1_80";
  call.callee.respond(*call.invite, 200, answer.text());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  answerBye(call.callee);
  EXPECT_EQ(call.caller.final(), 488);
  expectEnded("sdp.crypto.not_offered", "callee");
}

TEST_F(CallSetup, APlainAnswerEndsTheCall) {
  ASSERT_TRUE(call.dial());
  auto answer = answering(call.invite->body());
  answer.profile = "RTP/AVP";
  answer.suite = "";
  call.callee.respond(*call.invite, 200, answer.text());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  answerBye(call.callee);
  EXPECT_EQ(call.caller.final(), 488);
}

TEST_F(CallSetup, AnAnswerWithoutADescriptionEndsTheCall) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 200);
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  answerBye(call.callee);
  EXPECT_EQ(call.caller.final(), 488);
}

TEST_F(CallSetup, AnUnofferedAnswerInA183EndsTheCallToo) {
  ASSERT_TRUE(call.dial());
  auto answer = answering(call.invite->body());
  answer.tag = 9;
  call.callee.respond(*call.invite, 183, answer.text());
  EXPECT_EQ(call.caller.final(), 488);
  acceptCancel();
  expectEnded("sdp.crypto.not_offered", "callee");
}

TEST_F(CallSetup, OurOwnKeySentBackEndsTheCall) {
  ASSERT_TRUE(call.dial());
  auto answer = answering(call.invite->body()).text();
  const auto key = keyText("AEAD_AES_256_GCM", 0xB2);
  answer.replace(answer.find(key), key.size(), keyIn(call.invite->body()));
  call.callee.respond(*call.invite, 200, answer);
  EXPECT_EQ(call.caller.final(), 488);
  expectEnded("sdp.crypto.key_reflected", "callee");
  answerBye(call.callee);
}

// --- connections -------------------------------------------------------------------------------------------------

TEST_F(CallSetup, AConnectionThatFailsMakesTheCalleeUnavailable) {
  border.flows.dialing = FakeFlows::Dialing::fails;
  EXPECT_FALSE(call.dial());
  EXPECT_EQ(call.caller.final(), 480);
  expectEnded("net.connect.refused", "edge");
}

TEST_F(CallSetup, WaitsForAConnectionAndHoldsTheTimeOfItsArrival) {
  border.flows.dialing = FakeFlows::Dialing::later;
  EXPECT_FALSE(call.dial());
  border.pass(3s);
  border.clock.advance(500ms);
  border.flows.completeDials();
  ASSERT_TRUE(call.arrived());
  border.pass(31s);  // 64*T1 from the INVITE's sending, not from the turn before
  EXPECT_EQ(border.server.liveCalls(), 1u);
  ASSERT_TRUE(call.ring() && call.answer());
  hangUp();
}

TEST_F(CallSetup, AConnectionThatFailsLateEndsTheCallAtOnce) {
  border.flows.dialing = FakeFlows::Dialing::later;
  EXPECT_FALSE(call.dial());
  border.flows.completeDials(FakeFlows::Dialing::fails);
  EXPECT_EQ(call.caller.final(), 480);
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(CallSetup, ACallGivenUpWhileConnectingSendsNothing) {
  border.flows.dialing = FakeFlows::Dialing::later;
  EXPECT_FALSE(call.dial());
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(), 487);
  border.pass(60s);
  EXPECT_EQ(border.server.holdings().calls, 1u);  // the connection still comes
  border.flows.completeDials();
  EXPECT_FALSE(call.arrived());
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(CallSetup, ACallerGoneBeforeTheAnswerEndsTheAttempt) {
  ASSERT_TRUE(call.dial() && call.ring());
  border.drop(call.caller.flow);
  acceptCancel();
  expectEnded("call.caller_gone", "caller");
}

TEST_F(CallSetup, ACalleeWhoseConnectionGoesBeforeItsAnswerIsUnavailable) {
  ASSERT_TRUE(call.dial() && call.ring());
  border.drop(call.callee.flow);
  EXPECT_EQ(call.caller.final(), 480);
  expectEnded("sip.transaction.transport", "edge");
}

TEST_F(CallSetup, WithoutFreePortsNoCall) {
  border.ports.exhausted = true;
  EXPECT_FALSE(call.dial());
  EXPECT_EQ(call.caller.final(), 503);
  expectEnded("net.ports.exhausted", "edge");
  EXPECT_TRUE(border.records.kept.front().legs[0].pinholes.empty());
}

// --- late offers ---------------------------------------------------------------------------------------------------

TEST_F(CallSetup, ALateOfferIsAnsweredWithOurs) {
  ASSERT_TRUE(call.dial(""));
  EXPECT_EQ(linesOf(call.invite->body(), "a=crypto:").size(), 2u);  // both suites of tier strict
  call.callee.respond(*call.invite, 200, call.answerBody());
  ASSERT_EQ(call.caller.final(), 200);
  EXPECT_FALSE(linesOf(call.caller.last->body(), "a=crypto:").empty());
  auto answer = answering(call.caller.last->body());
  answer.key = 0xA1;
  call.caller.ack(answer.text());
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(CallSetup, ALateOfferThatIsNeverAnsweredEndsTheCall) {
  ASSERT_TRUE(call.dial(""));
  call.callee.respond(*call.invite, 200, call.answerBody());
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  answerBye(call.caller);
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  answerBye(call.callee);
}

TEST_F(CallSetup, TheCalleeCannotRenegotiateBeforeALateOfferIsAnswered) {
  ASSERT_TRUE(call.dial(""));
  const auto agreed = answering(call.invite->body());
  call.callee.respond(*call.invite, 200, agreed.text());
  ASSERT_EQ(call.caller.final(), 200);
  auto again = agreed;
  again.version = 2;
  again.port = 43'000;
  call.callee.send("UPDATE", again.text());
  EXPECT_EQ(call.callee.final(sip::Method::update), 491);
  call.callee.send("INVITE");
  EXPECT_EQ(call.callee.final(), 491);
  auto answer = answering(call.caller.last->body());
  answer.key = 0xA1;
  call.caller.ack(answer.text());
  call.callee.send("UPDATE", again.text());
  EXPECT_EQ(call.callee.final(sip::Method::update), 200);
  hangUp();
}

// --- the caller's UPDATE while it rings ----------------------------------------------------------------------------

TEST_F(CallSetup, AnUpdateBeforeTheAnswerDoesNotTakeTheInvitesPlace) {
  ASSERT_TRUE(call.dial() && call.ring());
  call.caller.send("UPDATE");
  EXPECT_EQ(call.caller.final(sip::Method::update), 200);  // without an offer it asks for nothing
  call.caller.send("UPDATE", Sdp{.version = 2}.text());
  EXPECT_EQ(call.caller.final(sip::Method::update), 500);
  ASSERT_TRUE(call.answer());
  hangUp();
}

}  // namespace
}  // namespace sallyport::call::test
