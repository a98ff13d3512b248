// SPDX-License-Identifier: Apache-2.0
#pragma once
// The worker threads, a Loop each. Built, filled and joined by the main thread: before start() the loops
// are the main thread's to furnish, after join() they are its to empty; in between each belongs to its
// worker, and post() is the way in. An exception on a worker ends the process (there is none to expect).

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/loop.h"

namespace sallyport::net {

struct WorkerPoolOptions {
  unsigned workers = 0;         // 0: one per processor
  std::string name = "worker";  // threads are called worker-0, worker-1 ...
  LoopOptions loop{};
};

// What has to come to an end before a worker may stop. Called on the worker's thread.
class Drainable {
 public:
  virtual ~Drainable() = default;
  virtual void beginDrain() = 0;              // take on nothing new
  virtual std::size_t remaining() const = 0;  // what is still alive
};

struct DrainReport {
  std::size_t left_behind = 0;  // still alive at the deadline, over all workers
};

class WorkerPool {
 public:
  static Result<std::unique_ptr<WorkerPool>> create(const Clock& clock, WorkerPoolOptions options = {});
  ~WorkerPool();  // stops and joins what still runs
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  unsigned size() const { return static_cast<unsigned>(workers_.size()); }
  Loop& loop(unsigned worker) { return *workers_[worker]->loop; }

  // Before start(); `drainable` outlives join().
  void onDrain(unsigned worker, Drainable& drainable);
  // Runs on the last worker to stop, after a drain or stop(); the usual task posts to the main loop.
  void onStopped(Task task);

  void start();

  // Any thread. As Loop::post.
  Status post(unsigned worker, Task task) { return loop(worker).post(std::move(task)); }
  // Posts to the worker and blocks until the task has run; false when the worker has stopped or does not
  // keep up, and the task has not run and never will. Not from a worker.
  bool runOn(unsigned worker, Task task);

  // Any thread, after start(), returns at once: every worker stops taking on work and ends when nothing
  // remains, or at the deadline.
  void drain(Duration deadline);
  void stop();  // any thread: every worker ends after its current turn
  DrainReport join();

 private:
  struct Worker {
    std::unique_ptr<Loop> loop;
    std::thread thread;
    std::vector<Drainable*> drainables;
    TimerHandle look;
    TimePoint give_up;
    bool draining = false;
    std::size_t left_behind = 0;
  };

  WorkerPool() = default;
  void beginDrain(Worker& worker, Duration deadline);
  void lookWhetherDrained(Worker& worker);
  void ended();

  std::vector<std::unique_ptr<Worker>> workers_;
  std::string name_;
  Task on_stopped_;
  std::atomic<unsigned> running_{0};
  bool started_ = false;
};

}  // namespace sallyport::net
