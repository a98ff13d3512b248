// SPDX-License-Identifier: Apache-2.0
// The ways a call ends that nobody asked for: silence, lost connections, time, and the operator.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;

class CallEnd : public CallServerTest {
 protected:
  void answerOnly() {
    ASSERT_TRUE(call.dial());
    call.callee.respond(*call.invite, 200, call.answerBody());
    ASSERT_EQ(call.caller.final(), 200);
    ASSERT_TRUE(call.callee.request(sip::Method::ack));
  }
};

// --- the caller's ACK ------------------------------------------------------------------------------------------------

TEST_F(CallEnd, TheAnswerIsRepeatedUntilItIsAcknowledged) {
  answerOnly();
  const std::string first{call.caller.last->bytes()};
  for (const auto interval : {500ms, 1'000ms, 2'000ms, 4'000ms, 4'000ms}) {  // RFC 3261 13.3.1.4: T1 doubling to T2
    border.pass(interval - 1ms);
    EXPECT_EQ(call.caller.final(), 0);
    border.pass(1ms);
    ASSERT_EQ(call.caller.final(), 200);
    EXPECT_EQ(call.caller.last->bytes(), first);
  }
  call.caller.ack();
  border.pass(10s);
  EXPECT_EQ(call.caller.final(), 0);
  hangUp();
}

TEST_F(CallEnd, AnAnswerThatIsNeverAcknowledgedEndsTheCall) {
  answerOnly();
  border.pass(31'900ms);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  border.pass(200ms);
  expectEnded("sip.ack_never_came", "caller");
  answerBye(call.caller);
  answerBye(call.callee);
}

TEST_F(CallEnd, AByeWaitsForTheAck) {
  answerOnly();
  call.callee.send("BYE");
  EXPECT_EQ(call.callee.final(sip::Method::bye), 200);
  EXPECT_FALSE(call.caller.request(sip::Method::bye));  // RFC 3261 15: not before the ACK
  call.caller.ack();
  answerBye(call.caller);
}

TEST_F(CallEnd, AByeDoesNotWaitForAnAckForEver) {
  answerOnly();
  call.callee.send("BYE");
  border.pass(33s);
  answerBye(call.caller);
}

TEST_F(CallEnd, AByeThatNobodyAnswersIsGivenUp) {
  ASSERT_TRUE(call.establish());
  call.callee.send("BYE");
  ASSERT_TRUE(call.caller.request(sip::Method::bye));
  border.pass(31s);
  EXPECT_EQ(border.server.holdings().calls, 1u);
  border.pass(2s);
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(CallEnd, CrossingByesEndTheCallOnce) {
  ASSERT_TRUE(call.establish());
  call.caller.send("BYE");
  call.callee.send("BYE");  // before it has heard of ours
  EXPECT_EQ(call.callee.final(sip::Method::bye), 481);
  answerBye(call.callee);
  expectEnded("call.bye", "caller");
}

// --- connections
// ------------------------------------------------------------------------------------------------------

TEST_F(CallEnd, ACallOutlivesTheConnectionsItWasMadeOn) {
  ASSERT_TRUE(call.establish());
  border.drop(call.caller.flow);
  border.drop(call.callee.flow);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  call.caller.flow = border.flows.open("alice");
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  call.callee.flow = *border.flows.of("core");  // made for the BYE
  answerBye(call.callee);
}

TEST_F(CallEnd, AByeToALostPeerWaitsForItsNewConnection) {
  ASSERT_TRUE(call.establish());
  border.drop(call.callee.flow);
  border.flows.dialing = FakeFlows::Dialing::later;
  call.caller.send("BYE");
  EXPECT_EQ(border.server.liveCalls(), 0u);
  EXPECT_EQ(border.server.holdings().calls, 1u);
  border.flows.completeDials();
  call.callee.flow = *border.flows.of("core");
  answerBye(call.callee);
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(CallEnd, AByeToAPeerThatCannotBeReachedIsGivenUp) {
  ASSERT_TRUE(call.establish());
  border.drop(call.callee.flow);
  border.flows.dialing = FakeFlows::Dialing::fails;
  call.caller.send("BYE");
  EXPECT_EQ(border.server.holdings().calls, 0u);
}

TEST_F(CallEnd, AReinviteToAPeerThatCannotBeReachedIsRefusedAndTheCallGoesOn) {
  ASSERT_TRUE(call.establish());
  border.drop(call.callee.flow);
  border.flows.dialing = FakeFlows::Dialing::fails;
  call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
  EXPECT_EQ(call.caller.final(), 500);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  call.caller.send("BYE");
}

TEST_F(CallEnd, AReinviteWhoseConnectionComesAfterTheEndIsNotSent) {
  ASSERT_TRUE(call.establish());
  border.drop(call.callee.flow);
  border.flows.dialing = FakeFlows::Dialing::later;
  call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
  call.caller.send("BYE");
  border.flows.completeDials();
  call.callee.flow = *border.flows.of("core");
  EXPECT_FALSE(call.callee.request(sip::Method::invite));
  answerBye(call.callee);
}

TEST_F(CallEnd, ALostConnectionFailsTheReinviteOnItButNotTheCall) {
  ASSERT_TRUE(call.establish());
  call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
  ASSERT_TRUE(call.callee.request(sip::Method::invite));
  border.drop(call.callee.flow);
  EXPECT_EQ(call.caller.final(), 500);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  call.callee.flow = border.flows.open("core");
  hangUp();
}

TEST_F(CallEnd, ACallerLostAfterTheAnswerIsMissedWhenItsAckDoesNotCome) {
  answerOnly();
  border.drop(call.caller.flow);
  border.pass(33s);
  expectEnded("sip.ack_never_came", "caller");
  answerBye(call.callee);
}

// --- session timers (RFC 4028)
// ------------------------------------------------------------------------------------------

TEST_F(CallEnd, TheSessionTimerIsAgreedOnEachSideForItself) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n"));
  EXPECT_EQ(call.invite->header(sip::HeaderId::sessionExpires), "1800");
  ASSERT_TRUE(call.answer("Require: timer\r\nSession-Expires: 1800;refresher=uas\r\n"));
  EXPECT_EQ(call.caller.last->header(sip::HeaderId::sessionExpires), "600;refresher=uac");
  hangUp();
}

TEST_F(CallEnd, TooSmallAnIntervalIsRefusedWithOurs) {
  EXPECT_FALSE(call.dial(Sdp{}.text(), "Supported: timer\r\nSession-Expires: 30\r\n"));
  EXPECT_EQ(call.caller.final(), 422);
  EXPECT_EQ(call.caller.last->header(sip::HeaderId::minSe), "90");
}

TEST_F(CallEnd, ASessionNobodyRefreshesIsEnded) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n"));
  ASSERT_TRUE(call.answer());
  border.pass(567s);  // a third, at most 32 s, before the interval ends
  EXPECT_EQ(border.server.liveCalls(), 1u);
  border.pass(2s);
  expectEnded("sip.session.expired", "caller");
  answerBye(call.caller);
  answerBye(call.callee);
}

TEST_F(CallEnd, ARefreshedSessionGoesOn) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n"));
  ASSERT_TRUE(call.answer());
  for (int i = 0; i < 4; ++i) {
    border.pass(300s);
    call.caller.send("UPDATE", {}, "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n");
    EXPECT_EQ(call.caller.final(sip::Method::update), 200);
  }
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(CallEnd, RefreshesWithAnUpdateWhereThePeerTakesOne) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(call.answer("Allow: INVITE, ACK, BYE, UPDATE\r\nSession-Expires: 600;refresher=uac\r\n"));
  border.pass(301s);
  const auto update = call.callee.request(sip::Method::update);
  ASSERT_TRUE(update);
  EXPECT_TRUE(update->body().empty());
  EXPECT_EQ(update->header(sip::HeaderId::sessionExpires), "600;refresher=uac");
  call.callee.respond(*update, 200, {}, "Session-Expires: 600;refresher=uac\r\n");
  border.pass(301s);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_TRUE(call.callee.request(sip::Method::update));
  hangUp();
}

TEST_F(CallEnd, RefreshesWithAReinviteOtherwise) {
  ASSERT_TRUE(call.dial() && call.answer("Session-Expires: 600;refresher=uac\r\n"));
  const auto ours = keyIn(call.invite->body());
  border.pass(301s);
  const auto again = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(again);
  EXPECT_EQ(keyIn(again->body()), ours);
  EXPECT_EQ(linesOf(again->body(), "o=").front(), linesOf(call.invite->body(), "o=").front());  // nothing new
  call.callee.respond(*again, 200, answering(again->body()).text(), "Session-Expires: 600;refresher=uac\r\n");
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  EXPECT_TRUE(call.caller.silent());
  border.pass(200s);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(CallEnd, ARefreshThatMeetsGlareIsTriedAgain) {
  ASSERT_TRUE(call.dial() && call.answer("Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n"));
  border.pass(301s);
  auto update = call.callee.request(sip::Method::update);
  ASSERT_TRUE(update);
  call.callee.respond(*update, 491);
  border.pass(5s);
  update = call.callee.request(sip::Method::update);
  ASSERT_TRUE(update);
  call.callee.respond(*update, 500);
  border.pass(33s);
  update = call.callee.request(sip::Method::update);
  ASSERT_TRUE(update);
  call.callee.respond(*update, 200, {}, "Session-Expires: 600;refresher=uac\r\n");
  border.pass(290s);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(CallEnd, ARefreshIntoADialogThePeerHasForgottenEndsTheCall) {
  ASSERT_TRUE(call.dial() && call.answer("Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n"));
  border.pass(301s);
  const auto update = call.callee.request(sip::Method::update);
  ASSERT_TRUE(update);
  call.callee.respond(*update, 481);
  expectEnded("call.rejected", "callee");
  answerBye(call.caller);
}

TEST_F(CallEnd, APeerThatAnswersARefreshWithoutATimerHasNone) {
  ASSERT_TRUE(call.dial() && call.answer("Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n"));
  border.pass(301s);
  const auto update = call.callee.request(sip::Method::update);
  ASSERT_TRUE(update);
  call.callee.respond(*update, 200);
  border.pass(590s);  // the caller's own timer is longer
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_TRUE(call.callee.silent());
  hangUp();
}

// --- media, the operator, the end of the process
// -------------------------------------------------------------------------

TEST_F(CallEnd, AMediaTimeoutEndsTheCallAndSaysWhoWasSilent) {
  border.media_timeouts = true;
  ASSERT_TRUE(call.establish());
  border.pass(59s);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  border.pass(3s);
  expectEnded("media.timeout", "edge");
  EXPECT_THAT(border.records.kept.front().end.text, HasSubstr("nothing authentic from the "));
  answerBye(call.caller);
  answerBye(call.callee);
}

TEST_F(CallEnd, SilenceOnHoldIsNoSilence) {
  border.media_timeouts = true;
  ASSERT_TRUE(call.dial(Sdp{.direction = "inactive"}.text()));
  auto answer = answering(call.invite->body());
  answer.direction = "inactive";
  call.callee.respond(*call.invite, 200, answer.text());
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  border.pass(300s);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(CallEnd, DrainingTakesNoNewCallAndKeepsTheOldOnes) {
  ASSERT_TRUE(call.establish());
  border.server.drain();
  ScriptedCall late{border};
  EXPECT_FALSE(late.dial());
  EXPECT_EQ(late.caller.final(), 503);
  EXPECT_EQ(late.caller.last->header(sip::HeaderId::retryAfter), "30");
  EXPECT_EQ(border.permits(), 3u);
  hangUp();
}

TEST_F(CallEnd, TheOperatorEndsOneCallByItsName) {
  ASSERT_TRUE(call.establish());
  const auto id = border.records.begun.front().call_id;
  EXPECT_FALSE(border.server.endCall("no-such-call", {"call.ended_by_operator", "", "operator", 0}));
  EXPECT_TRUE(border.server.endCall(id, {"call.ended_by_operator", "", "operator", 0}));
  EXPECT_FALSE(border.server.endCall(id, {"call.ended_by_operator", "", "operator", 0}));
  answerBye(call.caller);
  answerBye(call.callee);
  expectEnded("call.ended_by_operator", "operator");
}

TEST_F(CallEnd, RulesWithoutThePeerEndItsCalls) {
  ASSERT_TRUE(call.establish());
  BorderConfig without;
  without.peers = BorderConfig::Peers::withoutCore;
  const auto next = policyOf(without);
  border.server.adopt(next, border.judges(next));
  expectEnded("call.peer_removed", "edge");
  answerBye(call.caller);
  answerBye(call.callee);
  ScriptedCall late{border};
  EXPECT_FALSE(late.dial());
  EXPECT_EQ(late.caller.final(), 404);
}

TEST_F(CallEnd, WhoIsNoLongerTrustedLosesTheCallsOfTheConnection) {
  ASSERT_TRUE(call.establish());
  ScriptedCall ringing{border};
  ASSERT_TRUE(ringing.dial());
  border.server.trustWithdrawn(sip::FlowId{12'345});
  EXPECT_EQ(border.server.liveCalls(), 2u);
  border.server.trustWithdrawn(call.caller.flow);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  answerBye(call.caller);
  answerBye(call.callee);
  border.server.trustWithdrawn(ringing.caller.flow);
  EXPECT_EQ(border.server.liveCalls(), 0u);
  EXPECT_EQ(ringing.caller.final(), 403);
  EXPECT_EQ(border.records.kept.size(), 2u);
  for (const auto& record : border.records.kept) EXPECT_EQ(record.end.code, "call.peer_withdrawn");
  border.pass(70s);  // the callee that was ringing says no more
}

TEST_F(CallEnd, NewRulesWithThePeerLeaveItsCallsAlone) {
  ASSERT_TRUE(call.establish());
  BorderConfig other;
  other.core = "address = \"10.20.30.40:5061\"\nsuites = [\"AEAD_AES_128_GCM\"]\n";
  const auto next = policyOf(other);
  border.server.adopt(next, border.judges(next));
  call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
  const auto again = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(again);
  EXPECT_THAT(std::string{again->body()}, HasSubstr("AEAD_AES_256_GCM"));  // media as the call began
  call.callee.respond(*again, 200, answering(again->body()).text());
  EXPECT_EQ(call.caller.final(), 200);
  call.caller.ack();
  hangUp();
}

// endAll() in every state of a call.
enum class Stage { connecting, dialled, trying, ringing, early, unacknowledged, established, reoffering, byeSent };
class EndAll : public CallEnd, public ::testing::WithParamInterface<Stage> {
 protected:
  void reach(Stage stage) {
    if (stage == Stage::connecting) border.flows.dialing = FakeFlows::Dialing::later;
    ASSERT_EQ(call.dial(), stage != Stage::connecting);
    if (stage <= Stage::dialled) return;
    if (stage == Stage::trying) return call.callee.respond(*call.invite, 100);
    if (stage == Stage::ringing) return call.callee.respond(*call.invite, 180);
    if (stage == Stage::early) return call.callee.respond(*call.invite, 183, call.answerBody());
    call.callee.respond(*call.invite, 200, call.answerBody());
    if (stage == Stage::unacknowledged) return;
    ASSERT_EQ(call.caller.final(), 200);
    call.caller.ack();
    if (stage == Stage::reoffering) call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
    if (stage == Stage::byeSent) call.caller.send("BYE");
  }
};
TEST_P(EndAll, EndsTheCallWhateverItsState) {
  reach(GetParam());
  border.server.endAll({"edge.shutdown", "the edge is stopping", "edge", 503});
  EXPECT_EQ(border.server.liveCalls(), 0u);
  EXPECT_EQ(border.permits(), 0u);
  EXPECT_EQ(border.ports.open_calls, 0);
  border.server.endAll({"edge.shutdown", "again", "edge", 503});
  ASSERT_EQ(border.records.kept.size(), 1u);
  if (GetParam() < Stage::unacknowledged) {
    EXPECT_EQ(call.caller.final(), 503);
  }
  border.flows.completeDials();
  border.pass(70s);  // neither peer says another word
}
INSTANTIATE_TEST_SUITE_P(Stages, EndAll,
                         ::testing::Values(Stage::connecting, Stage::dialled, Stage::trying, Stage::ringing,
                                           Stage::early, Stage::unacknowledged, Stage::established, Stage::reoffering,
                                           Stage::byeSent));

// The same, with the connections going instead.
class EndByLostFlows : public EndAll {};
TEST_P(EndByLostFlows, EndsOrIsEndedLater) {
  reach(GetParam());
  border.drop(call.caller.flow);
  if (call.invite) border.drop(call.callee.flow);
  border.flows.dialing = FakeFlows::Dialing::fails;
  border.flows.completeDials(FakeFlows::Dialing::fails);
  if (GetParam() < Stage::unacknowledged) {
    EXPECT_EQ(border.server.liveCalls(), 0u);
  }
  border.server.endAll({"edge.shutdown", "", "edge", 503});
  border.pass(40s);
}
INSTANTIATE_TEST_SUITE_P(Stages, EndByLostFlows,
                         ::testing::Values(Stage::connecting, Stage::dialled, Stage::trying, Stage::ringing,
                                           Stage::early, Stage::unacknowledged, Stage::established, Stage::reoffering,
                                           Stage::byeSent));

}  // namespace
}  // namespace sallyport::call::test
