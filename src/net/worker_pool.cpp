// SPDX-License-Identifier: Apache-2.0
#include "net/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace sallyport::net {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds{20};
constexpr std::size_t kLongestThreadName = 15;  // pthread_setname_np(3)

}  // namespace

Result<std::unique_ptr<WorkerPool>> WorkerPool::create(const Clock& clock, WorkerPoolOptions options) {
  const unsigned count = options.workers > 0 ? options.workers : std::max(1u, std::thread::hardware_concurrency());
  std::unique_ptr<WorkerPool> pool{new WorkerPool};
  pool->name_ = std::move(options.name);
  for (unsigned i = 0; i < count; ++i) {
    auto worker = std::make_unique<Worker>();
    SP_ASSIGN(worker->loop, Loop::create(clock, options.loop));
    pool->workers_.push_back(std::move(worker));
  }
  return pool;
}

WorkerPool::~WorkerPool() {
  stop();
  join();
}

void WorkerPool::onDrain(unsigned worker, Drainable& drainable) {
  SP_CHECK(!started_);
  workers_[worker]->drainables.push_back(&drainable);
}

void WorkerPool::onStopped(Task task) {
  SP_CHECK(!started_);
  on_stopped_ = std::move(task);
}

void WorkerPool::start() {
  SP_CHECK(!started_);
  started_ = true;
  running_ = size();
  for (unsigned i = 0; i < size(); ++i) {
    auto& worker = *workers_[i];
    worker.thread = std::thread{[this, &worker] {
      worker.loop->run();
      ended();
    }};
    const auto name = (name_ + "-" + std::to_string(i)).substr(0, kLongestThreadName);
    pthread_setname_np(worker.thread.native_handle(), name.c_str());
  }
}

void WorkerPool::ended() {
  if (running_.fetch_sub(1) == 1 && on_stopped_) on_stopped_();
}

bool WorkerPool::runOn(unsigned worker, Task task) {
  SP_CHECK(started_);
  std::mutex mutex;
  std::condition_variable ran;
  bool done = false;
  const auto posted = post(worker, [&] {
    task();
    // Signalled under the lock: as soon as it is free, what it belongs to may be gone.
    const std::lock_guard lock{mutex};
    done = true;
    ran.notify_one();
  });
  if (!posted) return false;
  std::unique_lock lock{mutex};
  ran.wait(lock, [&] { return done; });
  return true;
}

void WorkerPool::drain(Duration deadline) {
  SP_CHECK(started_);
  for (auto& worker : workers_) {
    auto posted = worker->loop->post([this, &worker = *worker, deadline] { beginDrain(worker, deadline); });
    if (!posted) worker->loop->stop();  // it has ended, or does not keep up and will not end by itself
  }
}

void WorkerPool::beginDrain(Worker& worker, Duration deadline) {
  const auto give_up = worker.loop->now() + deadline;
  if (worker.draining) {  // asked again: the earlier deadline counts
    worker.give_up = std::min(worker.give_up, give_up);
    return;
  }
  worker.draining = true;
  worker.give_up = give_up;
  for (auto* drainable : worker.drainables) drainable->beginDrain();
  lookWhetherDrained(worker);
}

void WorkerPool::lookWhetherDrained(Worker& worker) {
  std::size_t remaining = 0;
  for (const auto* drainable : worker.drainables) remaining += drainable->remaining();
  const auto now = worker.loop->now();
  if (remaining > 0 && now < worker.give_up) {
    const auto wait = std::min<Duration>(kLookEvery, worker.give_up - now);
    worker.look = worker.loop->schedule(wait, [this, &worker] { lookWhetherDrained(worker); });
    return;
  }
  worker.left_behind = remaining;
  worker.loop->stop();
}

void WorkerPool::stop() {
  for (auto& worker : workers_) worker->loop->stop();
}

DrainReport WorkerPool::join() {
  DrainReport report;
  for (auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
    report.left_behind += worker->left_behind;
  }
  return report;
}

}  // namespace sallyport::net
