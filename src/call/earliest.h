// SPDX-License-Identifier: Apache-2.0
#pragma once
// The first of two moments that may never come.

#include <algorithm>
#include <optional>

#include "core/clock.h"

namespace sallyport::call {

inline std::optional<TimePoint> earliest(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace sallyport::call
