// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether one server of a peer is to be tried: what OPTIONS and calls say of it, as a state machine. A server
// is down after some failures in a row, or at once when it says itself for how long (Retry-After, RFC 3261
// 20.33, 21.5.4). Down ends with an answer; where nobody asks for one, after a while: then it is suspect, and
// one failure more makes it down again.
//
// Pure: time is an argument. Owned by PeerTargets.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.h"

namespace sallyport::call {

enum class TargetState : std::uint8_t { healthy, suspect, down, drained };  // drained: by the operator
std::string_view toString(TargetState state);

enum class TargetFault : std::uint8_t {
  connect,      // no connection, or not to whom we know
  timeout,      // a request without an answer: timer B or F, or 408
  unavailable,  // 503
};
std::string_view toString(TargetFault fault);  // "connect_failed", "timeout", "unavailable"

struct HealthLimits {
  unsigned failures = 2;                          // in a row, until it is down
  std::optional<std::chrono::seconds> retry{30};  // down for this long; nothing: until it answers
  std::chrono::seconds longest_retry_after{600};  // whatever it says
};

class TargetHealth {
 public:
  enum class Change : std::uint8_t { none, wentDown, cameUp };

  explicit TargetHealth(HealthLimits limits = {}) : limits_(limits) {}
  const HealthLimits& limits() const { return limits_; }
  // What is known, judged by other limits from now on.
  TargetHealth within(const HealthLimits& limits) const;

  // `retry_after`: what a 503 said.
  Change failed(TargetFault fault, TimePoint now, std::optional<std::chrono::seconds> retry_after = {});
  // An answer. A server that asked for a pause gets it, however lively it is.
  Change succeeded(TimePoint now);
  void drain() { drained_ = true; }
  void enable() { drained_ = false; }

  TargetState state(TimePoint now) const;
  // It asked to be left alone (Retry-After), not even as a last resort.
  bool paused(TimePoint now) const { return paused_until_ && now < *paused_until_; }
  // Of the last failure; nothing after a success.
  std::optional<TargetFault> fault() const { return fault_; }

 private:
  bool down(TimePoint now) const;

  HealthLimits limits_;
  unsigned failures_ = 0;
  std::optional<TargetFault> fault_;
  std::optional<TimePoint> paused_until_;
  TimePoint failed_at_{};
  bool told_down_ = false;
  bool drained_ = false;
};

}  // namespace sallyport::call
