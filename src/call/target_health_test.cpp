// SPDX-License-Identifier: Apache-2.0
#include "call/target_health.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using Change = TargetHealth::Change;

struct TargetHealthTest : testing::Test {
  TimePoint at(std::chrono::seconds after) const { return TimePoint{1h} + after; }
  TargetState state(std::chrono::seconds after) const { return health.state(at(after)); }
  TargetHealth health;
};

TEST_F(TargetHealthTest, OneFailureIsASuspicionAndTwoInARowAreDown) {
  EXPECT_EQ(state(0s), TargetState::healthy);
  EXPECT_EQ(health.failed(TargetFault::connect, at(0s)), Change::none);
  EXPECT_EQ(state(0s), TargetState::suspect);
  EXPECT_EQ(health.failed(TargetFault::timeout, at(1s)), Change::wentDown);
  EXPECT_EQ(state(1s), TargetState::down);
  EXPECT_EQ(health.fault(), TargetFault::timeout);
}

TEST_F(TargetHealthTest, AnAnswerBetweenTwoFailuresStartsTheCountAnew) {
  health.failed(TargetFault::timeout, at(0s));
  EXPECT_EQ(health.succeeded(at(1s)), Change::none);
  EXPECT_EQ(health.failed(TargetFault::timeout, at(2s)), Change::none);
  EXPECT_EQ(state(2s), TargetState::suspect);
}

TEST_F(TargetHealthTest, OneAnswerEndsDown) {
  health.failed(TargetFault::timeout, at(0s));
  health.failed(TargetFault::timeout, at(1s));
  EXPECT_EQ(health.succeeded(at(2s)), Change::cameUp);
  EXPECT_EQ(state(2s), TargetState::healthy);
  EXPECT_FALSE(health.fault());
}

TEST_F(TargetHealthTest, AfterAWhileADownServerIsTriedAgainAndOneFailureMoreIsNoNews) {
  health.failed(TargetFault::connect, at(0s));
  health.failed(TargetFault::connect, at(0s));
  EXPECT_EQ(state(29s), TargetState::down);
  EXPECT_EQ(state(30s), TargetState::suspect);
  EXPECT_EQ(health.failed(TargetFault::connect, at(31s)), Change::none);
  EXPECT_EQ(state(31s), TargetState::down);
  EXPECT_EQ(health.succeeded(at(70s)), Change::cameUp);
}

TEST_F(TargetHealthTest, AServerThatIsAskedByOptionsIsDownUntilItAnswers) {
  health = TargetHealth{{.retry = std::nullopt}};
  health.failed(TargetFault::connect, at(0s));
  health.failed(TargetFault::connect, at(0s));
  EXPECT_EQ(state(86'400s), TargetState::down);
  EXPECT_EQ(health.succeeded(at(86'400s)), Change::cameUp);
}

TEST_F(TargetHealthTest, RetryAfterIsHonouredAtOnceAndWhateverElseItAnswers) {
  EXPECT_EQ(health.failed(TargetFault::unavailable, at(0s), 120s), Change::wentDown);
  EXPECT_TRUE(health.paused(at(119s)));
  EXPECT_EQ(health.succeeded(at(60s)), Change::none);
  EXPECT_EQ(state(119s), TargetState::down);
  EXPECT_FALSE(health.paused(at(120s)));
  EXPECT_EQ(state(120s), TargetState::suspect);
  EXPECT_EQ(health.succeeded(at(121s)), Change::cameUp);
}

TEST_F(TargetHealthTest, RetryAfterIsNeverLongerThanTenMinutesAndNeverShortened) {
  health.failed(TargetFault::unavailable, at(0s), 86'400s);
  health.failed(TargetFault::unavailable, at(1s), 5s);
  EXPECT_TRUE(health.paused(at(599s)));
  EXPECT_FALSE(health.paused(at(600s)));
}

TEST_F(TargetHealthTest, WhatTheOperatorDrainsStaysDrainedUntilItIsEnabled) {
  health.drain();
  health.succeeded(at(0s));
  EXPECT_EQ(state(0s), TargetState::drained);
  health.enable();
  EXPECT_EQ(state(0s), TargetState::healthy);
}

}  // namespace
}  // namespace sallyport::call
