// SPDX-License-Identifier: Apache-2.0
#pragma once
// Linear audio as a value: mono, 16 bit, at a named rate.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sallyport::audio {

using Samples = std::span<const std::int16_t>;
using MutableSamples = std::span<std::int16_t>;

// What one RTP packet carries unless something else was agreed, and one tick of a phone's media timer plays.
inline constexpr std::chrono::milliseconds kFrame{20};
constexpr std::size_t frameSamples(unsigned rate) { return rate / 50; }

struct Pcm {
  unsigned rate = 8'000;  // samples per second
  std::vector<std::int16_t> samples;

  std::chrono::milliseconds duration() const {
    return std::chrono::milliseconds{static_cast<std::int64_t>(samples.size()) * 1'000 / rate};
  }
};

constexpr std::int16_t saturate(double value) {
  if (value >= 32'767.0) return 32'767;
  if (value <= -32'768.0) return -32'768;
  return static_cast<std::int16_t>(value < 0 ? value - 0.5 : value + 0.5);
}

}  // namespace sallyport::audio
