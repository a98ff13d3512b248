// SPDX-License-Identifier: Apache-2.0
// Transfers: alice, in a call with bob behind core, sends bob's side to somebody else (RFC 3515, RFC 5589).
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string text(const sip::Message& message, sip::HeaderId id) { return std::string{message.header(id).value_or("")}; }

class Transfers : public CallServerTest {
 protected:
  void SetUp() override {
    carrier = border.flows.open("carrier");
    ASSERT_TRUE(call.establish());
  }
  void refer(const std::string& to, const std::string& extra = {}) {
    call.caller.send("REFER", {}, "Refer-To: <" + to + ">\r\n" + extra);
  }
  int referred(const std::string& to, const std::string& extra = {}) {
    refer(to, extra);
    return call.caller.final(sip::Method::refer);
  }
  // The next NOTIFY at the transferor: its status line.
  std::string notified() {
    auto notify = call.caller.request(sip::Method::notify);
    if (!notify) return {};
    call.caller.respond(*notify, 200);
    state = text(*notify, sip::HeaderId::subscriptionState);
    event = text(*notify, sip::HeaderId::event);
    return std::string{notify->body().substr(0, notify->body().find('\r'))};
  }
  // The call that the new party is offered.
  bool called() {
    invite = border.flows.take(carrier, [](const auto& m) { return m.method() == sip::Method::invite; });
    if (!invite) return false;
    joined.emplace(calleeOf(border, carrier, *invite));
    joined->tag = "joined-tag";
    return true;
  }
  void pickUp() {
    joined->respond(*invite, 200, answering(invite->body(), {.host = "10.20.30.41", .key = 0xC3}).text());
  }
  // The party that remains is asked.
  bool asked() {
    again = call.callee.request(sip::Method::invite);
    return again.has_value();
  }
  void agree() {
    auto answer = answering(again->body());
    answer.version = 2;
    call.callee.respond(*again, 200, answer.text());
    EXPECT_TRUE(call.callee.request(sip::Method::ack));
  }
  void transfer() {
    ASSERT_EQ(referred(kTarget), 202);
    EXPECT_EQ(notified(), "SIP/2.0 100 Trying");
    ASSERT_TRUE(called());
    pickUp();
    EXPECT_TRUE(joined->request(sip::Method::ack));
    ASSERT_TRUE(asked());
    agree();
  }
  void endBetweenTheTwo() {
    call.callee.send("BYE");
    EXPECT_EQ(call.callee.final(sip::Method::bye), 200);
    answerBye(*joined);
  }

  static constexpr const char* kTarget = "sip:+4930123@sallyport.test";
  sip::FlowId carrier{};
  std::optional<sip::Message> invite, again;
  std::optional<Party> joined;
  std::string state, event;
};

TEST_F(Transfers, TheNewPartyTakesTheTransferorsPlace) {
  ASSERT_EQ(referred(kTarget), 202);
  EXPECT_EQ(notified(), "SIP/2.0 100 Trying");
  EXPECT_THAT(state, HasSubstr("active"));
  EXPECT_THAT(event, HasSubstr("refer"));
  ASSERT_TRUE(called());
  EXPECT_THAT(text(*invite, sip::HeaderId::referredBy), HasSubstr("sip:alice@sallyport.test"));
  EXPECT_NE(keyIn(invite->body()), keyIn(call.caller.last->body()));
  joined->respond(*invite, 180);
  EXPECT_EQ(notified(), "SIP/2.0 180 Ringing");
  pickUp();
  EXPECT_TRUE(joined->request(sip::Method::ack));
  EXPECT_EQ(notified(), "");  // not before the other side agrees
  ASSERT_TRUE(asked());
  agree();
  EXPECT_FALSE(call.caller.request(sip::Method::bye));  // not before it has heard how it went
  EXPECT_EQ(notified(), "SIP/2.0 200 OK");
  EXPECT_THAT(state, HasSubstr("terminated"));
  answerBye(call.caller);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_EQ(border.ports.latest->open(), 2u);
  endBetweenTheTwo();
  const auto& record = border.records.kept.front();
  EXPECT_EQ(record.legs[0].peer, "carrier");
  EXPECT_EQ(record.legs[1].peer, "core");
  EXPECT_EQ(border.log.events("call.transferred").size(), 1u);
}

TEST_F(Transfers, MediaGoesBetweenTheTwoThatRemain) {
  const auto before = border.ports.latest->used[0];
  transfer();
  EXPECT_EQ(border.ports.latest->used[0], std::stoi(linesOf(invite->body(), "m=audio ").front()));
  EXPECT_NE(border.ports.latest->used[0], before);
  notified();
  answerBye(call.caller);
  endBetweenTheTwo();
}

TEST_F(Transfers, HoldEndsWithTheTransfer) {
  call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
  auto hold = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(hold);
  auto held = answering(hold->body());
  held.direction = "recvonly";
  call.callee.respond(*hold, 200, held.text());
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  transfer();
  EXPECT_THAT(linesOf(invite->body(), "a="), Contains("sendrecv"));
  EXPECT_THAT(linesOf(again->body(), "a="), Contains("sendrecv"));
  notified();
  answerBye(call.caller);
  endBetweenTheTwo();
}

TEST_F(Transfers, TheTransferorMayHangUpAtOnce) {
  ASSERT_EQ(referred(kTarget), 202);
  ASSERT_TRUE(called());
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  pickUp();
  EXPECT_TRUE(joined->request(sip::Method::ack));
  ASSERT_TRUE(asked());
  agree();
  endBetweenTheTwo();
}

TEST_F(Transfers, WhenItFailsWithNobodyLeftTheCallEnds) {
  ASSERT_EQ(referred(kTarget), 202);
  ASSERT_TRUE(called());
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  joined->respond(*invite, 486);
  answerBye(call.callee);
  expectEnded("call.transfer.failed", "edge");
}

TEST_F(Transfers, ABusyTargetLeavesTheCallAsItWas) {
  ASSERT_EQ(referred(kTarget), 202);
  notified();
  ASSERT_TRUE(called());
  joined->respond(*invite, 486);
  EXPECT_EQ(notified(), "SIP/2.0 486 Busy Here");
  EXPECT_THAT(state, HasSubstr("terminated"));
  EXPECT_EQ(border.ports.latest->open(), 2u);
  call.caller.send("INVITE", Sdp{.port = 40'500, .version = 9}.text());
  EXPECT_EQ(call.caller.final(), 200);
  call.caller.ack();
  hangUp();
}

TEST_F(Transfers, APartyThatDoesNotAgreeStaysWhereItWas) {
  ASSERT_EQ(referred(kTarget), 202);
  notified();
  ASSERT_TRUE(called());
  pickUp();
  EXPECT_TRUE(joined->request(sip::Method::ack));
  ASSERT_TRUE(asked());
  call.callee.respond(*again, 488);
  answerBye(*joined);
  EXPECT_EQ(notified(), "SIP/2.0 488 Not Acceptable Here");
  hangUp();
}

TEST_F(Transfers, APartyThatHangsUpMeanwhileEndsItAll) {
  ASSERT_EQ(referred(kTarget), 202);
  ASSERT_TRUE(called());
  joined->respond(*invite, 180);
  call.callee.send("BYE");
  EXPECT_EQ(call.callee.final(sip::Method::bye), 200);
  ASSERT_TRUE(joined->request(sip::Method::cancel));
  joined->respond(*invite, 487);
  answerBye(call.caller);
  expectEnded("call.bye", "callee");
}

TEST_F(Transfers, ATargetThatNeverAnswersIsGivenUp) {
  ASSERT_EQ(referred(kTarget), 202);
  notified();
  ASSERT_TRUE(called());
  joined->respond(*invite, 180);
  notified();
  border.pass(181s);
  ASSERT_TRUE(joined->request(sip::Method::cancel));
  joined->respond(*invite, 487);
  EXPECT_EQ(notified(), "SIP/2.0 408 Request Timeout");
  hangUp();
}

TEST_F(Transfers, WithoutASubscriptionNothingIsNotified) {
  ASSERT_EQ(referred(kTarget, "Refer-Sub: false\r\n"), 202);
  EXPECT_EQ(text(*call.caller.last, sip::HeaderId::referSub), "false");
  ASSERT_TRUE(called());
  joined->respond(*invite, 486);
  EXPECT_TRUE(call.caller.silent());
  hangUp();
}

struct Refused {
  const char* to;
  int status;
};
class TransferRefusals : public Transfers, public ::testing::WithParamInterface<Refused> {};
TEST_P(TransferRefusals, LeaveTheCallAlone) {
  EXPECT_EQ(referred(GetParam().to), GetParam().status);
  EXPECT_FALSE(called());
  EXPECT_TRUE(call.callee.silent());
  EXPECT_EQ(border.log.events("call.transferred").size(), 0u);
  hangUp();
}
INSTANTIATE_TEST_SUITE_P(Targets, TransferRefusals,
                         ::testing::Values(Refused{"sip:nobody@sallyport.test", 404},       // no route
                                           Refused{"sip:+4990012345@sallyport.test", 403},  // premium
                                           Refused{"http://sallyport.test/", 400},
                                           Refused{"sip:+4930123@sallyport.test;method=BYE", 403},
                                           Refused{"sip:x@sallyport.test?Replaces=broken", 400}));

TEST_F(Transfers, OneAtATime) {
  ASSERT_EQ(referred(kTarget), 202);
  ASSERT_TRUE(called());
  EXPECT_EQ(referred(kTarget), 491);
  joined->respond(*invite, 486);
  hangUp();
}

TEST_F(Transfers, BeforeTheAnswerThereIsNothingToTransfer) {
  hangUp();
  ScriptedCall ringing{border};
  ASSERT_TRUE(ringing.dial() && ringing.ring());
  ringing.caller.send("REFER", {}, std::string{"Refer-To: <"} + kTarget + ">\r\n");
  EXPECT_EQ(ringing.caller.final(sip::Method::refer), 491);
  ringing.callee.respond(*ringing.invite, 486);
}

// --- joining two calls (RFC 3891) ---------------------------------------------------------------------------------

class JoinedCalls : public Transfers {
 protected:
  void SetUp() override {
    Transfers::SetUp();
    ASSERT_TRUE(second.establish());
  }
  // The second call as its caller sees it, in a Refer-To.
  std::string replacing(const Party& party) const {
    const auto tag = party.to.substr(party.to.find("tag=") + 4);
    return "sip:core-user@sallyport.test?Replaces=" + party.call_id + "%3Bto-tag%3D" + tag + "%3Bfrom-tag%3D" +
           party.tag;
  }
  ScriptedCall second{border, "core-user"};
};

TEST_F(JoinedCalls, TheTwoOtherPartiesTalkToEachOther) {
  ASSERT_EQ(referred(replacing(second.caller)), 202);
  EXPECT_EQ(notified(), "SIP/2.0 100 Trying");
  answerBye(second.caller);  // that call is over for the transferor
  auto joining = second.callee.request(sip::Method::invite);
  ASSERT_TRUE(joining);
  EXPECT_NE(keyIn(joining->body()), keyIn(second.invite->body()));
  const auto origin = [](const sip::Message& m) { return linesOf(m.body(), "o=").front(); };
  EXPECT_EQ(origin(*joining).substr(0, 10), origin(*second.invite).substr(0, 10));  // the same session, a later version
  auto answer = answering(joining->body(), {.host = "10.20.30.40", .port = 41'600, .key = 0xD4});
  second.callee.respond(*joining, 200, answer.text());
  EXPECT_TRUE(second.callee.request(sip::Method::ack));
  ASSERT_TRUE(asked());
  agree();
  EXPECT_EQ(notified(), "SIP/2.0 200 OK");
  answerBye(call.caller);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  second.callee.send("BYE");
  EXPECT_EQ(second.callee.final(sip::Method::bye), 200);
  answerBye(call.callee);
  EXPECT_EQ(border.records.kept.size(), 2u);
}

TEST_F(JoinedCalls, APartyThatRefusesToBeJoinedIsLetGoAndTheCallStands) {
  ASSERT_EQ(referred(replacing(second.caller)), 202);
  notified();
  answerBye(second.caller);
  auto joining = second.callee.request(sip::Method::invite);
  ASSERT_TRUE(joining);
  second.callee.respond(*joining, 488);
  answerBye(second.callee);
  EXPECT_EQ(notified(), "SIP/2.0 488 Not Acceptable Here");
  hangUp();
}

TEST_F(JoinedCalls, ADialogOfSomebodyElseIsNotFound) {
  ScriptedCall foreign{border, "core-user"};
  foreign.caller = callerOn(border, border.flows.open("mallory"), "core-user", "mallory");
  ASSERT_TRUE(foreign.establish());
  EXPECT_EQ(referred(replacing(foreign.caller)), 481);
  const auto& refused = border.log.events("call.transfer.refused");
  ASSERT_EQ(refused.size(), 1u);
  auto wrong = second.caller;
  wrong.tag = "guessed";
  EXPECT_EQ(referred(replacing(wrong)), 481);
  wrong = second.caller;
  wrong.call_id = "guessed";
  EXPECT_EQ(referred(replacing(wrong)), 481);
  EXPECT_EQ(referred(replacing(call.caller)), 481);  // itself
  EXPECT_EQ(border.server.liveCalls(), 3u);
  border.server.endAll({"test.over", "", "edge", 0});
  for (auto* ended : {&call, &second, &foreign}) {
    answerBye(ended->caller);
    answerBye(ended->callee);
  }
}

}  // namespace
}  // namespace sallyport::call::test
