// SPDX-License-Identifier: Apache-2.0
#include "sip/timer_lanes.h"

#include <limits>

#include "core/check.h"

namespace sallyport::sip {

void TimerLanes::arm(TimerNode& node, Timer timer, std::chrono::milliseconds after, TimePoint now) {
  disarm(node);
  node.timer = timer;
  node.deadline = now + after;
  node.lane = laneFor(after);
  node.armed = true;

  Lane& lane = lanes_[node.lane];
  node.previous = lane.last;
  node.next = nullptr;
  (lane.last != nullptr ? lane.last->next : lane.first) = &node;
  lane.last = &node;
}

void TimerLanes::disarm(TimerNode& node) {
  if (!node.armed) return;
  Lane& lane = lanes_[node.lane];
  (node.previous != nullptr ? node.previous->next : lane.first) = node.next;
  (node.next != nullptr ? node.next->previous : lane.last) = node.previous;
  node.previous = node.next = nullptr;
  node.armed = false;
}

TimerNode* TimerLanes::popDue(TimePoint now) {
  const Lane* lane = earliest();
  if (lane == nullptr || lane->first->deadline > now) return nullptr;
  TimerNode* node = lane->first;
  disarm(*node);
  return node;
}

std::optional<TimePoint> TimerLanes::nextDeadline() const {
  const Lane* lane = earliest();
  if (lane == nullptr) return std::nullopt;
  return lane->first->deadline;
}

const TimerLanes::Lane* TimerLanes::earliest() const {
  const Lane* best = nullptr;
  for (const Lane& lane : lanes_) {
    if (lane.first == nullptr) continue;
    if (best == nullptr || lane.first->deadline < best->first->deadline) best = &lane;
  }
  return best;
}

std::uint8_t TimerLanes::laneFor(std::chrono::milliseconds duration) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].duration == duration) return static_cast<std::uint8_t>(i);
  }
  SP_CHECK(lanes_.size() <= std::numeric_limits<std::uint8_t>::max());
  lanes_.push_back({duration, nullptr, nullptr});
  return static_cast<std::uint8_t>(lanes_.size() - 1);
}

}  // namespace sallyport::sip
