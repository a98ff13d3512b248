// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cross-correlation of two signals by FFT. Pure.

#include <cstddef>
#include <span>

namespace sallyport::phone {

// The lag at which `heard` is most like `played`: heard[i + lag] ~ played[i], in samples, from
// -(played.size() - 1) to heard.size() - 1. Both non-empty and at most 2^22 samples.
std::ptrdiff_t likeliestLag(std::span<const float> played, std::span<const float> heard);

}  // namespace sallyport::phone
