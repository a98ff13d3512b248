// SPDX-License-Identifier: Apache-2.0
// An INVITE with Replaces (RFC 3891): alice, in a call with bob behind core, goes on with it on another device of hers.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;

class Replacing : public CallServerTest {
 protected:
  void SetUp() override { ASSERT_TRUE(call.establish()); }
  static std::string replaces(const Party& whose, const std::string& extra = {}) {
    const auto tag = whose.to.substr(whose.to.find("tag=") + 4);
    return "Replaces: " + whose.call_id + ";to-tag=" + tag + ";from-tag=" + whose.tag + extra + "\r\n";
  }
  Party& come(const std::string& headers, const std::string& sdp = Sdp{.host = "10.9.8.9", .key = 0xD4}.text(),
              std::string_view who = "alice") {
    newcomer.emplace(callerOn(border, border.flows.open(who), "bob", who));
    newcomer->send("INVITE", sdp, headers);
    return *newcomer;
  }
  int refused(const std::string& headers, std::string_view who = "alice") {
    const auto status = come(headers, Sdp{}.text(), who).final();
    EXPECT_EQ(border.server.liveCalls(), 1u);
    EXPECT_FALSE(call.callee.request(sip::Method::invite));
    return status;
  }
  std::string reason() { return border.log.events("sip.request.refused").back().fields.at("reason"); }
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
  void endOf(Party& party) {
    party.send("BYE");
    EXPECT_EQ(party.final(sip::Method::bye), 200);
    answerBye(call.callee);
  }

  std::optional<Party> newcomer;
  std::optional<sip::Message> again;
};

TEST_F(Replacing, TheNewcomerTakesThePlaceOfTheDialogThatItNames) {
  const auto before = border.ports.latest->used[0];
  auto& other = come(replaces(call.caller) + "Require: replaces\r\n");
  EXPECT_EQ(other.final(), 0);  // not before the other side agrees
  ASSERT_TRUE(asked());
  agree();
  ASSERT_EQ(other.final(), 200);
  EXPECT_NE(keyIn(other.last->body()), keyIn(call.caller.last->body()));
  other.ack();
  answerBye(call.caller);
  EXPECT_NE(border.ports.latest->used[0], before);
  EXPECT_EQ(border.ports.latest->open(), 2u);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_EQ(border.log.events("call.replaced").size(), 1u);
  endOf(other);
  EXPECT_EQ(border.records.kept.front().legs[0].sip_call_id, other.call_id);
  EXPECT_EQ(border.records.kept.size(), 1u);
}

TEST_F(Replacing, ACalleeMayGoOnElsewhereToo) {
  auto elsewhere = callerOn(border, *border.flows.of("core"), "alice", "bob");
  elsewhere.send("INVITE", Sdp{.host = "10.20.30.41", .key = 0xD4}.text(), replaces(call.callee));
  const auto reoffer = call.caller.request(sip::Method::invite);
  ASSERT_TRUE(reoffer);
  auto answer = answering(reoffer->body(), {.host = "10.9.8.7", .port = 40'000, .key = 0xA1});
  answer.version = 2;
  call.caller.respond(*reoffer, 200, answer.text());
  ASSERT_EQ(elsewhere.final(), 200);
  elsewhere.ack();
  EXPECT_TRUE(call.caller.request(sip::Method::ack));
  answerBye(call.callee);
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  answerBye(elsewhere);
}

TEST_F(Replacing, WithoutAnOfferItIsOfferedWhatTheOtherSideCanDo) {
  auto& other = come(replaces(call.caller), {});
  ASSERT_EQ(other.final(), 200);
  other.ack(answering(other.last->body(), {.host = "10.9.8.9", .key = 0xD4}).text());
  ASSERT_TRUE(asked());
  agree();
  answerBye(call.caller);
  endOf(other);
}

TEST_F(Replacing, ADialogOfSomebodyElseIsUnknown) {
  EXPECT_EQ(refused(replaces(call.caller), "mallory"), 481);
  EXPECT_EQ(reason(), "call.replaces.foreign");
  hangUp();
}

TEST_F(Replacing, TagsThatDoNotFitAreUnknown) {
  auto guessed = call.caller;
  guessed.tag = "guessed";
  EXPECT_EQ(refused(replaces(guessed)), 481);
  guessed = call.caller;
  guessed.call_id = "guessed";
  EXPECT_EQ(refused(replaces(guessed)), 481);
  EXPECT_EQ(refused("Replaces: x;to-tag=1;from-tag=2\r\n"), 481);
  hangUp();
}

TEST_F(Replacing, OneThatIsAnsweredIsNotTakenForEarly) {
  EXPECT_EQ(refused(replaces(call.caller, ";early-only")), 486);
  EXPECT_EQ(reason(), "call.replaces.answered");
  hangUp();
}

TEST_F(Replacing, ABrokenOneIsRefused) {
  EXPECT_EQ(refused("Replaces: broken\r\n"), 400);
  EXPECT_EQ(reason(), "sip.replaces");
  hangUp();
}

TEST_F(Replacing, WhatTheGuardRefusesReplacesNothing) {
  BorderConfig strict;
  strict.guard += "identity_concurrency = { max_concurrent = 1 }\n";
  border.server.adopt(border.policy, border.judges(policyOf(strict)));
  EXPECT_EQ(refused(replaces(call.caller)), 480);
  EXPECT_THAT(reason(), HasSubstr("guard."));
  hangUp();
}

TEST_F(Replacing, WhenTheOtherSideDoesNotAgreeTheCallGoesOnAsBefore) {
  auto& other = come(replaces(call.caller));
  ASSERT_TRUE(asked());
  call.callee.respond(*again, 488);
  EXPECT_EQ(other.final(), 488);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(Replacing, ANewcomerThatGivesUpLeavesTheCallAsItWas) {
  auto& other = come(replaces(call.caller));
  ASSERT_TRUE(asked());
  call.callee.respond(*again, 100);
  other.cancel();
  EXPECT_EQ(other.final(), 487);
  ASSERT_TRUE(call.callee.request(sip::Method::cancel));
  call.callee.respond(*again, 487);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_TRUE(call.caller.silent());
  hangUp();
}

TEST_F(Replacing, ADescriptionThatPolicyRefusesLeavesTheCallAsItWas) {
  auto& other = come(replaces(call.caller), Sdp{.suite = ""}.text());
  EXPECT_EQ(other.final(), 488);
  EXPECT_FALSE(asked());
  hangUp();
}

TEST_F(Replacing, OneAtATime) {
  come(replaces(call.caller));
  ASSERT_TRUE(asked());
  auto first = *newcomer;
  EXPECT_EQ(come(replaces(call.caller)).final(), 491);
  EXPECT_EQ(reason(), "call.refer.pending");
  agree();
  ASSERT_EQ(first.final(), 200);
  first.ack();
  answerBye(call.caller);
  endOf(first);
}

TEST_F(Replacing, ALostNewcomerLeavesTheCallAsItWas) {
  come(replaces(call.caller));
  ASSERT_TRUE(asked());
  border.drop(newcomer->flow);
  ASSERT_EQ(border.server.liveCalls(), 1u);
  call.callee.respond(*again, 488);
  hangUp();
}

TEST_F(Replacing, WhoIsReplacedMayHangUpMeanwhile) {
  auto& other = come(replaces(call.caller));
  ASSERT_TRUE(asked());
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  agree();
  ASSERT_EQ(other.final(), 200);
  other.ack();
  endOf(other);
}

TEST_F(Replacing, WhatWeSupportSaysSo) {
  EXPECT_THAT(std::string{*call.invite->header(sip::HeaderId::supported)}, HasSubstr("replaces"));
  hangUp();
}

}  // namespace
}  // namespace sallyport::call::test
