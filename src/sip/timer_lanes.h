// SPDX-License-Identifier: Apache-2.0
#pragma once
// The transaction layer's timers. RFC 3261 knows only a dozen durations (Table 4), so there is one FIFO
// ("lane") per duration: time never runs backwards, hence each lane is sorted by itself. Arming, disarming
// and firing are O(1) in the number of timers and O(lanes) in the dozen; nothing is left behind by a
// disarmed timer, and nothing allocates after the first use of a duration.
//
// Owned by one TransactionLayer. Nodes live in their owners and must be disarmed before they go.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "sip/transaction_types.h"

namespace sallyport::sip {

struct TimerNode {
  TimePoint deadline{};
  TimerNode* previous = nullptr;
  TimerNode* next = nullptr;
  std::uint64_t owner = 0;  // whatever the owner finds itself by
  std::uint8_t lane = 0;
  bool armed = false;
  Timer timer{};
};

class TimerLanes {
 public:
  // Arms `node` for `now + after`; re-arms it when it already is. `now` never decreases from call to call.
  void arm(TimerNode& node, Timer timer, std::chrono::milliseconds after, TimePoint now);
  void disarm(TimerNode& node);
  // The earliest node due at `now`, disarmed; nothing when none is. Equal deadlines fire in no promised order.
  TimerNode* popDue(TimePoint now);
  std::optional<TimePoint> nextDeadline() const;

 private:
  struct Lane {
    std::chrono::milliseconds duration{};
    TimerNode* first = nullptr;
    TimerNode* last = nullptr;
  };

  std::uint8_t laneFor(std::chrono::milliseconds duration);
  const Lane* earliest() const;

  std::vector<Lane> lanes_;
};

}  // namespace sallyport::sip
