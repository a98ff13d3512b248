// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which events become lines: a token bucket per code. Pure: time is an argument. Internal to telemetry.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace sallyport::telemetry {

class EventGate {
 public:
  struct Decision {
    bool admitted = false;
    std::uint64_t suppressed = 0;  // held back since the last admitted one of this code
  };
  struct Held {
    std::string code;
    std::uint64_t count = 0;
  };

  EventGate(unsigned events_per_second, unsigned burst) : rate_(events_per_second), burst_(burst) {}

  Decision judge(std::string_view code, TimePoint now);

  // Codes that fell silent while events of theirs were held back; each is told once.
  std::vector<Held> takeHeld(TimePoint now);
  std::vector<Held> takeAllHeld();

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint refilled{};
    TimePoint last{};
    std::uint64_t suppressed = 0;
  };

  Bucket& bucketOf(std::string_view code, TimePoint now);

  double rate_;
  double burst_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace sallyport::telemetry
