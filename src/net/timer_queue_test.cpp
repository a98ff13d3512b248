// SPDX-License-Identifier: Apache-2.0
#include "net/timer_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

namespace sallyport::net {
namespace {

using std::chrono::milliseconds;

TimePoint at(int ms) { return TimePoint{} + milliseconds{ms}; }

TEST(TimerQueue, RunsWhatIsDueInOrderOfTimeAndThenOfScheduling) {
  TimerQueue queue;
  std::string order;
  const auto c = queue.schedule(at(30), [&] { order += 'c'; });
  const auto a = queue.schedule(at(10), [&] { order += 'a'; });
  const auto b = queue.schedule(at(10), [&] { order += 'b'; });
  const auto d = queue.schedule(at(31), [&] { order += 'd'; });
  EXPECT_EQ(queue.runDue(at(30)), 3u);
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(queue.earliest(), at(31));
  EXPECT_FALSE(a.pending());
  EXPECT_TRUE(d.pending());
}

TEST(TimerQueue, LettingTheHandleGoCancels) {
  TimerQueue queue;
  int ran = 0;
  {
    const auto gone = queue.schedule(at(1), [&] { ++ran; });
  }
  auto replaced = queue.schedule(at(1), [&] { ++ran; });
  replaced = queue.schedule(at(2), [&] { ran += 10; });
  queue.runDue(at(5));
  EXPECT_EQ(ran, 10);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(TimerQueue, AHandleWhoseTimerHasRunDoesNotCancelItsSuccessor) {
  TimerQueue queue;
  int ran = 0;
  auto first = queue.schedule(at(1), [&] { ++ran; });
  queue.runDue(at(1));
  const auto second = queue.schedule(at(2), [&] { ++ran; });  // takes over the slot
  first.cancel();
  queue.runDue(at(2));
  EXPECT_EQ(ran, 2);
}

TEST(TimerQueue, WhatATimerSchedulesWaitsForTheNextCallHoweverSoonItIsDue) {
  TimerQueue queue;
  int ran = 0;
  TimerHandle again;
  TimerHandle other;
  const auto first = queue.schedule(at(1), [&] { again = queue.schedule(at(0), [&] { ++ran; }); });
  other = queue.schedule(at(2), [&] { ran += 10; });
  EXPECT_EQ(queue.runDue(at(2)), 2u);
  EXPECT_EQ(ran, 10);
  EXPECT_EQ(queue.runDue(at(2)), 1u);
  EXPECT_EQ(ran, 11);
}

TEST(TimerQueue, ATimerMayCancelAnotherThatIsDueWithIt) {
  TimerQueue queue;
  TimerHandle victim;
  int ran = 0;
  const auto killer = queue.schedule(at(1), [&] { victim.cancel(); });
  victim = queue.schedule(at(1), [&] { ++ran; });
  queue.runDue(at(1));
  EXPECT_EQ(ran, 0);
}

TEST(TimerQueue, WhatATimerHoldsIsReleasedWhenItIsCancelled) {
  TimerQueue queue;
  auto held = std::make_shared<int>(1);
  auto handle = queue.schedule(at(1), [held] {});
  EXPECT_EQ(held.use_count(), 2);
  handle.cancel();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TimerQueue, AgreesWithASortedListOverManyRandomSchedulesAndCancels) {
  TimerQueue queue;
  std::mt19937 random{42};
  std::vector<std::pair<int, int>> expected;  // due, id
  std::vector<int> ran;
  std::vector<std::pair<int, TimerHandle>> handles;
  for (int id = 0; id < 20'000; ++id) {
    const int due = static_cast<int>(random() % 5'000);
    handles.emplace_back(id, queue.schedule(at(due), [&ran, id] { ran.push_back(id); }));
    expected.emplace_back(due, id);
    if (random() % 3 == 0) {
      const auto victim = random() % handles.size();
      std::erase_if(expected, [&](const auto& entry) { return entry.second == handles[victim].first; });
      std::swap(handles[victim], handles.back());
      handles.pop_back();
    }
  }
  std::stable_sort(expected.begin(), expected.end(), [](auto& a, auto& b) { return a.first < b.first; });
  for (int now = 0; now <= 5'000; now += 7) queue.runDue(at(now));
  queue.runDue(at(5'000));
  ASSERT_EQ(ran.size(), expected.size());
  for (std::size_t i = 0; i < ran.size(); ++i) ASSERT_EQ(ran[i], expected[i].second) << i;
}

}  // namespace
}  // namespace sallyport::net
