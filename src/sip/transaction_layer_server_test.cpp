// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sip/transaction_layer.h"
#include "sip/transaction_layer_test_support.h"

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using test::kFlow;
using test::kOtherFlow;
using test::Text;
using ::testing::ElementsAre;

const Text kInvite;
const Text kOptions{.method = "OPTIONS", .branch = "z9hG4bKo1"};

Text as(Text text, std::string_view method) {
  text.method = method;
  return text;
}
Text answered(Text text) {
  text.to_tag = "314159";
  return text;
}

class ServerTransactions : public test::TransactionLayerTest {};

TEST_F(ServerTransactions, ARequestReachesTheUserOnceHoweverOftenItComes) {
  for (int i = 0; i < 3; ++i) receive(kOptions.request());
  ASSERT_TRUE(respond(onlyRequest(), kOptions, 200));
  receive(kOptions.request());
  EXPECT_THAT(sink.sentLines(), ElementsAre("200 Whatever", "200 Whatever"));
  EXPECT_EQ(sink.requests.size(), 1u);
  EXPECT_EQ(layer.counters().retransmissions_absorbed, 3u);
}

TEST_F(ServerTransactions, WhatIsForASuccessIsInEverySuccessAndInNothingElse) {
  receive(kInvite.request());
  layer.addToSuccess(onlyRequest(), HeaderId::authenticationInfo, "rspauth=\"a\r\nb\"");
  layer.addToSuccess(onlyRequest(), HeaderId::authenticationInfo, "sid=\"c\"");
  for (const int status : {180, 200, 200}) ASSERT_TRUE(respond(onlyRequest(), kInvite, status));
  ASSERT_EQ(sink.sent.size(), 3u);
  EXPECT_EQ(sink.sent[0].bytes, kInvite.response(180));
  EXPECT_EQ(sink.sent[1].bytes, sink.sent[2].bytes);
  const auto success = test::parsed(sink.sent[1].bytes);
  EXPECT_EQ(success.header(HeaderId::authenticationInfo), "rspauth=\"a  b\"");
  EXPECT_EQ(success.headers().size(), test::parsed(kInvite.response(200)).headers().size() + 2);

  receive(kOptions.request());
  layer.addToSuccess(sink.requests.back().first, HeaderId::authenticationInfo, "rspauth=\"a\"");
  ASSERT_TRUE(respond(sink.requests.back().first, kOptions, 486));
  EXPECT_EQ(sink.sent.back().bytes, kOptions.response(486));
}

TEST_F(ServerTransactions, BranchSentByAndMethodTogetherMakeATransaction) {
  receive(kOptions.request());
  receive(as(kOptions, "INFO").request());
  auto elsewhere = kOptions;
  elsewhere.sent_by = "other.example";
  receive(elsewhere.request());
  auto next = kOptions;
  next.branch = "z9hG4bKo2";
  receive(next.request());
  EXPECT_EQ(sink.requests.size(), 4u);
}

TEST_F(ServerTransactions, MethodsWithoutANameOfOursAreToldApartByTheirName) {
  receive(as(kOptions, "FOO").request());
  receive(as(kOptions, "BAR").request());
  receive(as(kOptions, "FOO").request());
  EXPECT_EQ(sink.requests.size(), 2u);
}

TEST_F(ServerTransactions, TheAckForARejectionIsAbsorbedAndTheOneForASuccessIsTheUsers) {
  receive(kInvite.request());
  ASSERT_TRUE(respond(onlyRequest(), kInvite, 486));
  receive(as(answered(kInvite), "ACK").request());
  EXPECT_EQ(sink.acks, 0);

  Text second = kInvite;
  second.branch = "z9hG4bKa2";
  receive(second.request());
  ASSERT_TRUE(respond(sink.requests.back().first, second, 200));
  auto ack = as(answered(second), "ACK");
  ack.branch = "z9hG4bKa3";  // RFC 3261 13.2.2.4: a transaction of its own
  receive(ack.request());
  EXPECT_EQ(sink.acks, 1);
  pass(32s);
  EXPECT_EQ(layer.size(), 0u);
  EXPECT_TRUE(sink.server_failures.empty());
}

TEST_F(ServerTransactions, ARejectionOverUdpIsRepeatedUntilItsAckThenForgotten) {
  receive(kInvite.request());
  ASSERT_TRUE(respond(onlyRequest(), kInvite, 486));
  pass(1'500ms);
  EXPECT_EQ(sink.sent.size(), 3u);
  receive(as(answered(kInvite), "ACK").request());
  pass(4'999ms);
  EXPECT_EQ(layer.size(), 1u);
  pass(1ms);
  EXPECT_EQ(layer.size(), 0u);
  EXPECT_EQ(sink.sent.size(), 3u);
}

TEST_F(ServerTransactions, AMissingAckIsReportedAfter64T1) {
  receive(kInvite.request(), Reliability::reliable);
  const auto id = onlyRequest();
  ASSERT_TRUE(respond(id, kInvite, 486));
  pass(31'999ms);
  EXPECT_TRUE(sink.server_failures.empty());
  pass(1ms);
  EXPECT_THAT(sink.server_failures, ElementsAre(std::pair{id, std::string{"sip.transaction.no_ack"}}));
  EXPECT_EQ(layer.size(), 0u);
  EXPECT_EQ(sink.sent.size(), 1u);
}

TEST_F(ServerTransactions, AnAckForAnInviteNotYetAnsweredIsStray) {
  receive(kInvite.request());
  receive(as(kInvite, "ACK").request());
  EXPECT_EQ(sink.acks, 0);
  EXPECT_EQ(layer.counters().stray_acks, 1u);
}

TEST_F(ServerTransactions, ASecondFinalIsRefusedAndAnUnknownTransactionNamed) {
  receive(kInvite.request());
  const auto id = onlyRequest();
  ASSERT_TRUE(respond(id, kInvite, 486));
  const auto late = respond(id, kInvite, 200);
  ASSERT_FALSE(late);
  EXPECT_STREQ(late.error().code, "sip.response_after_final");

  layer.abandon(id);
  const auto gone = respond(id, kInvite, 486);
  ASSERT_FALSE(gone);
  EXPECT_STREQ(gone.error().code, "sip.transaction.unknown");
}

TEST_F(ServerTransactions, AStaleIdNeverNamesALaterTransactionInTheSamePlace) {
  receive(kOptions.request(), Reliability::reliable);
  const auto id = onlyRequest();
  ASSERT_TRUE(respond(id, kOptions, 200));
  auto next = kOptions;
  next.branch = "z9hG4bKo2";
  receive(next.request(), Reliability::reliable);
  EXPECT_FALSE(respond(id, kOptions, 200));
  EXPECT_TRUE(respond(sink.requests.back().first, next, 200));
}

TEST_F(ServerTransactions, ARequestNobodyAnswersIsGivenUpInBoundedTime) {
  receive(kOptions.request());
  receive(kInvite.request());
  pass(32s);
  EXPECT_EQ(sink.server_failures.size(), 1u);
  pass(10min);
  ASSERT_EQ(sink.server_failures.size(), 2u);
  for (const auto& failure : sink.server_failures) EXPECT_EQ(failure.second, "sip.transaction.abandoned");
  EXPECT_EQ(layer.size(), 0u);
  EXPECT_TRUE(sink.sent.empty());
}

TEST_F(ServerTransactions, AnAbandonedRequestIsNewWhenItComesAgain) {
  receive(kOptions.request());
  layer.abandon(onlyRequest());
  EXPECT_EQ(layer.size(), 0u);
  receive(kOptions.request());
  EXPECT_EQ(sink.requests.size(), 2u);
  EXPECT_TRUE(sink.server_failures.empty());
}

TEST_F(ServerTransactions, PastTheLimitARequestIsAnswered503WithoutState) {
  std::vector<std::string> branches{"z9hG4bK1", "z9hG4bK2", "z9hG4bK3", "z9hG4bK4", "z9hG4bK5"};
  for (const auto& branch : branches) {
    auto one = kInvite;
    one.branch = branch;
    receive(one.request());
  }
  EXPECT_EQ(layer.size(), 4u);
  EXPECT_EQ(sink.requests.size(), 4u);
  EXPECT_EQ(layer.counters().overflow, 1u);
  ASSERT_EQ(sink.sent.size(), 1u);
  const auto refusal = test::parsed(sink.sent.front().bytes);
  EXPECT_EQ(refusal.status(), 503);
  EXPECT_TRUE(refusal.has(HeaderId::retryAfter));
  EXPECT_FALSE(refusal.toTag().empty());
}

TEST_F(ServerTransactions, AClosedFlowEndsItsOwnTransactionsSilently) {
  receive(kInvite.request());
  receive(kOptions.request(), Reliability::unreliable, kOtherFlow);
  layer.flowClosed(kFlow, now);
  EXPECT_EQ(layer.size(), 1u);
  pass(11min);
  EXPECT_EQ(sink.server_failures.size(), 1u);  // the other flow's
}

TEST_F(ServerTransactions, ARetransmissionOnAReplacedConnectionMovesTheAnswerThere) {
  sink.flows_share_a_peer = true;
  receive(kOptions.request());
  receive(kOptions.request(), Reliability::unreliable, kOtherFlow);
  EXPECT_EQ(sink.requests.size(), 1u);
  layer.flowClosed(kFlow, now);
  ASSERT_TRUE(respond(onlyRequest(), kOptions, 200));
  EXPECT_EQ(sink.sent.back().flow, kOtherFlow);
}

TEST_F(ServerTransactions, AnotherPeersCopyOfARequestIsARequestOfItsOwn) {
  receive(kOptions.request());
  receive(kOptions.request(), Reliability::unreliable, kOtherFlow);
  EXPECT_EQ(sink.requests.size(), 2u);
  EXPECT_EQ(layer.counters().foreign_flows, 1u);
}

TEST_F(ServerTransactions, TheUserMayAnswerFromWithinTheRequest) {
  sink.during_request = [this](ServerTransactionId id) { ASSERT_TRUE(respond(id, kOptions, 200)); };
  receive(kOptions.request(), Reliability::reliable);
  EXPECT_THAT(sink.sentLines(), ElementsAre("200 Whatever"));
  EXPECT_EQ(layer.size(), 0u);
}

TEST_F(ServerTransactions, ATransactionEndedWhileItIsSendingIsNotTouchedAgain) {
  receive(kInvite.request());
  sink.during_transmit = [this] { layer.abandon(onlyRequest()); };
  ASSERT_TRUE(respond(onlyRequest(), kInvite, 486));
  EXPECT_EQ(layer.size(), 0u);
  EXPECT_FALSE(layer.nextDeadline());
}

TEST_F(ServerTransactions, TimeThatRunsBackwardsCountsAsStandingStill) {
  receive(kOptions.request());
  ASSERT_TRUE(respond(onlyRequest(), kOptions, 200));
  const auto deadline = layer.nextDeadline();
  now -= 10s;
  auto next = kOptions;
  next.branch = "z9hG4bKo2";
  receive(next.request());
  EXPECT_EQ(layer.nextDeadline(), deadline);
}

// --- CANCEL (RFC 3261 9.2) ------------------------------------------------------------------------------------

TEST_F(ServerTransactions, ACancelIsAnswered200AndToldOnceHoweverOftenItComes) {
  receive(kInvite.request());
  const auto invite = onlyRequest();
  ASSERT_TRUE(respond(invite, kInvite, 180));
  receive(as(kInvite, "CANCEL").request());
  receive(as(kInvite, "CANCEL").request());
  EXPECT_THAT(sink.cancelled, ElementsAre(invite));
  EXPECT_THAT(sink.sentLines(), ElementsAre("180 Whatever", "200 OK", "200 OK"));
  const auto answer = test::parsed(sink.sent.back().bytes);
  EXPECT_EQ(answer.method(), Method::cancel);
  EXPECT_EQ(answer.toTag(), "314159");  // that of the INVITE's answers
  EXPECT_EQ(sink.requests.size(), 1u);
}

TEST_F(ServerTransactions, ACancelOverTlsLeavesNoTransactionAndIsToldOnce) {
  receive(kInvite.request(), Reliability::reliable);
  receive(as(kInvite, "CANCEL").request(), Reliability::reliable);
  receive(as(kInvite, "CANCEL").request(), Reliability::reliable);
  EXPECT_EQ(sink.cancelled.size(), 1u);
  EXPECT_EQ(layer.size(), 1u);
  EXPECT_FALSE(test::parsed(sink.sent.front().bytes).toTag().empty());
}

TEST_F(ServerTransactions, ACancelThatMatchesNothingIsAnswered481) {
  receive(as(kInvite, "CANCEL").request());
  EXPECT_THAT(sink.sentLines(), ElementsAre("481 Call/Transaction Does Not Exist"));
  EXPECT_TRUE(sink.cancelled.empty());
  EXPECT_EQ(layer.counters().stray_cancels, 1u);
}

TEST_F(ServerTransactions, ACancelAfterTheFinalAnswerOrForAnotherMethodHasNoEffect) {
  receive(kInvite.request());
  ASSERT_TRUE(respond(onlyRequest(), kInvite, 200));
  receive(as(kInvite, "CANCEL").request());
  receive(kOptions.request());
  receive(as(kOptions, "CANCEL").request());
  EXPECT_THAT(sink.sentLines(), ElementsAre("200 Whatever", "200 OK", "200 OK"));
  EXPECT_TRUE(sink.cancelled.empty());
}

TEST_F(ServerTransactions, NobodyElseCanCancelAPeersInvite) {
  receive(kInvite.request());
  receive(as(kInvite, "CANCEL").request(), Reliability::reliable, kOtherFlow);
  EXPECT_THAT(sink.sentLines(), ElementsAre("481 Call/Transaction Does Not Exist"));
  EXPECT_TRUE(sink.cancelled.empty());
  EXPECT_EQ(layer.counters().foreign_flows, 1u);
}

TEST_F(ServerTransactions, ACancelThatTheUserRefusesCancelsNothing) {
  receive(kInvite.request());
  sink.refuse_cancel = 0;
  receive(as(kInvite, "CANCEL").request());
  EXPECT_TRUE(sink.sent.empty());
  sink.refuse_cancel = 405;
  receive(as(kInvite, "CANCEL").request());
  EXPECT_THAT(sink.sentLines(), ElementsAre("405 Method Not Allowed"));
  EXPECT_TRUE(sink.cancelled.empty());
}

TEST_F(ServerTransactions, ACancelIsServedAtTheLimit) {
  for (const auto* branch : {"z9hG4bK1", "z9hG4bK2", "z9hG4bK3", "z9hG4bK4"}) {
    auto one = kInvite;
    one.branch = branch;
    receive(one.request());
  }
  auto cancel = as(kInvite, "CANCEL");
  cancel.branch = "z9hG4bK3";
  receive(cancel.request());
  EXPECT_THAT(sink.cancelled, ElementsAre(sink.requests[2].first));
}

}  // namespace
}  // namespace sallyport::sip
