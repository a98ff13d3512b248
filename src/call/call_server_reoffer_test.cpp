// SPDX-License-Identifier: Apache-2.0
// What changes in a running call: hold, new addresses and keys, refreshes, and two who ask at once.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class RunningCall : public CallServerTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(call.establish());
    first_answer = call.caller.last->body();
  }
  static Sdp answerTo(const sip::Message& offer, std::string direction = "sendrecv", unsigned version = 2) {
    auto answer = answering(offer.body());
    answer.direction = std::move(direction);
    answer.version = version;
    return answer;
  }
  // The caller's re-INVITE as it reaches the callee.
  sip::Message forwarded(const Sdp& offer) {
    call.caller.send("INVITE", offer.text());
    auto again = call.callee.request(sip::Method::invite);
    SP_CHECK(again.has_value());
    return *std::move(again);
  }
  // The call is as it was, and both can still be heard.
  void expectAlive() {
    EXPECT_EQ(border.server.liveCalls(), 1u);
    call.caller.send("INVITE", Sdp{.port = 40'500, .version = 90}.text());
    EXPECT_EQ(call.caller.final(), 200);
    call.caller.ack();
  }

  std::string first_answer;
  const Sdp hold{.direction = "sendonly", .version = 2};
};

TEST_F(RunningCall, HoldAndResumeCrossTheBorder) {
  struct Step {
    const char *asked, *answered;
  };
  unsigned version = 2;
  for (const auto& [asked, answered] : {Step{"sendonly", "recvonly"}, Step{"sendrecv", "sendrecv"}}) {
    const auto again = forwarded({.direction = asked, .version = version});
    EXPECT_THAT(linesOf(again.body(), "a="), Contains(asked));
    call.callee.respond(again, 200, answerTo(again, answered, version).text());
    ++version;
    ASSERT_EQ(call.caller.final(), 200);
    EXPECT_THAT(linesOf(call.caller.last->body(), "a="), Contains(answered));
    call.caller.ack();
    EXPECT_TRUE(call.callee.request(sip::Method::ack));
  }
  hangUp();
}

TEST_F(RunningCall, TheCalleeMayHoldToo) {
  auto offer = answering(call.invite->body());
  offer.direction = "sendonly";
  offer.version = 2;
  call.callee.send("INVITE", offer.text());
  const auto again = call.caller.request(sip::Method::invite);
  ASSERT_TRUE(again);
  EXPECT_THAT(linesOf(again->body(), "a="), Contains("sendonly"));
  call.caller.respond(*again, 200, Sdp{.direction = "recvonly", .version = 2}.text());
  EXPECT_TRUE(call.caller.request(sip::Method::ack));
  EXPECT_EQ(call.callee.final(), 200);
  call.callee.ack();
  hangUp();
}

TEST_F(RunningCall, HoldByAnUpdateIsAskedOfTheOtherSideWithAReinvite) {
  call.caller.send("UPDATE", hold.text());
  const auto again = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(again);
  call.callee.respond(*again, 200, answerTo(*again, "recvonly").text());
  EXPECT_EQ(call.caller.final(sip::Method::update), 200);
  EXPECT_THAT(linesOf(call.caller.last->body(), "a="), Contains("recvonly"));
  hangUp();
}

TEST_F(RunningCall, ANewAddressConcernsOneHopOnly) {
  call.caller.send("INVITE", Sdp{.port = 40'100, .version = 2}.text());
  EXPECT_EQ(call.caller.final(), 200);
  EXPECT_EQ(keyIn(call.caller.last->body()), keyIn(first_answer));  // our stream goes on
  call.caller.ack();
  EXPECT_TRUE(call.callee.silent());
  hangUp();
}

TEST_F(RunningCall, ANewKeyConcernsOneHopOnlyAndIsAnsweredWithANewOne) {
  call.caller.send("INVITE", Sdp{.version = 2, .key = 0xA7}.text());
  EXPECT_EQ(call.caller.final(), 200);
  EXPECT_NE(keyIn(call.caller.last->body()), keyIn(first_answer));
  call.caller.ack();
  EXPECT_TRUE(call.callee.silent());
  hangUp();
}

TEST_F(RunningCall, TheSameDescriptionAgainChangesNothing) {
  call.caller.send("INVITE", Sdp{}.text());
  EXPECT_EQ(call.caller.final(), 200);
  EXPECT_EQ(call.caller.last->body(), first_answer);  // version included
  call.caller.ack();
  EXPECT_TRUE(call.callee.silent());
  hangUp();
}

TEST_F(RunningCall, AReinviteWithoutAnOfferIsAnsweredWithWhatStands) {
  call.caller.send("INVITE");
  ASSERT_EQ(call.caller.final(), 200);
  EXPECT_EQ(keyIn(call.caller.last->body()), keyIn(first_answer));
  auto answer = answering(call.caller.last->body());
  answer.key = 0xA1;
  call.caller.ack(answer.text());
  EXPECT_TRUE(call.callee.silent());
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(RunningCall, AnUnofferedAnswerInTheAckEndsTheCall) {
  call.caller.send("INVITE");
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack(Sdp{.tag = 7}.text());
  answerBye(call.caller);
  answerBye(call.callee);
  expectEnded("sdp.crypto.not_offered", "caller");
}

TEST_F(RunningCall, AnUnofferedAnswerToAReinviteEndsTheCall) {
  const auto again = forwarded(hold);
  auto answer = answerTo(again);
  answer.tag = 7;
  call.callee.respond(again, 200, answer.text());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  EXPECT_EQ(call.caller.final(), 488);
  answerBye(call.caller);
  answerBye(call.callee);
  expectEnded("sdp.crypto.not_offered", "callee");
}

TEST_F(RunningCall, ADowngradingReinviteIsRefusedAndTheCallGoesOn) {
  call.caller.send("INVITE", Sdp{.profile = "RTP/AVP", .version = 2, .suite = ""}.text());
  EXPECT_EQ(call.caller.final(), 488);
  EXPECT_TRUE(call.callee.silent());
  expectAlive();
  hangUp();
}

TEST_F(RunningCall, ARefusedReinviteLeavesTheCallAsItWas) {
  const auto again = forwarded(hold);
  call.callee.respond(again, 488);
  EXPECT_EQ(call.caller.final(), 488);
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  expectAlive();
  hangUp();
}

TEST_F(RunningCall, AReinviteThatTheOtherSideDoesNotKnowTheDialogOfEndsTheCall) {
  const auto again = forwarded(hold);
  call.callee.respond(again, 481);
  EXPECT_EQ(call.caller.final(), 487);
  answerBye(call.caller);
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  answerBye(call.callee);  // said all the same
}

TEST_F(RunningCall, GlareIsRefusedWith491) {
  const auto again = forwarded(hold);
  auto theirs = answering(call.invite->body());
  theirs.version = 2;
  call.callee.send("INVITE", theirs.text());
  EXPECT_EQ(call.callee.final(), 491);
  call.callee.respond(again, 491);
  EXPECT_EQ(call.caller.final(), 491);
  expectAlive();
  hangUp();
}

TEST_F(RunningCall, OneQuestionAtATimeIsPutToTheOtherSide) {
  const auto again = forwarded(hold);
  call.caller.send("UPDATE", Sdp{.version = 3}.text());
  EXPECT_EQ(call.caller.final(sip::Method::update), 500);  // RFC 3311 5.2
  call.callee.respond(again, 200, answerTo(again, "recvonly").text());
  EXPECT_EQ(call.caller.final(), 200);
  call.caller.ack();
  hangUp();
}

// --- questions taken back -----------------------------------------------------------------------------------------

TEST_F(RunningCall, AReinviteThatIsCancelledIsCancelledOnTheOtherSide) {
  const auto again = forwarded(hold);
  call.callee.respond(again, 180);
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(sip::Method::cancel), 200);
  EXPECT_EQ(call.caller.final(), 487);
  const auto cancel = call.callee.request(sip::Method::cancel);
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->topmostVia().branch(), again.topmostVia().branch());
  EXPECT_EQ(cancel->toTag(), again.toTag());
  call.callee.respond(*cancel, 200);
  call.callee.respond(again, 487);
  expectAlive();
  hangUp();
}

TEST_F(RunningCall, AnAnswerToACancelledReinviteIsFollowedByTheWayBack) {
  const auto again = forwarded(hold);
  call.callee.respond(again, 100);
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(sip::Method::cancel), 200);
  EXPECT_EQ(call.caller.final(), 487);
  ASSERT_TRUE(call.callee.request(sip::Method::cancel));
  call.callee.respond(again, 200, answerTo(again, "recvonly").text());
  const auto back = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(back);
  EXPECT_THAT(linesOf(back->body(), "a="), Contains("sendrecv"));
  call.callee.respond(*back, 200, answerTo(*back, "sendrecv", 3).text());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  EXPECT_TRUE(call.callee.silent());
  EXPECT_TRUE(call.caller.silent());
  hangUp();
}

TEST_F(RunningCall, AReinviteNobodyAnswersIsGivenUpAndTheCallGoesOn) {
  const auto again = forwarded(hold);
  call.callee.respond(again, 100);
  border.pass(29s);
  EXPECT_EQ(call.caller.final(), 504);
  ASSERT_TRUE(call.callee.request(sip::Method::cancel));
  call.callee.respond(again, 487);
  expectAlive();
  hangUp();
}

TEST_F(RunningCall, AnUpdateNobodyAnswersIsGivenUpBeforeItsTransactionIs) {
  call.caller.send("UPDATE", hold.text());
  const auto again = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(again);
  call.callee.respond(*again, 100);
  border.pass(29s);
  EXPECT_EQ(call.caller.final(sip::Method::update), 504);
  call.callee.respond(*again, 487);
  expectAlive();
  hangUp();
}

TEST_F(RunningCall, AReinviteStillOpenWhenTheCallEndsDoesNotKeepIt) {
  const auto again = forwarded(hold);
  call.callee.respond(again, 180);
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  EXPECT_EQ(call.caller.final(), 487);
  answerBye(call.callee);
  ASSERT_TRUE(call.callee.request(sip::Method::cancel));
  border.pass(33s);  // and the callee never says another word
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(RunningCall, AReinviteThatHasHeardNothingWhenTheCallEndsDoesNotKeepItEither) {
  const auto again = forwarded(hold);
  call.caller.send("BYE");
  answerBye(call.callee);
  call.callee.respond(again, 183);
  EXPECT_TRUE(call.callee.request(sip::Method::cancel));
  border.pass(33s);
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(RunningCall, ManyReinvitesLeaveNothingBehind) {
  const auto before = border.server.holdings().bindings;
  for (unsigned version = 2; version < 40; ++version) {
    const auto again = forwarded({.direction = version % 2 == 0 ? "sendonly" : "sendrecv", .version = version});
    call.callee.respond(again, 200, answerTo(again, version % 2 == 0 ? "recvonly" : "sendrecv", version).text());
    ASSERT_EQ(call.caller.final(), 200);
    call.caller.ack();
    EXPECT_TRUE(call.callee.request(sip::Method::ack));
  }
  EXPECT_LE(border.server.holdings().bindings, before + 4);
  hangUp();
}

// --- requests that concern one side only ---------------------------------------------------------------------------

TEST_F(RunningCall, UpdateRefreshesWithoutDisturbingTheOtherSide) {
  call.caller.send("UPDATE");
  EXPECT_EQ(call.caller.final(sip::Method::update), 200);
  EXPECT_TRUE(call.callee.silent());
  hangUp();
}

TEST_F(RunningCall, OptionsInsideTheDialogIsAnswered) {
  call.callee.send("OPTIONS");
  EXPECT_EQ(call.callee.final(sip::Method::options), 200);
  hangUp();
}

TEST_F(RunningCall, AMessageInsideTheDialogIsNotAllowed) {
  call.caller.send("MESSAGE");
  EXPECT_EQ(call.caller.final(sip::Method::message), 405);
  EXPECT_TRUE(call.caller.last->listContains(sip::HeaderId::allow, "UPDATE"));
  call.caller.send("PRACK", {}, "RAck: 1 1 INVITE\r\n");
  EXPECT_EQ(call.caller.final(sip::Method::prack), 481);  // RFC 3262 3: no such provisional
  hangUp();
}

TEST_F(RunningCall, ABodyThatIsNoDescriptionIsRefused) {
  auto raw = call.caller;
  raw.send("INVITE", {}, "Content-Type: text/plain\r\n");  // of no length: no offer
  EXPECT_EQ(raw.final(), 200);
  raw.ack(Sdp{.version = 2}.text());
  call.caller.cseq = raw.cseq;
  hangUp();
}

TEST_F(RunningCall, ARequestOutOfOrderIsRefused) {
  call.caller.cseq = 0;
  call.caller.send("UPDATE");
  EXPECT_EQ(call.caller.final(sip::Method::update), 500);
  call.caller.cseq = 10;
  hangUp();
}

TEST_F(RunningCall, ANewContactIsWhereTheNextRequestGoes) {
  call.callee.contact = "Contact: <sip:moved@10.20.30.41:5060;transport=tls>\r\n";
  call.callee.send("UPDATE");
  EXPECT_EQ(call.callee.final(sip::Method::update), 200);
  call.caller.send("BYE");
  const auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  EXPECT_THAT(std::string{bye->requestUri()}, HasSubstr("moved@10.20.30.41"));
  call.callee.respond(*bye, 200);
}

TEST_F(RunningCall, ASecondPrincipalCannotTouchTheDialog) {
  auto thief = call.caller;
  thief.flow = border.flows.open("mallory");
  thief.cseq = 50;
  for (const char* method : {"BYE", "UPDATE", "INVITE", "OPTIONS"}) thief.send(method);
  EXPECT_EQ(thief.final(sip::Method::bye), 481);
  EXPECT_EQ(thief.final(sip::Method::update), 481);
  EXPECT_EQ(thief.final(sip::Method::invite), 481);
  EXPECT_EQ(thief.final(sip::Method::options), 481);
  EXPECT_EQ(border.log.events("sip.request.refused").back().fields.at("reason"), "call.dialog.foreign");
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(RunningCall, AStrangersAckAcknowledgesNothing) {
  call.caller.send("INVITE", Sdp{.port = 40'100, .version = 2}.text());
  ASSERT_EQ(call.caller.final(), 200);
  auto thief = call.caller;
  thief.flow = border.flows.open("mallory");
  thief.ack();
  border.pass(600ms);
  EXPECT_EQ(call.caller.final(), 200);  // still repeated
  call.caller.ack();
  border.pass(1s);
  EXPECT_EQ(call.caller.final(), 0);
  hangUp();
}

}  // namespace
}  // namespace sallyport::call::test
