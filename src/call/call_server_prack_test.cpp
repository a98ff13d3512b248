// SPDX-License-Identifier: Apache-2.0
// Reliable provisional responses on either leg (RFC 3262), and offers before the answer (RFC 3311).
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSupports = "Supported: 100rel\r\n";
const std::string kRequires = "Require: 100rel\r\n";

std::string text(const sip::Message& message, sip::HeaderId id) { return std::string{message.header(id).value_or("")}; }

class ReliableCaller : public CallServerTest {
 protected:
  // The callee describes itself early; what the caller is sent.
  sip::Message early(const std::string& extra = kSupports) {
    SP_CHECK(call.dial(Sdp{}.text(), extra));
    call.callee.respond(*call.invite, 183, call.answerBody());
    return heard(183);
  }
  sip::Message heard(int status) {
    auto response = call.caller.response(status);
    SP_CHECK(response.has_value());
    call.caller.learn(*response);
    rseq = text(*response, sip::HeaderId::rseq);
    return *std::move(response);
  }
  void prack(const std::string& number, const std::string& body = {}) {
    call.caller.send("PRACK", body, "RAck: " + number + " " + std::to_string(invite_cseq) + " INVITE\r\n");
  }
  int prackAnswer(const std::string& number, const std::string& body = {}) {
    prack(number, body);
    return call.caller.final(sip::Method::prack);
  }
  void giveUp(int status = 487) {
    call.caller.cancel();
    EXPECT_EQ(call.caller.final(sip::Method::cancel), 200);
    EXPECT_EQ(call.caller.final(), status);
    call.callee.respond(*call.invite, 487);
  }

  std::string rseq;
  std::uint32_t invite_cseq = 1;
};

TEST_F(ReliableCaller, EarlyMediaIsSaidReliablyToWhoSupportsThat) {
  const auto response = early();
  EXPECT_EQ(text(response, sip::HeaderId::require), "100rel");
  EXPECT_THAT(rseq, Not(""));
  EXPECT_EQ(prackAnswer(rseq), 200);
  call.callee.respond(*call.invite, 200, call.answerBody());
  ASSERT_EQ(call.caller.final(), 200);
  EXPECT_TRUE(call.caller.last->body().empty());  // the offer has been answered
  call.caller.ack();
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  hangUp();
}

TEST_F(ReliableCaller, WhoDoesNotSupportItIsToldAsBefore) {
  const auto response = early("");
  EXPECT_FALSE(response.has(sip::HeaderId::rseq));
  EXPECT_FALSE(response.has(sip::HeaderId::require));
  giveUp();
}

TEST_F(ReliableCaller, RingingAloneIsReliableOnlyForWhoRequiresIt) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), kSupports) && call.ring());
  giveUp();
}

TEST_F(ReliableCaller, WhoRequiresItIsToldEverythingReliably) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), kRequires));
  call.callee.respond(*call.invite, 180);
  heard(180);
  const auto first = std::stoul(rseq);
  call.callee.respond(*call.invite, 183, call.answerBody());
  EXPECT_FALSE(call.caller.response(183));  // one at a time
  EXPECT_EQ(prackAnswer(rseq), 200);
  heard(183);
  EXPECT_EQ(std::stoul(rseq), first + 1);
  EXPECT_EQ(prackAnswer(rseq), 200);
  giveUp();
}

TEST_F(ReliableCaller, OfWhatWaitsTheLatestIsSaid) {
  ASSERT_TRUE(call.dial(Sdp{}.text(), kRequires));
  call.callee.respond(*call.invite, 180);
  heard(180);
  call.callee.respond(*call.invite, 183, call.answerBody());
  call.callee.respond(*call.invite, 182);
  EXPECT_EQ(prackAnswer(rseq), 200);
  EXPECT_FALSE(heard(182).body().empty());  // with the description that came before
  EXPECT_EQ(prackAnswer(rseq), 200);
  EXPECT_TRUE(call.caller.silent());
  giveUp();
}

TEST_F(ReliableCaller, IsSentAgainUntilItIsAcknowledged) {
  early();
  border.pass(1'600ms);
  EXPECT_TRUE(call.caller.response(183));
  EXPECT_TRUE(call.caller.response(183));
  EXPECT_FALSE(call.caller.response(183));
  EXPECT_EQ(prackAnswer(rseq), 200);
  border.pass(10s);
  EXPECT_FALSE(call.caller.response(183));
  giveUp();
}

TEST_F(ReliableCaller, WithoutAPrackTheCallEnds) {
  early();
  border.pass(33s);
  EXPECT_EQ(call.caller.final(), 500);
  EXPECT_TRUE(call.callee.request(sip::Method::cancel));
  call.callee.respond(*call.invite, 487);
  expectEnded("sip.prack_never_came", "caller");
}

TEST_F(ReliableCaller, APrackForSomethingElseIsRefused) {
  early();
  EXPECT_EQ(prackAnswer(std::to_string(std::stoul(rseq) + 1)), 481);
  call.caller.send("PRACK", {}, "RAck: " + rseq + " 99 INVITE\r\n");
  EXPECT_EQ(call.caller.final(sip::Method::prack), 481);
  call.caller.send("PRACK", {}, "RAck: nonsense\r\n");
  EXPECT_EQ(call.caller.final(sip::Method::prack), 400);
  border.pass(600ms);
  EXPECT_TRUE(call.caller.response(183));  // still waits
  EXPECT_EQ(prackAnswer(rseq), 200);
  EXPECT_EQ(prackAnswer(rseq), 481);  // once
  giveUp();
}

TEST_F(ReliableCaller, TheAnswerWaitsForThePrack) {
  early();
  call.callee.respond(*call.invite, 200, call.answerBody());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  EXPECT_EQ(call.caller.final(), 0);
  EXPECT_EQ(prackAnswer(rseq), 200);
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  hangUp();
}

TEST_F(ReliableCaller, MayGiveUpWhileTheAnswerWaits) {
  early();
  call.callee.respond(*call.invite, 200, call.answerBody());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(sip::Method::cancel), 200);
  EXPECT_EQ(call.caller.final(), 487);
  answerBye(call.callee);
  expectEnded("call.cancelled", "caller");
  EXPECT_FALSE(border.records.kept.front().answered);
  EXPECT_EQ(border.records.kept.front().end.sip_status, 487u);
}

TEST_F(ReliableCaller, AnAnswerWithAnotherCodecIsFollowedByAnOfferOfOurs) {
  Sdp both;
  both.formats = {{0, "PCMU/8000"}, {8, "PCMA/8000"}};
  ASSERT_TRUE(call.dial(both.text(), kSupports + "Allow: INVITE, UPDATE\r\n"));
  const auto with = [&](unsigned number, const char* codec) {
    auto answer = answering(call.invite->body());
    answer.formats = {{number, codec}};
    return answer.text();
  };
  call.callee.respond(*call.invite, 183, with(0, "PCMU/8000"));
  heard(183);
  EXPECT_EQ(prackAnswer(rseq), 200);
  call.callee.respond(*call.invite, 200, with(8, "PCMA/8000"));
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  const auto update = call.caller.request(sip::Method::update);
  ASSERT_TRUE(update);
  EXPECT_THAT(linesOf(update->body(), "a=rtpmap:"), Contains(HasSubstr("PCMA")));
  both.formats = {{8, "PCMA/8000"}};
  both.version = 2;
  call.caller.respond(*update, 200, both.text());
  hangUp();
}

TEST_F(ReliableCaller, AnOfferInItsPrackIsAnsweredWhereItConcernsNobodyElse) {
  early();
  EXPECT_EQ(prackAnswer(rseq, Sdp{.port = 40'400, .version = 2, .key = 0xA7}.text()), 200);
  EXPECT_FALSE(call.caller.last->body().empty());
  call.callee.respond(*call.invite, 200, call.answerBody());
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  hangUp();
}

TEST_F(ReliableCaller, AnOfferInItsPrackThatTheCalleeWouldHaveToAgreeToIsRefused) {
  early();
  EXPECT_EQ(prackAnswer(rseq, Sdp{.direction = "sendonly", .version = 2}.text()), 488);
  border.pass(2s);
  EXPECT_FALSE(call.caller.response(183));  // acknowledged all the same
  giveUp();
}

TEST_F(ReliableCaller, MayOfferWithAnUpdateOnceItsOwnOfferIsAnswered) {
  early();
  const auto moved = Sdp{.port = 40'400, .version = 2}.text();
  call.caller.send("UPDATE", moved);
  EXPECT_EQ(call.caller.final(sip::Method::update), 500);  // RFC 3311 5.2
  EXPECT_TRUE(call.caller.last->has(sip::HeaderId::retryAfter));
  EXPECT_EQ(prackAnswer(rseq), 200);
  call.caller.send("UPDATE", moved);
  EXPECT_EQ(call.caller.final(sip::Method::update), 200);
  EXPECT_FALSE(call.caller.last->body().empty());
  call.caller.send("UPDATE", Sdp{.direction = "inactive", .version = 3}.text());
  EXPECT_EQ(call.caller.final(sip::Method::update), 488);
  giveUp();
}

TEST_F(ReliableCaller, ALateOfferIsNotMadeReliablyBeforeTheAnswer) {
  ASSERT_TRUE(call.dial({}, kRequires));
  call.callee.respond(*call.invite, 180);
  call.callee.respond(*call.invite, 183, call.answerBody());
  EXPECT_TRUE(call.caller.silent());
  call.callee.respond(*call.invite, 200, call.answerBody());
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack(answering(call.caller.last->body(), {.key = 0xA1}).text());
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  hangUp();
}

// --- the callee's side ------------------------------------------------------------------------------------------

class ReliableCallee : public CallServerTest {
 protected:
  void SetUp() override { ASSERT_TRUE(call.dial()); }
  static std::string reliably(unsigned rseq) { return kRequires + "RSeq: " + std::to_string(rseq) + "\r\n"; }
  // The RAck of the PRACK that came; "" when none did.
  std::string acknowledged() {
    auto prack = call.callee.request(sip::Method::prack);
    if (!prack) return {};
    prack_cseq = prack->cseq();
    call.callee.respond(*prack, 200);
    return text(*prack, sip::HeaderId::rack);
  }
  std::uint32_t prack_cseq = 0;
};

TEST_F(ReliableCallee, IsOfferedReliability) {
  EXPECT_THAT(text(*call.invite, sip::HeaderId::supported), HasSubstr("100rel"));
  EXPECT_THAT(text(*call.invite, sip::HeaderId::allow), HasSubstr("PRACK"));
  call.callee.respond(*call.invite, 486);
}

TEST_F(ReliableCallee, WhatIsReliableIsAcknowledgedOnceAndInOrder) {
  call.callee.respond(*call.invite, 180, {}, reliably(7));
  EXPECT_EQ(acknowledged(), "7 1 INVITE");
  EXPECT_TRUE(call.caller.response(180));
  call.callee.respond(*call.invite, 180, {}, reliably(7));
  EXPECT_EQ(acknowledged(), "");
  EXPECT_FALSE(call.caller.response(180));
  call.callee.respond(*call.invite, 183, call.answerBody(), reliably(9));
  EXPECT_EQ(acknowledged(), "");
  EXPECT_FALSE(call.caller.response(183));  // one before it is missing
  call.callee.respond(*call.invite, 183, call.answerBody(), reliably(8));
  EXPECT_EQ(acknowledged(), "8 1 INVITE");
  EXPECT_TRUE(call.caller.response(183));
  call.callee.respond(*call.invite, 486);
}

TEST_F(ReliableCallee, MayAnswerWithoutRepeatingItsDescription) {
  call.callee.respond(*call.invite, 183, call.answerBody(), reliably(1));
  EXPECT_EQ(acknowledged(), "1 1 INVITE");
  call.callee.respond(*call.invite, 200);
  ASSERT_EQ(call.caller.final(), 200);
  EXPECT_FALSE(call.caller.last->body().empty());
  call.caller.ack();
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  EXPECT_GT(bye->cseq(), prack_cseq);
  call.callee.respond(*bye, 200);
}

TEST_F(ReliableCallee, EachForkBehindItIsAcknowledgedInItsOwnDialog) {
  call.callee.respond(*call.invite, 180, {}, reliably(7), "one");
  EXPECT_EQ(acknowledged(), "7 1 INVITE");
  call.callee.respond(*call.invite, 180, {}, reliably(70), "two");
  auto prack = call.callee.request(sip::Method::prack);
  ASSERT_TRUE(prack);
  EXPECT_EQ(prack->toTag(), "two");
  call.callee.respond(*prack, 200);
  call.callee.respond(*call.invite, 200, call.answerBody(), {}, "two");
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  auto ack = call.callee.request(sip::Method::ack);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->toTag(), "two");
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  EXPECT_GT(bye->cseq(), prack->cseq());
  call.callee.respond(*bye, 200);
}

TEST_F(ReliableCallee, MayMoveItsEarlyMediaWithAnUpdate) {
  call.callee.respond(*call.invite, 183, call.answerBody(), reliably(1));
  EXPECT_EQ(acknowledged(), "1 1 INVITE");
  auto moved = answering(call.invite->body());
  moved.port = 41'800;
  moved.key = 0xB9;
  moved.version = 2;
  call.callee.send("UPDATE", moved.text());
  EXPECT_EQ(call.callee.final(sip::Method::update), 200);
  EXPECT_FALSE(call.callee.last->body().empty());
  moved.direction = "inactive";
  moved.version = 3;
  call.callee.send("UPDATE", moved.text());
  EXPECT_EQ(call.callee.final(sip::Method::update), 488);
  call.callee.respond(*call.invite, 486);
}

TEST_F(ReliableCallee, AnUpdateBeforeItsAnswerIsReliableMeetsOurOffer) {
  call.callee.respond(*call.invite, 183, call.answerBody());
  call.callee.send("UPDATE", answering(call.invite->body(), {.port = 41'800, .version = 2, .key = 0xB2}).text());
  EXPECT_EQ(call.callee.final(sip::Method::update), 491);
  call.callee.respond(*call.invite, 486);
}

TEST_F(ReliableCallee, APrackThatIsRefusedChangesNothing) {
  call.callee.respond(*call.invite, 183, call.answerBody(), reliably(1));
  auto prack = call.callee.request(sip::Method::prack);
  ASSERT_TRUE(prack);
  call.callee.respond(*prack, 481);
  call.callee.respond(*call.invite, 200, call.answerBody());
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack();
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  hangUp();
}

}  // namespace
}  // namespace sallyport::call::test
