// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether one server of a peer is to be tried: what OPTIONS and calls say of it, as a state machine. A server
// is down after two failures in a row, or at once when it says itself for how long (Retry-After, RFC 3261
// 20.33); down ends with a success, or after a while, when it is suspect: one failure more and it is down again.
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
// "connect_failed", "timeout", "unavailable"
std::string_view toString(TargetFault fault);

struct HealthLimits {
  unsigned failures = 2;                          // in a row, until it is down
  std::chrono::seconds down{30};                  // then it is tried again
  std::chrono::seconds longest_retry_after{600};  // whatever it says
};

class TargetHealth {
 public:
  enum class Change : std::uint8_t { none, wentDown, cameUp };

  explicit TargetHealth(HealthLimits limits = {}) : limits_(limits) {}

  // `retry_after`: what a 503 said.
  Change failed(TargetFault fault, TimePoint now, std::optional<std::chrono::seconds> retry_after = {});
  // An answer. One that asked for a pause is left alone until that is over, however lively it is.
  Change succeeded(TimePoint now);
  void drain() { drained_ = true; }
  void enable() { drained_ = false; }

  TargetState state(TimePoint now) const;
  // Of the last failure; nothing after a success.
  std::optional<TargetFault> fault() const { return fault_; }

 private:
  HealthLimits limits_;
  unsigned failures_ = 0;
  std::optional<TargetFault> fault_;
  TimePoint down_until_{};
  bool down_ = false;    // since the last change that was told
  bool paused_ = false;  // down by its own word
  bool drained_ = false;
};

}  // namespace sallyport::call
