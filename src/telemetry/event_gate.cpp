// SPDX-License-Identifier: Apache-2.0
#include "telemetry/event_gate.h"

#include <algorithm>
#include <utility>

namespace sallyport::telemetry {
namespace {

constexpr std::size_t kMostCodes = 1'024;  // far more than there are; the rest share one bucket
constexpr std::string_view kOther = "other";
constexpr std::chrono::seconds kSilence{5};

}  // namespace

EventGate::Bucket& EventGate::bucketOf(std::string_view code, TimePoint now) {
  auto found = buckets_.find(code);
  if (found == buckets_.end() && buckets_.size() >= kMostCodes) found = buckets_.find(code = kOther);
  if (found != buckets_.end()) return found->second;
  return buckets_.emplace(std::string{code}, Bucket{burst_, now, now, 0}).first->second;
}

EventGate::Decision EventGate::judge(std::string_view code, TimePoint now) {
  auto& bucket = bucketOf(code, now);
  const std::chrono::duration<double> elapsed = now - bucket.refilled;
  bucket.tokens = std::min(burst_, bucket.tokens + std::max(0.0, elapsed.count()) * rate_);
  bucket.refilled = now;
  bucket.last = now;
  if (bucket.tokens < 1) {
    ++bucket.suppressed;
    return {false, 0};
  }
  bucket.tokens -= 1;
  return {true, std::exchange(bucket.suppressed, 0)};
}

std::vector<EventGate::Held> EventGate::takeHeld(TimePoint now) {
  std::vector<Held> held;
  for (auto& [code, bucket] : buckets_) {
    if (bucket.suppressed == 0 || now - bucket.last < kSilence) continue;
    held.push_back({code, std::exchange(bucket.suppressed, 0)});
  }
  return held;
}

std::vector<EventGate::Held> EventGate::takeAllHeld() { return takeHeld(TimePoint::max()); }

}  // namespace sallyport::telemetry
