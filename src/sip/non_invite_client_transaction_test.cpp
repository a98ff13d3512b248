// SPDX-License-Identifier: Apache-2.0
#include "sip/non_invite_client_transaction.h"

#include <gtest/gtest.h>

#include "sip/transaction_test_support.h"

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using namespace test;
using State = NonInviteClientTransaction::State;

NonInviteClientTransaction over(Reliability reliability) {
  NonInviteClientTransaction transaction{reliability, TimerConfig{}};
  (void)transaction.start();
  return transaction;
}

// RFC 3261 17.1.2.2: timer E doubles to at most T2.
TEST(NonInviteClientTransaction, OverUdpTheRequestIsRepeatedUpToT2) {
  NonInviteClientTransaction transaction{Reliability::unreliable, TimerConfig{}};
  const auto start = transaction.start();
  EXPECT_TRUE(asks<Send>(start));
  EXPECT_EQ(armed(start, Timer::e), 500ms);
  EXPECT_EQ(armed(start, Timer::f), 32s);
  for (const auto expected : {1s, 2s, 4s, 4s}) {
    const auto repeat = transaction.onTimer(Timer::e);
    EXPECT_TRUE(asks<Resend>(repeat));
    EXPECT_EQ(armed(repeat, Timer::e), expected);
  }
  EXPECT_EQ(reported(transaction.onTimer(Timer::f)), TransactionFailure::timeout);
}

TEST(NonInviteClientTransaction, OverTlsTheRequestIsSentOnceAndNotKept) {
  NonInviteClientTransaction transaction{Reliability::reliable, TimerConfig{}};
  const auto start = transaction.start();
  EXPECT_TRUE(asks<SendOnce>(start));
  EXPECT_FALSE(armed(start, Timer::e));
  EXPECT_EQ(armed(start, Timer::f), 32s);
}

TEST(NonInviteClientTransaction, AProvisionalSlowsRepetitionToT2AndStillTimesOut) {
  auto transaction = over(Reliability::unreliable);
  EXPECT_TRUE(asks<Deliver>(transaction.onResponse(100)));
  const auto repeat = transaction.onTimer(Timer::e);
  EXPECT_TRUE(asks<Resend>(repeat));
  EXPECT_EQ(armed(repeat, Timer::e), 4s);
  EXPECT_EQ(reported(transaction.onTimer(Timer::f)), TransactionFailure::timeout);
}

TEST(NonInviteClientTransaction, AFinalIsDeliveredOnceAndItsRepetitionsAbsorbedForTimerK) {
  auto transaction = over(Reliability::unreliable);
  const auto first = transaction.onResponse(200);
  EXPECT_TRUE(asks<Deliver>(first));
  EXPECT_TRUE(disarmed(first, Timer::e));
  EXPECT_TRUE(disarmed(first, Timer::f));
  EXPECT_EQ(armed(first, Timer::k), 5s);
  EXPECT_TRUE(transaction.onResponse(200).empty());
  EXPECT_TRUE(transaction.onResponse(404).empty());
  EXPECT_TRUE(asks<Finish>(transaction.onTimer(Timer::k)));
}

TEST(NonInviteClientTransaction, OverTlsAFinalEndsTheTransaction) {
  auto transaction = over(Reliability::reliable);
  const auto actions = transaction.onResponse(404);
  EXPECT_TRUE(asks<Finish>(actions));
  EXPECT_TRUE(asks<Deliver>(actions));
}

TEST(NonInviteClientTransaction, AFailedFlowIsReportedOnlyWhileAnAnswerIsAwaited) {
  auto waiting = over(Reliability::reliable);
  EXPECT_EQ(reported(waiting.onTransportFailure()), TransactionFailure::transport);
  auto answered = over(Reliability::unreliable);
  (void)answered.onResponse(200);
  EXPECT_FALSE(reported(answered.onTransportFailure()));
}

TEST(NonInviteClientTransaction, AStaleTimerChangesNothing) {
  auto transaction = over(Reliability::unreliable);
  EXPECT_TRUE(transaction.onTimer(Timer::k).empty());
  (void)transaction.onResponse(200);
  EXPECT_TRUE(transaction.onTimer(Timer::e).empty());
  EXPECT_TRUE(transaction.onTimer(Timer::f).empty());
  (void)transaction.onTimer(Timer::k);
  EXPECT_TRUE(transaction.onTimer(Timer::k).empty());
  EXPECT_EQ(transaction.state(), State::terminated);
}

}  // namespace
}  // namespace sallyport::sip
