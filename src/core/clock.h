// SPDX-License-Identifier: Apache-2.0
#pragma once
// Time is an argument. Rooms without I/O take a TimePoint; only the shell owns a Clock.

#include <chrono>

namespace sallyport {

using TimePoint = std::chrono::steady_clock::time_point;  // for deadlines and intervals
using WallTime = std::chrono::system_clock::time_point;   // for certificates, logs and records

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint steady() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint steady() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

// For tests: stands still until told to move.
class FakeClock final : public Clock {
 public:
  TimePoint steady() const override { return TimePoint{elapsed_}; }
  WallTime wall() const override { return wall_start_ + std::chrono::duration_cast<WallTime::duration>(elapsed_); }
  void advance(std::chrono::nanoseconds by) { elapsed_ += by; }
  void startAt(WallTime wall) { wall_start_ = wall; }

 private:
  std::chrono::nanoseconds elapsed_{std::chrono::hours{1}};
  WallTime wall_start_{std::chrono::seconds{1'800'000'000}};
};

}  // namespace sallyport
