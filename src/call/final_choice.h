// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of several final answers is the best when nobody took the call (RFC 3261 16.7 step 6). Pure.

#include <cstddef>
#include <span>

namespace sallyport::call {

// The index of the best of at least one status between 300 and 699: a 6xx before all others, then the lowest class;
// within 4xx first what helps the caller to try again (401, 407, 415, 420, 484); otherwise the earliest.
std::size_t bestFinal(std::span<const int> statuses);

}  // namespace sallyport::call
