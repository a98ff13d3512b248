// SPDX-License-Identifier: Apache-2.0
#pragma once
// The round trip between this relay and one peer, from RTCP that passes: a sender report that went out to
// the peer comes back named in its report blocks, with the time the peer held it (RFC 3550 6.4.1). Part of a
// relay side.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/bytes.h"
#include "core/clock.h"

namespace sallyport::media {

class RoundTripMeter {
 public:
  void onSentToPeer(Bytes clear_compound, TimePoint now);
  void onHeardFromPeer(Bytes clear_compound, TimePoint now);

  std::optional<std::chrono::microseconds> latest() const { return latest_; }

 private:
  struct SentReport {
    std::uint32_t compact_ntp = 0;
    TimePoint at{};
  };

  std::array<SentReport, 4> sent_{};
  std::size_t next_ = 0;
  std::optional<std::chrono::microseconds> latest_;
};

}  // namespace sallyport::media
