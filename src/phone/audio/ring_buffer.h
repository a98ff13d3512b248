// SPDX-License-Identifier: Apache-2.0
#pragma once
// Samples from one thread to another, without a lock: a sound card's callback must never wait. One thread writes, one
// reads. What does not fit is refused, what is not there is not made up; both sides are told how much it was.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "phone/audio/pcm.h"

namespace sallyport::phone {

class RingBuffer {
 public:
  explicit RingBuffer(std::size_t samples) : samples_(samples) {}

  std::size_t write(Samples samples) {
    const auto written = written_.load(std::memory_order_relaxed);
    const auto free = samples_.size() - (written - read_.load(std::memory_order_acquire));
    const auto count = std::min(free, samples.size());
    for (std::size_t i = 0; i < count; ++i) samples_[(written + i) % samples_.size()] = samples[i];
    written_.store(written + count, std::memory_order_release);
    return count;
  }
  std::size_t read(MutableSamples out) {
    const auto read = read_.load(std::memory_order_relaxed);
    const auto count = std::min(written_.load(std::memory_order_acquire) - read, out.size());
    for (std::size_t i = 0; i < count; ++i) out[i] = samples_[(read + i) % samples_.size()];
    read_.store(read + count, std::memory_order_release);
    return count;
  }

 private:
  std::vector<std::int16_t> samples_;
  std::atomic<std::size_t> written_{0}, read_{0};  // since the beginning
};

}  // namespace sallyport::phone
