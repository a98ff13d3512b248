// SPDX-License-Identifier: Apache-2.0
#include "sip/non_invite_server_transaction.h"

#include <gtest/gtest.h>

#include "sip/transaction_test_support.h"

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using namespace test;
using State = NonInviteServerTransaction::State;

NonInviteServerTransaction over(Reliability reliability) {
  NonInviteServerTransaction transaction{reliability, TimerConfig{}};
  (void)transaction.start();
  return transaction;
}

// RFC 3261 17.2.2: Trying discards retransmissions, Proceeding and Completed answer them.
TEST(NonInviteServerTransaction, RepeatsItsLatestAnswerOnlyOnceThereIsOne) {
  auto transaction = over(Reliability::unreliable);
  EXPECT_TRUE(transaction.onRetransmit().empty());
  ASSERT_TRUE(transaction.respond(100));
  EXPECT_TRUE(asks<Resend>(transaction.onRetransmit()));
  ASSERT_TRUE(transaction.respond(200));
  EXPECT_TRUE(asks<Resend>(transaction.onRetransmit()));
}

TEST(NonInviteServerTransaction, AbsorbsRetransmissionsForTimerJOverUdp) {
  auto transaction = over(Reliability::unreliable);
  const auto actions = transaction.respond(200);
  ASSERT_TRUE(actions);
  EXPECT_EQ(armed(*actions, Timer::j), 32s);
  EXPECT_FALSE(asks<Finish>(*actions));
  EXPECT_TRUE(asks<Finish>(transaction.onTimer(Timer::j)));
}

TEST(NonInviteServerTransaction, IsOverWithItsAnswerOverTls) {
  auto transaction = over(Reliability::reliable);
  const auto actions = transaction.respond(200);
  ASSERT_TRUE(actions);
  EXPECT_TRUE(asks<SendOnce>(*actions));
  EXPECT_TRUE(asks<Finish>(*actions));
}

TEST(NonInviteServerTransaction, ASecondFinalIsRefusedNotSent) {
  auto transaction = over(Reliability::unreliable);
  ASSERT_TRUE(transaction.respond(200));
  for (const int status : {100, 200, 486}) {
    const auto late = transaction.respond(status);
    ASSERT_FALSE(late) << status;
    EXPECT_STREQ(late.error().code, "sip.response_after_final");
  }
}

TEST(NonInviteServerTransaction, ARequestNobodyAnswersIsGivenUpWhenItsSenderHas) {
  NonInviteServerTransaction transaction{Reliability::reliable, TimerConfig{}};
  EXPECT_EQ(armed(transaction.start(), Timer::abandoned), 32s);
  const auto actions = transaction.onTimer(Timer::abandoned);
  EXPECT_EQ(reported(actions), TransactionFailure::abandoned);
  EXPECT_TRUE(asks<Finish>(actions));
}

TEST(NonInviteServerTransaction, AStaleTimerChangesNothing) {
  auto transaction = over(Reliability::unreliable);
  EXPECT_TRUE(transaction.onTimer(Timer::j).empty());
  ASSERT_TRUE(transaction.respond(200));
  EXPECT_TRUE(transaction.onTimer(Timer::abandoned).empty());
  EXPECT_TRUE(transaction.onTimer(Timer::h).empty());
  EXPECT_EQ(transaction.state(), State::completed);
}

}  // namespace
}  // namespace sallyport::sip
