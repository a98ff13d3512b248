// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a run counted and timed, and the one JSON object it says in the end.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace sallyport::load {

// Latencies in microseconds up to a second, counted and not kept, so that recording costs the same always.
class Latencies {
 public:
  Latencies() : buckets_(kBuckets) {}
  void add(std::chrono::nanoseconds latency);
  std::uint64_t count() const { return count_; }
  double microseconds(double share) const;  // 0.5 is the median; 0 when there are none

 private:
  static constexpr std::size_t kBuckets = 1'000'000;
  std::vector<std::uint32_t> buckets_;  // the last one holds what is longer
  std::uint64_t count_ = 0;
};

// How many events are due by now at a steady rate, however irregularly one asks.
class Pace {
 public:
  Pace(double per_second, TimePoint start) : per_second_(per_second), start_(start) {}
  std::uint64_t due(TimePoint now) const {
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    return elapsed < 0 ? 0 : static_cast<std::uint64_t>(elapsed * per_second_) + 1;
  }

 private:
  double per_second_;
  TimePoint start_;
};

class Report {
 public:
  void add(std::string_view name, double value);
  void add(std::string_view name, std::string_view value);
  void add(std::string_view name, const std::map<std::string, std::uint64_t>& counts);
  std::string json() const { return "{" + text_ + "}"; }

 private:
  void key(std::string_view name);
  std::string text_;
};

}  // namespace sallyport::load
