// SPDX-License-Identifier: Apache-2.0
#include "net/timer_queue.h"

#include <algorithm>

namespace sallyport::net {
namespace {

constexpr std::size_t kArity = 4;  // shallower than two, and siblings share a cache line or two

}  // namespace

TimerHandle::TimerHandle(TimerHandle&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)), slot_(other.slot_), generation_(other.generation_) {}

TimerHandle& TimerHandle::operator=(TimerHandle&& other) noexcept {
  if (this != &other) {
    cancel();
    queue_ = std::exchange(other.queue_, nullptr);
    slot_ = other.slot_;
    generation_ = other.generation_;
  }
  return *this;
}

void TimerHandle::cancel() {
  if (auto* queue = std::exchange(queue_, nullptr)) queue->cancel(slot_, generation_);
}

bool TimerHandle::pending() const { return queue_ != nullptr && queue_->isPending(slot_, generation_); }

TimerHandle TimerQueue::schedule(TimePoint due, Task task) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot].task = std::move(task);
  slots_[slot].pending = true;
  heap_.emplace_back();
  siftUp(heap_.size() - 1, Node{std::max(due, floor_), sequence_++, slot});
  return TimerHandle{*this, slot, slots_[slot].generation};
}

std::optional<TimePoint> TimerQueue::earliest() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

std::size_t TimerQueue::runDue(TimePoint now) {
  const auto scheduled_before = sequence_;
  floor_ = now;
  std::size_t ran = 0;
  while (!heap_.empty() && heap_.front().due <= now) {
    if (heap_.front().sequence >= scheduled_before) break;  // and so is everything behind it
    const auto slot = heap_.front().slot;
    removeAt(0);
    auto task = release(slot);
    ++ran;
    task();
  }
  return ran;
}

void TimerQueue::place(std::size_t position, const Node& node) {
  heap_[position] = node;
  slots_[node.slot].position = static_cast<std::uint32_t>(position);
}

void TimerQueue::siftUp(std::size_t position, Node node) {
  while (position > 0) {
    const auto parent = (position - 1) / kArity;
    if (!earlier(node, heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, node);
}

void TimerQueue::siftDown(std::size_t position, Node node) {
  for (;;) {
    const auto first = position * kArity + 1;
    if (first >= heap_.size()) break;
    const auto last = std::min(first + kArity, heap_.size());
    auto least = first;
    for (auto child = first + 1; child < last; ++child) {
      if (earlier(heap_[child], heap_[least])) least = child;
    }
    if (!earlier(heap_[least], node)) break;
    place(position, heap_[least]);
    position = least;
  }
  place(position, node);
}

void TimerQueue::removeAt(std::size_t position) {
  const Node last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  if (position > 0 && earlier(last, heap_[(position - 1) / kArity])) {
    siftUp(position, last);
  } else {
    siftDown(position, last);
  }
}

Task TimerQueue::release(std::uint32_t slot) {
  auto& entry = slots_[slot];
  entry.pending = false;
  ++entry.generation;
  free_.push_back(slot);
  return std::move(entry.task);
}

bool TimerQueue::isPending(std::uint32_t slot, std::uint32_t generation) const {
  return slots_[slot].pending && slots_[slot].generation == generation;
}

void TimerQueue::cancel(std::uint32_t slot, std::uint32_t generation) {
  if (!isPending(slot, generation)) return;
  removeAt(slots_[slot].position);
  const auto task = release(slot);  // its captures go last, when the queue is whole again
}

}  // namespace sallyport::net
