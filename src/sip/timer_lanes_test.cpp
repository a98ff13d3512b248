// SPDX-License-Identifier: Apache-2.0
#include "sip/timer_lanes.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

TEST(TimerLanes, FireInOrderOfTheirDeadlinesAcrossDurations) {
  TimerLanes lanes;
  std::array<TimerNode, 3> nodes;
  lanes.arm(nodes[0], Timer::b, 32s, kStart);
  lanes.arm(nodes[1], Timer::a, 500ms, kStart);
  lanes.arm(nodes[2], Timer::a, 500ms, kStart + 100ms);

  EXPECT_EQ(lanes.nextDeadline(), kStart + 500ms);
  EXPECT_EQ(lanes.popDue(kStart + 499ms), nullptr);
  EXPECT_EQ(lanes.popDue(kStart + 1min), &nodes[1]);
  EXPECT_EQ(lanes.popDue(kStart + 1min), &nodes[2]);
  EXPECT_EQ(lanes.popDue(kStart + 1min), &nodes[0]);
  EXPECT_EQ(lanes.popDue(kStart + 1min), nullptr);
  EXPECT_FALSE(lanes.nextDeadline());
}

TEST(TimerLanes, ADisarmedTimerLeavesNothingBehindWhereverItStood) {
  TimerLanes lanes;
  std::array<TimerNode, 3> nodes;
  for (std::size_t gone = 0; gone < nodes.size(); ++gone) {
    for (auto& node : nodes) lanes.arm(node, Timer::h, 32s, kStart);
    lanes.disarm(nodes[gone]);
    lanes.disarm(nodes[gone]);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (i == gone) continue;
      EXPECT_EQ(lanes.popDue(kStart + 32s), &nodes[i]);
    }
    EXPECT_EQ(lanes.popDue(kStart + 32s), nullptr);
  }
}

TEST(TimerLanes, ArmingAgainMovesTheDeadline) {
  TimerLanes lanes;
  TimerNode node;
  lanes.arm(node, Timer::a, 500ms, kStart);
  lanes.arm(node, Timer::m, 32s, kStart);
  EXPECT_EQ(lanes.nextDeadline(), kStart + 32s);
  EXPECT_EQ(lanes.popDue(kStart + 1min), &node);
  EXPECT_EQ(node.timer, Timer::m);
  EXPECT_FALSE(node.armed);
}

}  // namespace
}  // namespace sallyport::sip
