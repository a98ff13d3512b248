// SPDX-License-Identifier: Apache-2.0
#include "media/round_trip_meter.h"

#include "media/rtcp.h"

namespace sallyport::media {

void RoundTripMeter::onSentToPeer(Bytes clear_compound, TimePoint now) {
  RtcpReader reader{clear_compound};
  while (const auto packet = reader.next()) {
    const auto info = senderInfoOf(*packet);
    if (!info) continue;
    sent_[next_] = {compactNtp(info->ntp_time), now};
    next_ = (next_ + 1) % sent_.size();
  }
}

void RoundTripMeter::onHeardFromPeer(Bytes clear_compound, TimePoint now) {
  RtcpReader reader{clear_compound};
  while (const auto packet = reader.next()) {
    for (std::size_t number = 0; const auto block = reportBlockOf(*packet, number); ++number) {
      for (const auto& sent : sent_) {
        if (block->last_report == 0 || block->last_report != sent.compact_ntp) continue;
        const auto held = std::chrono::microseconds{std::uint64_t{block->delay_since_last_report} * 1'000'000 / 65'536};
        const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - sent.at);
        if (passed >= held) latest_ = passed - held;
      }
    }
  }
}

}  // namespace sallyport::media
