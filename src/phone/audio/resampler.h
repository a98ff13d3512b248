// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sample-rate conversion by any ratio of whole rates: a windowed-sinc low-pass at the lower of the two
// Nyquist limits, evaluated as a polyphase filter. Pure; one instance per stream.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "phone/audio/pcm.h"

namespace sallyport::phone {

inline constexpr unsigned kLowestRate = 4'000;
inline constexpr unsigned kHighestRate = 192'000;

class Resampler {
 public:
  // Rates within kLowestRate..kHighestRate.
  Resampler(unsigned from, unsigned to);

  // Appends what `in` makes possible. Output trails input by latency() input samples.
  void process(Samples in, std::vector<std::int16_t>& out);
  std::size_t latency() const { return pass_through_ ? 0 : half_width_; }

 private:
  bool pass_through_ = false;
  unsigned up_ = 1, down_ = 1;  // to/from in lowest terms
  std::size_t half_width_ = 0;  // filter reach to either side, in input samples
  std::vector<float> filter_;   // up_ phases of 2 * half_width_ taps
  std::vector<float> history_;  // input not yet used up, oldest first
  std::size_t position_ = 0;    // of the next output's window within history_
  unsigned phase_ = 0;          // of the next output, in 1/up_ of an input sample
};

// A whole recording at another rate, aligned with the original (the filter's delay removed).
Pcm resampled(const Pcm& pcm, unsigned rate);

}  // namespace sallyport::phone
