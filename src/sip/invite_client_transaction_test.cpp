// SPDX-License-Identifier: Apache-2.0
#include "sip/invite_client_transaction.h"

#include <gtest/gtest.h>

#include "sip/transaction_test_support.h"

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using namespace test;
using State = InviteClientTransaction::State;

InviteClientTransaction over(Reliability reliability) {
  InviteClientTransaction transaction{reliability, TimerConfig{}};
  (void)transaction.start();
  return transaction;
}

// RFC 3261 17.1.1.2: timer A doubles without a bound until timer B fires.
TEST(InviteClientTransaction, OverUdpTheInviteIsRepeatedWithDoublingDelay) {
  InviteClientTransaction transaction{Reliability::unreliable, TimerConfig{}};
  const auto start = transaction.start();
  EXPECT_TRUE(asks<Send>(start));
  EXPECT_EQ(armed(start, Timer::a), 500ms);
  EXPECT_EQ(armed(start, Timer::b), 32s);
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s}) {
    const auto repeat = transaction.onTimer(Timer::a);
    EXPECT_TRUE(asks<Resend>(repeat));
    EXPECT_EQ(armed(repeat, Timer::a), expected);
  }
  EXPECT_EQ(reported(transaction.onTimer(Timer::b)), TransactionFailure::timeout);
}

TEST(InviteClientTransaction, OverTlsTheInviteIsSentOnceAndStillTimesOut) {
  InviteClientTransaction transaction{Reliability::reliable, TimerConfig{}};
  const auto start = transaction.start();
  EXPECT_FALSE(armed(start, Timer::a));
  EXPECT_EQ(armed(start, Timer::b), 32s);
}

TEST(InviteClientTransaction, AProvisionalEndsRepetitionAndTimeout) {
  auto transaction = over(Reliability::unreliable);
  const auto actions = transaction.onResponse(180);
  EXPECT_TRUE(asks<Deliver>(actions));
  EXPECT_TRUE(disarmed(actions, Timer::a));
  EXPECT_TRUE(disarmed(actions, Timer::b));
  EXPECT_TRUE(transaction.onTimer(Timer::a).empty());
  EXPECT_TRUE(transaction.onTimer(Timer::b).empty());
  EXPECT_EQ(transaction.state(), State::proceeding);
}

TEST(InviteClientTransaction, EveryProvisionalReachesTheUser) {
  auto transaction = over(Reliability::unreliable);
  for (const int status : {100, 180, 180, 183}) EXPECT_TRUE(asks<Deliver>(transaction.onResponse(status)));
}

TEST(InviteClientTransaction, ARejectionIsAcknowledgedDeliveredOnceAndAcknowledgedAgainWhenRepeated) {
  auto transaction = over(Reliability::unreliable);
  const auto first = transaction.onResponse(486);
  EXPECT_TRUE(asks<SendAck>(first));
  EXPECT_TRUE(asks<Deliver>(first));
  EXPECT_EQ(armed(first, Timer::d), 32s);
  const auto second = transaction.onResponse(486);
  EXPECT_TRUE(asks<Resend>(second));
  EXPECT_FALSE(asks<Deliver>(second));
  EXPECT_TRUE(asks<Finish>(transaction.onTimer(Timer::d)));
}

TEST(InviteClientTransaction, OverTlsARejectionEndsTheTransactionAfterItsAck) {
  auto transaction = over(Reliability::reliable);
  const auto actions = transaction.onResponse(503);
  EXPECT_TRUE(asks<SendAck>(actions));
  EXPECT_TRUE(asks<Finish>(actions));
  EXPECT_TRUE(asks<Deliver>(actions));
}

TEST(InviteClientTransaction, EverySuccessIsTheUsersToAcknowledge) {
  auto transaction = over(Reliability::unreliable);
  const auto first = transaction.onResponse(200);
  EXPECT_FALSE(sends(first));
  EXPECT_EQ(armed(first, Timer::m), 32s);
  EXPECT_TRUE(asks<Deliver>(first));
  EXPECT_TRUE(asks<Deliver>(transaction.onResponse(200)));
  EXPECT_TRUE(asks<Finish>(transaction.onTimer(Timer::m)));
}

TEST(InviteClientTransaction, NothingButSuccessCountsOnceAccepted) {
  auto transaction = over(Reliability::unreliable);
  (void)transaction.onResponse(200);
  EXPECT_TRUE(transaction.onResponse(180).empty());
  EXPECT_TRUE(transaction.onResponse(486).empty());
}

TEST(InviteClientTransaction, NothingButTheRejectionCountsOnceCompleted) {
  auto transaction = over(Reliability::unreliable);
  (void)transaction.onResponse(486);
  EXPECT_TRUE(transaction.onResponse(180).empty());
  EXPECT_TRUE(transaction.onResponse(200).empty());
}

// RFC 3261 9.1: without a final response 64*T1 after the CANCEL, the INVITE is given up.
TEST(InviteClientTransaction, ACancelBoundsTheWait) {
  auto transaction = over(Reliability::reliable);
  (void)transaction.onResponse(180);
  EXPECT_EQ(armed(transaction.onCancelSent(), Timer::cancelled), 32s);
  EXPECT_EQ(reported(transaction.onTimer(Timer::cancelled)), TransactionFailure::timeout);
}

TEST(InviteClientTransaction, ACancelAfterTheFinalResponseChangesNothing) {
  auto transaction = over(Reliability::unreliable);
  (void)transaction.onResponse(200);
  EXPECT_TRUE(transaction.onCancelSent().empty());
  EXPECT_TRUE(transaction.onTimer(Timer::cancelled).empty());
}

TEST(InviteClientTransaction, AFailedFlowIsReportedOnlyWhileAnAnswerIsAwaited) {
  auto waiting = over(Reliability::reliable);
  EXPECT_EQ(reported(waiting.onTransportFailure()), TransactionFailure::transport);
  auto answered = over(Reliability::reliable);
  (void)answered.onResponse(200);
  const auto actions = answered.onTransportFailure();
  EXPECT_FALSE(reported(actions));
  EXPECT_TRUE(asks<Finish>(actions));
}

}  // namespace
}  // namespace sallyport::sip
