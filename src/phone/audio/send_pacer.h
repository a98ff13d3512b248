// SPDX-License-Identifier: Apache-2.0
#pragma once
// When to send the next voice frame. Frames are due at start + n * 20 ms whatever the timer does, so sending
// neither drifts nor bursts: after a stall a few frames are sent at once and the rest of the lost time is
// skipped, with RTP timestamps that say so. Pure.

#include <cstdint>

#include "core/clock.h"
#include "phone/audio/pcm.h"

namespace sallyport::phone {

class SendPacer {
 public:
  static constexpr std::uint64_t kMostAtOnce = 5;

  explicit SendPacer(TimePoint start) : next_(start) {}

  struct Due {
    std::uint64_t skipped = 0;  // frames of time to leave out before the first of these
    std::uint64_t frames = 0;   // to send now
  };
  Due due(TimePoint now) {
    if (now < next_) return {};
    const auto behind = static_cast<std::uint64_t>((now - next_) / kFrame) + 1;
    next_ += behind * kFrame;
    return behind <= kMostAtOnce ? Due{0, behind} : Due{behind - 1, 1};
  }
  TimePoint next() const { return next_; }

 private:
  TimePoint next_;
};

}  // namespace sallyport::phone
