// SPDX-License-Identifier: Apache-2.0
#include "call/final_choice.h"

#include <algorithm>

namespace sallyport::call {
namespace {

// Lower is better.
int rank(int status) {
  if (status >= 600) return 0;
  const bool helps = status == 401 || status == 407 || status == 415 || status == 420 || status == 484;
  return status / 100 * 10 + (helps ? 0 : 1);
}

}  // namespace

std::size_t bestFinal(std::span<const int> statuses) {
  const auto best = std::min_element(statuses.begin(), statuses.end(), [](int a, int b) { return rank(a) < rank(b); });
  return static_cast<std::size_t>(best - statuses.begin());
}

}  // namespace sallyport::call
