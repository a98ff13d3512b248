// SPDX-License-Identifier: Apache-2.0
#include "net/worker_pool.h"

#include <pthread.h>

#include <atomic>
#include <set>

#include "net/test_support.h"

namespace sallyport::net {
namespace {

std::unique_ptr<WorkerPool> makePool(const Clock& clock, unsigned workers) {
  auto pool = WorkerPool::create(clock, {.workers = workers});
  SP_CHECK(pool.ok());
  return *std::move(pool);
}

class Countdown final : public Drainable {
 public:
  explicit Countdown(std::size_t alive) : alive_(alive) {}
  void beginDrain() override { ++begun; }
  std::size_t remaining() const override { return alive_ > 0 ? alive_-- : 0; }
  int begun = 0;

 private:
  mutable std::size_t alive_;  // one fewer each time somebody looks
};

class Immortal final : public Drainable {
 public:
  void beginDrain() override {}
  std::size_t remaining() const override { return 3; }
};

struct WorkerPoolTest : testing::Test {
  SystemClock clock;
};

TEST_F(WorkerPoolTest, EachWorkerRunsItsPostsOnOneNamedThreadOfItsOwn) {
  const auto pool = makePool(clock, 3);
  pool->start();
  std::set<std::thread::id> threads;
  for (unsigned i = 0; i < pool->size(); ++i) {
    std::thread::id first;
    std::thread::id second;
    char name[16] = {};
    ASSERT_TRUE(pool->runOn(i, [&] {
      first = std::this_thread::get_id();
      pthread_getname_np(pthread_self(), name, sizeof name);
    }));
    ASSERT_TRUE(pool->runOn(i, [&] { second = std::this_thread::get_id(); }));
    EXPECT_EQ(first, second);
    EXPECT_EQ(name, "worker-" + std::to_string(i));
    threads.insert(first);
  }
  EXPECT_EQ(threads.size(), 3u);
}

TEST_F(WorkerPoolTest, AWorkerThatHasStoppedTakesNoPostsAndBlocksNobody) {
  const auto pool = makePool(clock, 1);
  pool->start();
  pool->stop();
  pool->join();
  EXPECT_EQ(codeOf(pool->post(0, [] {})), "net.mailbox.closed");
  EXPECT_FALSE(pool->runOn(0, [] { FAIL(); }));
}

TEST_F(WorkerPoolTest, DrainingEndsEachWorkerWhenNothingRemains) {
  const auto pool = makePool(clock, 2);
  Countdown quick{0};
  Countdown slow{4};
  pool->onDrain(0, quick);
  pool->onDrain(1, slow);
  std::atomic<int> stopped{0};
  pool->onStopped([&] { ++stopped; });
  pool->start();
  pool->drain(seconds{60});
  EXPECT_EQ(pool->join().left_behind, 0u);
  EXPECT_EQ(quick.begun, 1);
  EXPECT_EQ(slow.begun, 1);
  EXPECT_EQ(slow.remaining(), 0u);
  EXPECT_EQ(stopped, 1);
}

TEST_F(WorkerPoolTest, ADrainEndsAtItsDeadlineAndTellsWhatIsLeftBehind) {
  const auto pool = makePool(clock, 2);
  Immortal first;
  Immortal second;
  pool->onDrain(0, first);
  pool->onDrain(1, second);
  pool->start();
  pool->drain(milliseconds{30});
  EXPECT_EQ(pool->join().left_behind, 6u);
}

TEST_F(WorkerPoolTest, ASecondDrainMayOnlyHurry) {
  const auto pool = makePool(clock, 1);
  Immortal immortal;
  pool->onDrain(0, immortal);
  pool->start();
  pool->drain(std::chrono::hours{1});
  pool->drain(milliseconds{1});
  EXPECT_EQ(pool->join().left_behind, 3u);
}

TEST_F(WorkerPoolTest, LettingThePoolGoStopsIt) {
  auto pool = makePool(clock, 2);
  pool->start();
  pool.reset();
  makePool(clock, 2).reset();  // also one that was never started
}

}  // namespace
}  // namespace sallyport::net
