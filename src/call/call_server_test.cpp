// SPDX-License-Identifier: Apache-2.0
// A call from its INVITE to its end, as its two peers observe it.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string headerOf(const sip::Message& message, sip::HeaderId id) {
  return std::string{message.header(id).value_or("")};
}

TEST_F(CallServerTest, SetsUpACallAndEndsItForTheCaller) {
  ASSERT_TRUE(call.establish());
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_EQ(border.permits(), 3u);  // of the identity, the source and the peer
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  answerBye(call.callee);
  expectEnded("call.bye", "caller");
  EXPECT_EQ(border.server.liveCalls(), 0u);
  EXPECT_EQ(border.permits(), 0u);
}

TEST_F(CallServerTest, TheCalleeMayEndItToo) {
  ASSERT_TRUE(call.establish());
  call.callee.send("BYE", {}, "Reason: Q.850;cause=16\r\n");
  EXPECT_EQ(call.callee.final(sip::Method::bye), 200);
  answerBye(call.caller);
  expectEnded("call.bye", "callee");
}

TEST_F(CallServerTest, WritesARecordOfWhoProvedWhatAndWhatWasAgreed) {
  ASSERT_TRUE(call.establish());
  border.pass(5s);
  hangUp();
  ASSERT_EQ(border.records.begun.size(), 1u);
  ASSERT_EQ(border.records.kept.size(), 1u);
  const auto& record = border.records.kept.front();
  EXPECT_EQ(record.call_id, border.records.begun.front().call_id);
  EXPECT_EQ(record.legs[0].identity, "alice@sallyport.test");
  EXPECT_EQ(record.legs[1].peer, "core");
  EXPECT_EQ(record.legs[1].fingerprint, principal("core").proof.certificate().fingerprint);
  EXPECT_EQ(record.legs[0].sip_call_id, call.caller.call_id);
  EXPECT_EQ(record.legs[1].sip_call_id, call.callee.call_id);
  EXPECT_EQ(record.legs[0].srtp_suite, "AEAD_AES_256_GCM");
  EXPECT_EQ(record.legs[1].codec, "PCMU");
  EXPECT_EQ(record.end.sip_status, 200u);
  EXPECT_EQ(*record.ended - *record.answered, 5s);
  EXPECT_THAT(record.route, HasSubstr("bob -> core"));
  EXPECT_TRUE(record.downgrades.empty());  // what was agreed counts, not what the tier allows
}

TEST_F(CallServerTest, NoByteOfOneSideReachesTheOther) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), "X-Secret: sesame\r\nOrganization: Leaky Inc\r\n"));
  const std::string invite{call.invite->bytes()};
  for (const auto& secret : {std::string{"10.9.8.7"}, std::string{"secretive"}, std::string{"LeakyPhone"},
                             std::string{"sesame"}, std::string{"Leaky"}, std::string{"40000"}, std::string{"1234"},
                             call.caller.call_id, call.caller.tag, keyText("AEAD_AES_256_GCM", 0xA1)}) {
    EXPECT_THAT(invite, Not(HasSubstr(secret)));
  }
  ASSERT_TRUE(call.ring());
  ASSERT_TRUE(call.answer());
  const std::string done{call.caller.last->bytes()};
  for (const auto& secret : {std::string{"10.20.30.40"}, std::string{"inner"}, std::string{"SecretPBX"},
                             std::string{"41000"}, call.callee.call_id, keyText("AEAD_AES_256_GCM", 0xB2)}) {
    EXPECT_THAT(done, Not(HasSubstr(secret)));
  }
  for (const auto& ours : linesOf(call.invite->body(), "a=crypto:")) {
    EXPECT_THAT(done, Not(HasSubstr(ours.substr(ours.find("inline:")))));
  }
  call.caller.send("BYE");
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  EXPECT_THAT(std::string{bye->bytes()}, Not(HasSubstr("10.9.8.7")));
  call.callee.respond(*bye, 200);
}

TEST_F(CallServerTest, AssertsOneIdentityFromTheCertificateAlone) {
  call.caller.from = "<sip:president@example.org>;tag=x";
  ASSERT_TRUE(
      call.dial(Sdp{}.text(),
                "P-Asserted-Identity: <sip:king@example.org>\r\nP-Preferred-Identity: <sip:king@example.org>\r\n"
                "Remote-Party-ID: <sip:king@example.org>\r\n"));
  EXPECT_EQ(headerOf(*call.invite, sip::HeaderId::pAssertedIdentity), "<sip:alice@sallyport.test>");
  EXPECT_THAT(headerOf(*call.invite, sip::HeaderId::from), HasSubstr("sip:alice@sallyport.test"));
  const std::string invite{call.invite->bytes()};
  EXPECT_THAT(invite, Not(HasSubstr("president")));
  EXPECT_THAT(invite, Not(HasSubstr("king")));
  call.callee.respond(*call.invite, 486);
}

TEST_F(CallServerTest, PrivacyHidesTheCaller) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), "Privacy: id\r\n"));
  EXPECT_THAT(headerOf(*call.invite, sip::HeaderId::from), HasSubstr("anonymous.invalid"));
  EXPECT_FALSE(call.invite->has(sip::HeaderId::pAssertedIdentity));
  EXPECT_THAT(std::string{call.invite->bytes()}, Not(HasSubstr("alice")));
  call.callee.respond(*call.invite, 486);
}

TEST_F(CallServerTest, CarriesOnlyTheHeadersThatBothSidesPoliciesName) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), "Priority: urgent\r\nSubject: lunch\r\nAlert-Info: <http://10.9.8.7/ring>\r\n"));
  EXPECT_EQ(headerOf(*call.invite, sip::HeaderId::priority), "urgent");
  EXPECT_FALSE(call.invite->has(sip::HeaderId::subject));  // a phone may, the peer's policy does not take it
  EXPECT_FALSE(call.invite->has(sip::HeaderId::alertInfo));
  call.callee.respond(*call.invite, 486);
}

TEST_F(CallServerTest, EarlyMediaPassesBeforeTheAnswer) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 183, call.answerBody());
  const auto early = call.caller.response(183);
  ASSERT_TRUE(early);
  EXPECT_EQ(linesOf(early->body(), "a=crypto:").size(), 1u);
  const std::string preview{early->body()};
  ASSERT_TRUE(call.answer());
  EXPECT_EQ(call.caller.last->body(), preview);  // the preview and the answer are one
  hangUp();
}

TEST_F(CallServerTest, AnAnswerGivenEarlyNeedNotBeRepeated) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 183, call.answerBody());
  const std::string preview{call.caller.response(183)->body()};
  call.callee.respond(*call.invite, 200);
  ASSERT_EQ(call.caller.final(), 200);
  EXPECT_EQ(call.caller.last->body(), preview);
  call.caller.ack();
  hangUp();
}

TEST_F(CallServerTest, ProgressPassesAndOtherProvisionalsStayOnTheirHop) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(call.caller.response(100));
  call.callee.respond(*call.invite, 100);
  call.callee.respond(*call.invite, 199);
  EXPECT_TRUE(call.caller.silent());
  for (const int status : {180, 181, 182, 183}) {
    call.callee.respond(*call.invite, status);
    EXPECT_TRUE(call.caller.response(status)) << status;
  }
  call.callee.respond(*call.invite, 486);
  EXPECT_EQ(call.caller.final(), 486);
}

TEST_F(CallServerTest, CountsMaxForwardsDownOverBothLegs) {
  call.caller.max_forwards = 5;
  ASSERT_TRUE(call.dial());
  EXPECT_EQ(headerOf(*call.invite, sip::HeaderId::maxForwards), "4");
  call.callee.respond(*call.invite, 486);
  EXPECT_EQ(call.caller.final(), 486);
  auto spent = callerOn(border, call.caller.flow);
  spent.max_forwards = 0;
  spent.send("INVITE", Sdp{}.text());
  EXPECT_EQ(spent.final(), 483);
}

TEST_F(CallServerTest, ACallThatComesBackIsALoop) {
  ASSERT_TRUE(call.dial());
  auto back = callerOn(border, call.caller.flow);
  back.call_id = call.invite->callId();
  back.send("INVITE", Sdp{}.text());
  EXPECT_EQ(back.final(), 482);
  call.callee.respond(*call.invite, 486);
}

TEST_F(CallServerTest, ACallFromThePeerItWouldGoToIsALoopToo) {
  auto core = callerOn(border, border.flows.open("core"), "core-user", "core");
  core.send("INVITE", Sdp{}.text());
  EXPECT_EQ(core.final(), 482);
}

TEST_F(CallServerTest, RoutesToAPeerThatConnectedToUs) {
  const auto carrier = border.flows.open("carrier");
  auto caller = callerOn(border, call.caller.flow, "+4930555");
  caller.send("INVITE", Sdp{}.text());
  Party far{border, carrier};
  auto invite = far.request(sip::Method::invite);
  ASSERT_TRUE(invite);
  EXPECT_THAT(std::string{invite->requestUri()}, HasSubstr("+4930555@"));
  far = calleeOf(border, carrier, *invite);
  far.respond(*invite, 603);
  EXPECT_EQ(caller.final(), 603);
}

TEST_F(CallServerTest, APeerThatIsNotConnectedIsUnavailable) {
  auto caller = callerOn(border, call.caller.flow, "+4930555");
  caller.send("INVITE", Sdp{}.text());
  EXPECT_EQ(caller.final(), 480);
  expectEnded("call.peer.not_connected", "edge");
}

TEST_F(CallServerTest, AnswersOptionsWithWhatItAllows) {
  auto asking = callerOn(border, call.caller.flow);
  asking.send("OPTIONS");
  ASSERT_EQ(asking.final(sip::Method::options), 200);
  EXPECT_EQ(asking.last->header(sip::HeaderId::allow),
            "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO, MESSAGE, REFER");
  border.server.drain();
  asking = callerOn(border, call.caller.flow);
  asking.send("OPTIONS");
  EXPECT_EQ(asking.final(sip::Method::options), 503);
}

TEST_F(CallServerTest, InACallEachSideIsToldWhatItMaySendThere) {
  BorderConfig config;
  config.core += "methods = [\"OPTIONS\", \"MESSAGE\"]\n";
  const auto policy = policyOf(config);
  border.server.adopt(policy, border.judges(policy));
  ASSERT_TRUE(call.establish());
  EXPECT_EQ(call.invite->header(sip::HeaderId::allow), "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, OPTIONS");
  EXPECT_EQ(call.caller.last->header(sip::HeaderId::allow),
            "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO, REFER");
  hangUp();
}

TEST_F(CallServerTest, TwoCallsShareNothing) {
  ASSERT_TRUE(call.establish());
  ScriptedCall second{border};
  ASSERT_TRUE(second.establish());
  EXPECT_NE(keyIn(call.invite->body()), keyIn(second.invite->body()));
  EXPECT_EQ(border.server.snapshot().size(), 2u);
  hangUp();
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_TRUE(second.caller.silent());
  second.callee.send("BYE");
  answerBye(second.caller);
}

}  // namespace
}  // namespace sallyport::call::test
