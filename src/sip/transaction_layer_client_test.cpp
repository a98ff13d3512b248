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

class ClientTransactions : public test::TransactionLayerTest {};

TEST_F(ClientTransactions, AnInviteOverUdpIsRepeatedSevenTimesThenTimesOut) {
  const auto id = send(kInvite, Method::invite);
  pass(32s);
  EXPECT_EQ(sink.sent.size(), 7u);  // at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s
  EXPECT_THAT(sink.client_failures, ElementsAre(std::pair{id, std::string{"sip.transaction.timeout"}}));
  EXPECT_EQ(layer.size(), 0u);
}

TEST_F(ClientTransactions, AnOptionsOverUdpIsRepeatedElevenTimesThenTimesOut) {
  send(kOptions, Method::options);
  pass(32s);
  EXPECT_EQ(sink.sent.size(), 11u);  // at 0, 0.5, 1.5, 3.5 and every 4 s up to 31.5 s
  EXPECT_EQ(sink.client_failures.size(), 1u);
}

TEST_F(ClientTransactions, OverTlsNothingIsRepeated) {
  send(kInvite, Method::invite, Reliability::reliable);
  send(kOptions, Method::options, Reliability::reliable);
  pass(32s);
  EXPECT_EQ(sink.sent.size(), 2u);
  EXPECT_EQ(sink.client_failures.size(), 2u);
}

TEST_F(ClientTransactions, AStallIsNotMadeUpForByABurst) {
  send(kOptions, Method::options);
  now += 20s;
  layer.advance(now);
  EXPECT_EQ(sink.sent.size(), 2u);
}

TEST_F(ClientTransactions, ARingingInviteWaitsForAsLongAsTheUserDoes) {
  send(kInvite, Method::invite);
  receive(kInvite.response(180));
  pass(24h);
  EXPECT_EQ(layer.size(), 1u);
  EXPECT_EQ(sink.sent.size(), 1u);
}

// RFC 3261 17.1.1.3.
TEST_F(ClientTransactions, TheAckForARejectionIsBuiltFromTheInviteAndTheResponse) {
  auto invite = kInvite;
  invite.extra =
      "Route: <sip:p1.example;lr>\r\nRoute: <sip:p2.example;lr>\r\nProxy-Authorization: Digest username=\"alice\"\r\n"
      "Contact: <sip:alice@192.0.2.1>\r\n";
  invite.cseq = 42;
  send(invite, Method::invite);
  auto response = kInvite;
  response.cseq = 42;
  receive(response.response(486, "b0b"));

  ASSERT_EQ(sink.sent.size(), 2u);
  const auto ack = test::parsed(sink.sent.back().bytes);
  EXPECT_EQ(ack.method(), Method::ack);
  EXPECT_EQ(ack.requestUri(), invite.uri);
  EXPECT_EQ(ack.topmostVia().branch(), invite.branch);
  EXPECT_EQ(ack.list(HeaderId::via).size(), 1u);
  EXPECT_EQ(ack.cseq(), 42u);
  EXPECT_EQ(ack.fromTag(), invite.from_tag);
  EXPECT_EQ(ack.toTag(), "b0b");
  EXPECT_EQ(ack.callId(), invite.call_id);
  EXPECT_THAT(ack.list(HeaderId::route), ElementsAre("<sip:p1.example;lr>", "<sip:p2.example;lr>"));
  EXPECT_TRUE(ack.has(HeaderId::proxyAuthorization));
  EXPECT_FALSE(ack.has(HeaderId::contact));
}

TEST_F(ClientTransactions, ARepeatedRejectionIsAcknowledgedAgainAndToldOnce) {
  const auto id = send(kInvite, Method::invite);
  for (int i = 0; i < 3; ++i) receive(kInvite.response(486));
  EXPECT_THAT(sink.sentLines(), ElementsAre("INVITE sip:bob@biloxi.example", "ACK sip:bob@biloxi.example",
                                            "ACK sip:bob@biloxi.example", "ACK sip:bob@biloxi.example"));
  EXPECT_THAT(sink.responses, ElementsAre(std::pair{id, 486}));
  EXPECT_EQ(layer.counters().retransmissions_absorbed, 2u);
  pass(32s);
  EXPECT_EQ(layer.size(), 0u);
}

TEST_F(ClientTransactions, OverTlsARejectionIsAcknowledgedAndTheTransactionIsGone) {
  const auto id = send(kInvite, Method::invite, Reliability::reliable);
  receive(kInvite.response(486), Reliability::reliable);
  EXPECT_EQ(sink.sent.size(), 2u);
  EXPECT_THAT(sink.responses, ElementsAre(std::pair{id, 486}));
  EXPECT_EQ(layer.size(), 0u);
  receive(kInvite.response(486), Reliability::reliable);
  EXPECT_EQ(layer.counters().stray_responses, 1u);
}

TEST_F(ClientTransactions, EverySuccessOfAForkIsToldAndNoneIsAcknowledgedHere) {
  const auto id = send(kInvite, Method::invite, Reliability::reliable);
  receive(kInvite.response(200, "one"));
  receive(kInvite.response(200, "two"));
  EXPECT_THAT(sink.responses, ElementsAre(std::pair{id, 200}, std::pair{id, 200}));
  EXPECT_EQ(sink.sent.size(), 1u);
  pass(32s);
  EXPECT_EQ(layer.size(), 0u);
  EXPECT_TRUE(sink.client_failures.empty());
}

// RFC 3261 17.1.3: branch and CSeq method.
TEST_F(ClientTransactions, AResponseWithAnotherBranchOrMethodIsStray) {
  send(kInvite, Method::invite);
  auto other = kInvite;
  other.branch = "z9hG4bKnone";
  receive(other.response(200));
  other = kInvite;
  other.method = "CANCEL";
  receive(other.response(200));
  EXPECT_TRUE(sink.responses.empty());
  EXPECT_EQ(layer.counters().stray_responses, 2u);
}

// RFC 3261 8.1.3.3.
TEST_F(ClientTransactions, AResponseWithASecondViaWasNotMeantForUs) {
  send(kInvite, Method::invite);
  auto through = kInvite;
  through.extra = "Via: SIP/2.0/TLS behind.example;branch=z9hG4bKb\r\n";
  receive(through.response(200));
  EXPECT_TRUE(sink.responses.empty());
  EXPECT_EQ(layer.counters().stray_responses, 1u);
}

TEST_F(ClientTransactions, AResponseFromAnotherPeersFlowIsDropped) {
  send(kInvite, Method::invite);
  receive(kInvite.response(200), Reliability::reliable, kOtherFlow);
  EXPECT_TRUE(sink.responses.empty());
  EXPECT_EQ(layer.counters().foreign_flows, 1u);
  sink.flows_share_a_peer = true;
  receive(kInvite.response(200), Reliability::reliable, kOtherFlow);
  EXPECT_EQ(sink.responses.size(), 1u);
}

TEST_F(ClientTransactions, ACancelIsATransactionOfItsOwnAndBoundsTheInvite) {
  const auto invite = send(kInvite, Method::invite, Reliability::reliable);
  receive(kInvite.response(180));
  auto cancel = kInvite;
  cancel.method = "CANCEL";
  const auto id = send(cancel, Method::cancel, Reliability::reliable);
  receive(cancel.response(200));
  EXPECT_THAT(sink.responses, ElementsAre(std::pair{invite, 180}, std::pair{id, 200}));
  EXPECT_EQ(layer.size(), 1u);
  pass(32s);
  EXPECT_THAT(sink.client_failures, ElementsAre(std::pair{invite, std::string{"sip.transaction.timeout"}}));
}

TEST_F(ClientTransactions, AClosedFlowFailsWhatWaitsOnIt) {
  const auto invite = send(kInvite, Method::invite, Reliability::reliable);
  send(kOptions, Method::options);
  receive(kOptions.response(200));
  layer.flowClosed(kFlow, now);
  EXPECT_THAT(sink.client_failures, ElementsAre(std::pair{invite, std::string{"sip.transaction.transport"}}));
  EXPECT_EQ(layer.size(), 0u);
  EXPECT_FALSE(layer.nextDeadline());
}

TEST_F(ClientTransactions, PastTheLimitARequestIsRefused) {
  for (const auto* branch : {"z9hG4bK1", "z9hG4bK2", "z9hG4bK3", "z9hG4bK4"}) {
    auto one = kOptions;
    one.branch = branch;
    send(one, Method::options);
  }
  const auto refused = layer.send(kFlow, Reliability::reliable, Method::options, "z9hG4bK5", kOptions.request(), now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_STREQ(refused.error().code, "sip.transaction.overloaded");
  EXPECT_EQ(sink.sent.size(), 4u);
}

TEST_F(ClientTransactions, ThousandsAtOnceAreEachFoundByTheirBranchAndEndedByTheirFlow) {
  TransactionLayer roomy{sink, TimerConfig{}, {}};
  std::vector<std::string> branches;
  for (int i = 0; i < 5'000; ++i) branches.push_back("z9hG4bK" + std::to_string(i));
  std::vector<ClientTransactionId> ids;
  for (const auto& branch : branches) {
    const auto flow = ids.size() % 2 == 0 ? kFlow : kOtherFlow;
    auto text = kInvite;
    text.branch = branch;
    ids.push_back(*roomy.send(flow, Reliability::reliable, Method::invite, branch, text.request(), now));
  }
  for (std::size_t i = 0; i < branches.size(); ++i) {
    auto text = kInvite;
    text.branch = branches[i];
    roomy.receive(i % 2 == 0 ? kFlow : kOtherFlow, Reliability::reliable, test::parsed(text.response(180)), now);
    ASSERT_EQ(sink.responses.back().first, ids[i]);
  }
  roomy.flowClosed(kFlow, now);
  EXPECT_EQ(sink.client_failures.size(), 2'500u);
  EXPECT_EQ(roomy.size(), 2'500u);
  roomy.flowClosed(kOtherFlow, now);
  EXPECT_EQ(roomy.size(), 0u);
}

TEST_F(ClientTransactions, ABranchInUseIsRefused) {
  send(kInvite, Method::invite);
  const auto refused =
      layer.send(kFlow, Reliability::reliable, Method::invite, std::string{kInvite.branch}, kInvite.request(), now);
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "sip.transaction.branch");
}

}  // namespace
}  // namespace sallyport::sip
