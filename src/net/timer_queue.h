// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pending timers of one loop: an indexed four-ary heap, O(log n) to schedule and to cancel, nothing
// allocated once it has grown. Reads no clock. Owned by the Loop, used on its thread.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "net/task.h"

namespace sallyport::net {

class TimerQueue;

// Cancels when it goes. An empty handle, and one whose timer has run, is harmless. Goes before its Loop.
class [[nodiscard]] TimerHandle {
 public:
  TimerHandle() = default;
  TimerHandle(TimerHandle&& other) noexcept;
  TimerHandle& operator=(TimerHandle&& other) noexcept;
  ~TimerHandle() { cancel(); }

  void cancel();
  bool pending() const;

 private:
  friend class TimerQueue;
  TimerHandle(TimerQueue& queue, std::uint32_t slot, std::uint32_t generation)
      : queue_(&queue), slot_(slot), generation_(generation) {}

  TimerQueue* queue_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
};

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  TimerHandle schedule(TimePoint due, Task task);
  std::optional<TimePoint> earliest() const;
  // Runs what is due at `now` in order of time, and of scheduling for equal times. A timer scheduled by
  // one of them waits for the next call, however soon it is due. Returns how many ran.
  std::size_t runDue(TimePoint now);
  std::size_t size() const { return heap_.size(); }

 private:
  friend class TimerHandle;
  struct Node {
    TimePoint due;
    std::uint64_t sequence;
    std::uint32_t slot;
  };
  struct Slot {
    Task task;
    std::uint32_t position = 0;  // in heap_, while pending
    std::uint32_t generation = 0;
    bool pending = false;
  };

  static bool earlier(const Node& a, const Node& b) { return a.due != b.due ? a.due < b.due : a.sequence < b.sequence; }
  void place(std::size_t position, const Node& node);
  void siftUp(std::size_t position, Node node);
  void siftDown(std::size_t position, Node node);
  void removeAt(std::size_t position);
  Task release(std::uint32_t slot);
  bool isPending(std::uint32_t slot, std::uint32_t generation) const;
  void cancel(std::uint32_t slot, std::uint32_t generation);

  std::vector<Node> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
  TimePoint floor_ = TimePoint::min();  // nothing is due before it: older timers keep their turn
};

}  // namespace sallyport::net
