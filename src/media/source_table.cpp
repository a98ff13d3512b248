// SPDX-License-Identifier: Apache-2.0
#include "media/source_table.h"

#include <algorithm>

#include "core/check.h"

namespace sallyport::media {
namespace {

constexpr std::uint32_t kHalfSequence = 1u << 15;
constexpr std::uint64_t kLastRollover = 0xFFFF'FFFF;

}  // namespace

std::optional<std::uint64_t> Source::estimateIndex(std::uint16_t sequence) const {
  if (!rtp.started()) return sequence;
  const auto highest = rtp.highest();
  auto rollover = highest >> 16;
  const auto last = static_cast<std::uint32_t>(highest & 0xFFFF);
  if (last < kHalfSequence) {
    if (sequence > last + kHalfSequence && rollover > 0) --rollover;
  } else if (last - kHalfSequence > sequence) {
    if (rollover == kLastRollover) return std::nullopt;
    ++rollover;
  }
  return rollover << 16 | sequence;
}

std::optional<Source> SourceTable::recall(std::uint32_t ssrc) const {
  Source source;
  source.ssrc = ssrc;
  const auto* const end = retired_.data() + retired_count_;
  const auto* const found = std::find_if(retired_.data(), end, [&](const Retired& r) { return r.ssrc == ssrc; });
  if (found == end) {
    if (live_count_ == kLive && retired_count_ == kRetired) return std::nullopt;
    return source;
  }
  if (found->rtp_next != 0) source.rtp.continueAfter(found->rtp_next - 1);
  if (found->rtcp_next != 0) source.rtcp.continueAfter(found->rtcp_next - 1);
  return source;
}

Source& SourceTable::admit(const Source& source) {
  auto* const end = retired_.data() + retired_count_;
  auto* const was = std::find_if(retired_.data(), end, [&](const Retired& r) { return r.ssrc == source.ssrc; });
  if (was != end) *was = retired_[--retired_count_];

  Source* place = &live_[live_count_ < kLive ? live_count_ : 0];
  if (live_count_ < kLive) {
    ++live_count_;
  } else {
    place = std::min_element(live_.begin(), live_.end(), [](const auto& a, const auto& b) { return a.used < b.used; });
    SP_CHECK(retired_count_ < kRetired);
    retired_[retired_count_++] = {place->ssrc,
                                  place->rtcp.started() ? static_cast<std::uint32_t>(place->rtcp.highest() + 1) : 0,
                                  place->rtp.started() ? place->rtp.highest() + 1 : 0};
  }
  *place = source;
  touch(*place);
  return *place;
}

}  // namespace sallyport::media
