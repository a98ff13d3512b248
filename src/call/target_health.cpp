// SPDX-License-Identifier: Apache-2.0
#include "call/target_health.h"

#include <algorithm>
#include <utility>

namespace sallyport::call {

std::string_view toString(TargetState state) {
  switch (state) {
    case TargetState::healthy: return "healthy";
    case TargetState::suspect: return "suspect";
    case TargetState::down: return "down";
    case TargetState::drained: return "drained";
  }
  return "";
}

std::string_view toString(TargetFault fault) {
  switch (fault) {
    case TargetFault::connect: return "connect_failed";
    case TargetFault::timeout: return "timeout";
    case TargetFault::unavailable: return "unavailable";
  }
  return "";
}

TargetHealth TargetHealth::within(const HealthLimits& limits) const {
  auto copy = *this;
  copy.limits_ = limits;
  return copy;
}

TargetHealth::Change TargetHealth::failed(TargetFault fault, TimePoint now,
                                          std::optional<std::chrono::seconds> retry_after) {
  ++failures_;
  fault_ = fault;
  failed_at_ = now;
  if (retry_after) {
    const auto until = now + std::min(*retry_after, limits_.longest_retry_after);
    paused_until_ = std::max(paused_until_.value_or(until), until);
  }
  if (told_down_ || !down(now)) return Change::none;
  told_down_ = true;
  return Change::wentDown;
}

TargetHealth::Change TargetHealth::succeeded(TimePoint now) {
  if (paused(now)) return Change::none;
  failures_ = 0;
  fault_.reset();
  paused_until_.reset();
  return std::exchange(told_down_, false) ? Change::cameUp : Change::none;
}

bool TargetHealth::down(TimePoint now) const {
  if (paused(now)) return true;
  if (failures_ < limits_.failures) return false;
  return !limits_.retry || now < failed_at_ + *limits_.retry;
}

TargetState TargetHealth::state(TimePoint now) const {
  if (drained_) return TargetState::drained;
  if (down(now)) return TargetState::down;
  return failures_ > 0 ? TargetState::suspect : TargetState::healthy;
}

}  // namespace sallyport::call
