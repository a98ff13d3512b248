// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <thread>

#include "net/signals.h"
#include "net/test_support.h"

namespace sallyport::net {
namespace {

// Always readable, until read.
class Beacon final : public Pollable {
 public:
  explicit Beacon(Loop& loop) : fd_(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)) {
    auto watch = loop.watch(fd_.raw(), kReadable, *this);
    SP_CHECK(watch.ok());
    watch_ = *std::move(watch);
  }
  void onReady(ReadyEvents) override {
    ++seen;
    if (on_ready) on_ready();
  }

  int seen = 0;
  std::function<void()> on_ready;

 private:
  Fd fd_;
  Watch watch_;
};

struct LoopTest : testing::Test {
  FakeClock clock;
  std::unique_ptr<Loop> loop = makeLoop(clock);
};

TEST_F(LoopTest, ReportsAReadyDescriptorEachTurnUntilItIsUnregistered) {
  auto beacon = std::make_unique<Beacon>(*loop);
  loop->turn({});
  loop->turn({});
  EXPECT_EQ(beacon->seen, 2);
  beacon.reset();
  loop->turn({});
}

TEST_F(LoopTest, AnObjectDestroyedEarlierInTheTurnIsNotCalled) {
  auto first = std::make_unique<Beacon>(*loop);
  auto second = std::make_unique<Beacon>(*loop);
  std::unique_ptr<Beacon> newcomer;
  int calls = 0;
  first->on_ready = [&] {
    ++calls;
    second.reset();
    newcomer = std::make_unique<Beacon>(*loop);  // takes the slot, and most likely the descriptor's number
  };
  second->on_ready = [&] {
    ++calls;
    first.reset();
    newcomer = std::make_unique<Beacon>(*loop);
  };
  loop->turn({});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(newcomer->seen, 0);
}

TEST_F(LoopTest, WhatIsRetiredLivesUntilTheEndOfTheTurn) {
  auto beacon = std::make_unique<Beacon>(*loop);
  auto* const seen_alive = beacon.get();
  std::unique_ptr<Beacon> owner = std::move(beacon);
  bool finished = false;
  owner->on_ready = [&, seen_alive] {
    loop->retire(std::move(owner));
    finished = seen_alive->seen == 1;
  };
  loop->turn({});
  EXPECT_TRUE(finished);
  loop->turn({});
}

TEST_F(LoopTest, TimersFollowTheClockItWasGiven) {
  int ran = 0;
  const auto timer = loop->schedule(seconds{5}, [&] { ++ran; });
  loop->turn({});
  EXPECT_EQ(ran, 0);
  clock.advance(seconds{5});
  loop->turn(seconds{1});  // does not wait: the timer is due
  EXPECT_EQ(ran, 1);
}

TEST_F(LoopTest, ATurnHookRunsOnceHoweverOftenItIsAskedFor) {
  int flushed = 0;
  TurnHook hook{*loop, [&] { ++flushed; }};
  hook.request();
  hook.request();
  loop->turn({});
  loop->turn({});
  EXPECT_EQ(flushed, 1);
}

TEST_F(LoopTest, AHookThatAsksForAnotherIsFollowedByItInTheSameTurn) {
  int flushed = 0;
  TurnHook second{*loop, [&] { ++flushed; }};
  TurnHook first{*loop, [&] { second.request(); }};
  first.request();
  loop->turn({});
  EXPECT_EQ(flushed, 1);
}

TEST_F(LoopTest, AHookThatAsksForItselfDoesNotHoldUpTheTurn) {
  int rounds = 0;
  std::unique_ptr<TurnHook> hook;
  hook = std::make_unique<TurnHook>(*loop, [&] {
    ++rounds;
    hook->request();
  });
  hook->request();
  loop->turn({});
  const int in_one_turn = rounds;
  EXPECT_LT(in_one_turn, 10);
  loop->turn(seconds{60});  // and does not wait while there is a hook to run
  EXPECT_GT(rounds, in_one_turn);
}

TEST_F(LoopTest, AHookThatIsGoneIsNotRun) {
  int flushed = 0;
  auto gone = std::make_unique<TurnHook>(*loop, [&] { ++flushed; });
  TurnHook killer{*loop, [&] { gone.reset(); }};
  killer.request();
  gone->request();
  loop->turn({});
  EXPECT_EQ(flushed, 0);
}

TEST_F(LoopTest, AFullMailboxRefusesAndCounts) {
  const auto small = makeLoop(clock, {.mailbox_capacity = 2});
  int ran = 0;
  EXPECT_TRUE(small->post([&] { ++ran; }));
  EXPECT_TRUE(small->post([&] { ++ran; }));
  EXPECT_EQ(codeOf(small->post([&] { ++ran; })), "net.mailbox.full");
  EXPECT_EQ(small->mailboxDrops(), 1u);
  small->turn(seconds{1});
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(small->post([&] { ++ran; }));
}

TEST_F(LoopTest, PostsFromOtherThreadsAllArriveAndStopEndsTheRun) {
  const SystemClock system;
  const auto running = makeLoop(system);
  std::thread worker{[&] { running->run(); }};
  int counted = 0;  // on the worker only
  std::vector<std::thread> posters;
  for (int p = 0; p < 4; ++p) {
    posters.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(running->post([&] { ++counted; }));
    });
  }
  for (auto& poster : posters) poster.join();
  running->stop();
  worker.join();
  EXPECT_EQ(counted, 4'000);
}

TEST_F(LoopTest, ASignalIsAnEvent) {
  int heard = 0;
  const auto signals = Signals::take(*loop, {SIGUSR1}, [&](int number) { heard = number; });
  ASSERT_TRUE(signals);
  raise(SIGUSR1);
  ASSERT_TRUE(turnUntil(*loop, [&] { return heard != 0; }));
  EXPECT_EQ(heard, SIGUSR1);
}

TEST(UniqueFunction, CarriesWhatCannotBeCopiedInlineAndOnTheHeap) {
  auto owned = std::make_unique<int>(7);
  UniqueFunction<int(int)> small = [owned = std::move(owned)](int add) { return *owned + add; };
  auto moved = std::move(small);
  EXPECT_FALSE(small);
  EXPECT_EQ(moved(1), 8);
  std::array<int, 64> large{};
  large[63] = 5;
  UniqueFunction<int(int)> heap = [large](int add) { return large[63] + add; };
  auto moved_heap = std::move(heap);
  EXPECT_EQ(moved_heap(1), 6);
  moved_heap = std::move(moved);
  EXPECT_EQ(moved_heap(0), 7);
}

}  // namespace
}  // namespace sallyport::net
