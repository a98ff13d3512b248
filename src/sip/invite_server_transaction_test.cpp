// SPDX-License-Identifier: Apache-2.0
#include "sip/invite_server_transaction.h"

#include <gtest/gtest.h>

#include "sip/transaction_test_support.h"

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using namespace test;
using State = InviteServerTransaction::State;

InviteServerTransaction over(Reliability reliability) {
  InviteServerTransaction transaction{reliability, TimerConfig{}};
  (void)transaction.start();
  return transaction;
}

TEST(InviteServerTransaction, ARetransmittedInviteIsAnsweredOnlyOnceThereIsAnAnswer) {
  auto transaction = over(Reliability::unreliable);
  EXPECT_TRUE(transaction.onRetransmit().empty());
  ASSERT_TRUE(transaction.respond(180));
  EXPECT_TRUE(asks<Resend>(transaction.onRetransmit()));
}

// RFC 3261 17.2.1: timer G starts at T1 and doubles to at most T2, on unreliable transports only.
TEST(InviteServerTransaction, ARejectionOverUdpIsRepeatedWithDoublingDelay) {
  auto transaction = over(Reliability::unreliable);
  const auto actions = transaction.respond(403);
  ASSERT_TRUE(actions);
  EXPECT_EQ(armed(*actions, Timer::g), 500ms);
  EXPECT_EQ(armed(*actions, Timer::h), 32s);
  for (const auto expected : {1000ms, 2000ms, 4000ms, 4000ms}) {
    const auto repeat = transaction.onTimer(Timer::g);
    EXPECT_TRUE(asks<Resend>(repeat));
    EXPECT_EQ(armed(repeat, Timer::g), expected);
  }
}

TEST(InviteServerTransaction, ARejectionOverTlsIsSentOnceAndStillWaitsForItsAck) {
  auto transaction = over(Reliability::reliable);
  const auto actions = transaction.respond(403);
  ASSERT_TRUE(actions);
  EXPECT_FALSE(armed(*actions, Timer::g));
  EXPECT_EQ(armed(*actions, Timer::h), 32s);
}

TEST(InviteServerTransaction, AnAckEndsTheRepetitionAndIsAbsorbedForTimerI) {
  auto transaction = over(Reliability::unreliable);
  ASSERT_TRUE(transaction.respond(486));
  const auto actions = transaction.onAck();
  EXPECT_TRUE(disarmed(actions, Timer::g));
  EXPECT_TRUE(disarmed(actions, Timer::h));
  EXPECT_EQ(armed(actions, Timer::i), 5s);
  EXPECT_FALSE(asks<Deliver>(actions));
  EXPECT_TRUE(transaction.onAck().empty());
  EXPECT_TRUE(transaction.onRetransmit().empty());
  EXPECT_TRUE(asks<Finish>(transaction.onTimer(Timer::i)));
}

TEST(InviteServerTransaction, OverTlsTheAckEndsTheTransactionAtOnce) {
  auto transaction = over(Reliability::reliable);
  ASSERT_TRUE(transaction.respond(486));
  EXPECT_TRUE(asks<Finish>(transaction.onAck()));
  EXPECT_EQ(transaction.state(), State::terminated);
}

TEST(InviteServerTransaction, ReportsWhenTheAckForARejectionNeverComes) {
  auto transaction = over(Reliability::unreliable);
  ASSERT_TRUE(transaction.respond(486));
  const auto actions = transaction.onTimer(Timer::h);
  EXPECT_EQ(reported(actions), TransactionFailure::noAck);
  EXPECT_TRUE(asks<Finish>(actions));
}

// RFC 6026 7.1: the 2xx belongs to the user; absorbing the INVITE is what prevents a second call.
TEST(InviteServerTransaction, AfterASuccessARetransmittedInviteIsAbsorbedAndEveryAckIsTheUsers) {
  auto transaction = over(Reliability::unreliable);
  const auto actions = transaction.respond(200);
  ASSERT_TRUE(actions);
  EXPECT_EQ(armed(*actions, Timer::l), 32s);
  EXPECT_FALSE(armed(*actions, Timer::g));
  EXPECT_TRUE(transaction.onRetransmit().empty());
  EXPECT_TRUE(asks<Deliver>(transaction.onAck()));
  EXPECT_TRUE(asks<Deliver>(transaction.onAck()));
  EXPECT_EQ(transaction.state(), State::accepted);
  EXPECT_TRUE(asks<Finish>(transaction.onTimer(Timer::l)));
}

TEST(InviteServerTransaction, TheUserMayRepeatItsSuccessWhileAccepted) {
  auto transaction = over(Reliability::unreliable);
  ASSERT_TRUE(transaction.respond(200));
  const auto again = transaction.respond(200);
  ASSERT_TRUE(again);
  EXPECT_TRUE(asks<SendOnce>(*again));
  EXPECT_FALSE(transaction.respond(486));
}

TEST(InviteServerTransaction, ASecondFinalOrALateProvisionalIsRefusedNotSent) {
  auto transaction = over(Reliability::unreliable);
  ASSERT_TRUE(transaction.respond(486));
  for (const int status : {180, 200, 503}) {
    const auto late = transaction.respond(status);
    ASSERT_FALSE(late) << status;
    EXPECT_STREQ(late.error().code, "sip.response_after_final");
  }
}

TEST(InviteServerTransaction, AnAckNobodyWaitsForChangesNothing) {
  auto transaction = over(Reliability::unreliable);
  EXPECT_TRUE(transaction.onAck().empty());
  EXPECT_EQ(transaction.state(), State::proceeding);
}

TEST(InviteServerTransaction, AUserThatFallsSilentIsGivenUpAndEachProvisionalRenewsItsTime) {
  InviteServerTransaction transaction{Reliability::reliable, TimerConfig{}};
  EXPECT_EQ(armed(transaction.start(), Timer::abandoned), 10min);
  const auto ringing = transaction.respond(180);
  ASSERT_TRUE(ringing);
  EXPECT_EQ(armed(*ringing, Timer::abandoned), 10min);
  EXPECT_EQ(reported(transaction.onTimer(Timer::abandoned)), TransactionFailure::abandoned);
}

TEST(InviteServerTransaction, AStaleTimerChangesNothing) {
  auto transaction = over(Reliability::unreliable);
  for (const Timer timer : {Timer::g, Timer::h, Timer::i, Timer::l, Timer::a, Timer::k}) {
    EXPECT_TRUE(transaction.onTimer(timer).empty());
  }
  ASSERT_TRUE(transaction.respond(200));
  for (const Timer timer : {Timer::g, Timer::h, Timer::i, Timer::abandoned}) {
    EXPECT_TRUE(transaction.onTimer(timer).empty());
  }
  EXPECT_EQ(transaction.state(), State::accepted);
}

}  // namespace
}  // namespace sallyport::sip
