// SPDX-License-Identifier: Apache-2.0
#pragma once
// A reactor over epoll, level-triggered: file descriptors, timers, a mailbox. One per worker thread, on
// which everything in here is called; post() and stop() alone may be called from any thread. A Clock is
// handed in, so that tests move time themselves.
//
// One turn: wait - look at the clock - ready descriptors - mailbox - due timers - turn hooks (flush what
// was written) - destroy what was retired. A callback may destroy or unregister anything but the object
// it is called on, unless that one says so; otherwise it goes by retire(). No callback may throw: an exception ends the
// process.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/clock.h"
#include "core/fd.h"
#include "core/result.h"
#include "net/task.h"
#include "net/timer_queue.h"

namespace sallyport::net {

using Duration = std::chrono::steady_clock::duration;

class Loop;

// What epoll reports and is asked for; the values are those of EPOLLIN and friends.
using ReadyEvents = std::uint32_t;
inline constexpr ReadyEvents kReadable = 0x001;
inline constexpr ReadyEvents kWritable = 0x004;
inline constexpr ReadyEvents kFailed = 0x008;  // always reported
inline constexpr ReadyEvents kHungUp = 0x010;  // always reported
inline constexpr ReadyEvents kPeerClosed = 0x2000;
inline constexpr ReadyEvents kEdgeTriggered = 1u << 31;

class Pollable {
 public:
  virtual ~Pollable() = default;
  virtual void onReady(ReadyEvents events) = 0;
};

// A registered descriptor; unregisters when it goes, and goes before the descriptor is closed.
class [[nodiscard]] Watch {
 public:
  Watch() = default;
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  ~Watch() { reset(); }

  void change(ReadyEvents interest);
  void reset();
  bool active() const { return loop_ != nullptr; }

 private:
  friend class Loop;
  Watch(Loop& loop, int fd, std::uint32_t slot, ReadyEvents interest)
      : loop_(&loop), fd_(fd), slot_(slot), interest_(interest) {}

  Loop* loop_ = nullptr;
  int fd_ = -1;
  std::uint32_t slot_ = 0;
  ReadyEvents interest_ = 0;
};

// Work for the end of the turn, however often it is asked for within it: one write per connection and turn.
class TurnHook {
 public:
  TurnHook(Loop& loop, Task task) : loop_(loop), task_(std::move(task)) {}
  ~TurnHook();
  TurnHook(const TurnHook&) = delete;
  TurnHook& operator=(const TurnHook&) = delete;

  void request();

 private:
  friend class Loop;
  static constexpr std::size_t kNotQueued = static_cast<std::size_t>(-1);

  Loop& loop_;
  Task task_;
  std::size_t position_ = kNotQueued;
};

struct LoopOptions {
  std::size_t mailbox_capacity = 65'536;
};

class Loop {
 public:
  // Fails with "net.loop.unavailable" when the system is out of descriptors.
  static Result<std::unique_ptr<Loop>> create(const Clock& clock, LoopOptions options = {});
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop(). What is in the mailbox by then is still run; from there on nothing is taken in.
  void run() noexcept;
  void stop();                        // any thread
  void turn(Duration wait) noexcept;  // one turn that waits no longer than this; for tests and run()

  TimePoint now() const { return now_; }  // as of this turn
  const Clock& clock() const { return clock_; }

  // From any thread. "net.mailbox.full" (overloaded) when the loop does not keep up: the task is dropped
  // and counted. "net.mailbox.closed" (unavailable) once run() has ended.
  Status post(Task task);
  std::uint64_t mailboxDrops() const { return mailbox_drops_.load(std::memory_order_relaxed); }

  TimerHandle schedule(Duration after, Task task) { return timers_.schedule(now_ + after, std::move(task)); }
  TimerHandle scheduleAt(TimePoint due, Task task) { return timers_.schedule(due, std::move(task)); }
  std::size_t timers() const { return timers_.size(); }

  // The next turn begins `length` from now at the earliest, or when a timer is due: what arrives meanwhile,
  // posts and stop() included, is served together. Under a millisecond, for whoever has much to batch.
  void pause(Duration length) { pause_ = length; }

  // `pollable` outlives the Watch. Fails with "net.loop.watch".
  Result<Watch> watch(int fd, ReadyEvents interest, Pollable& pollable);

  // Destroys `object` at the end of this turn, when no callback is running on it any more.
  template <typename T>
  void retire(std::unique_ptr<T> object) {
    if (object) retired_.emplace_back(object.release(), [](void* raw) { delete static_cast<T*>(raw); });
  }

 private:
  friend class Watch;
  friend class TurnHook;
  struct Slot {
    Pollable* pollable = nullptr;
    std::uint32_t generation = 0;
  };
  using Retired = std::unique_ptr<void, void (*)(void*)>;

  Loop(const Clock& clock, LoopOptions options, Fd epoll, Fd wakeup);
  int waitMilliseconds(Duration limit) const;
  void sleepThroughPause();
  void dispatch(std::uint64_t token, ReadyEvents events);
  void runMailbox();
  void closeMailbox();
  void runHooks();
  void destroyRetired();
  void wake();
  void unwatch(int fd, std::uint32_t slot);

  const Clock& clock_;
  const LoopOptions options_;
  Fd epoll_;
  Fd wakeup_;
  TimePoint now_;
  Duration pause_{};
  TimerQueue timers_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<TurnHook*> hooks_;  // null: cancelled
  std::vector<Retired> retired_;
  std::vector<Task> running_;  // the mailbox's tasks while they run
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> mailbox_drops_{0};
  std::mutex mutex_;
  std::vector<Task> mailbox_;    // under mutex_
  bool mailbox_closed_ = false;  // under mutex_
};

}  // namespace sallyport::net
