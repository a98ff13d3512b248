// SPDX-License-Identifier: Apache-2.0
#include "media/source_table.h"

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

std::size_t SourceTable::placeOf(std::uint32_t ssrc) const {
  std::size_t place = 0;
  while (place < retired_count_ && more_->retired[place].ssrc != ssrc) ++place;
  return place;
}

std::optional<Source> SourceTable::recall(std::uint32_t ssrc) const {
  Source source;
  source.ssrc = ssrc;
  const auto place = placeOf(ssrc);
  if (place == retired_count_) {
    if (live_count_ == kLive && retired_count_ == kRetired) return std::nullopt;
    return source;
  }
  const auto& found = more_->retired[place];
  if (found.rtp_next != 0) source.rtp.continueAfter(found.rtp_next - 1);
  if (found.rtcp_next != 0) source.rtcp.continueAfter(found.rtcp_next - 1);
  return source;
}

Source& SourceTable::leastRecentlyUsed() {
  auto* place = &first_;
  for (auto& source : more_->live) {
    if (source.used < place->used) place = &source;
  }
  return *place;
}

void SourceTable::retire(const Source& source) {
  SP_CHECK(retired_count_ < kRetired);
  more_->retired[retired_count_++] = {source.ssrc,
                                      source.rtcp.started() ? static_cast<std::uint32_t>(source.rtcp.highest() + 1) : 0,
                                      source.rtp.started() ? source.rtp.highest() + 1 : 0};
}

Source& SourceTable::admit(const Source& source) {
  if (const auto was = placeOf(source.ssrc); was != retired_count_) {
    more_->retired[was] = more_->retired[--retired_count_];
  }
  if (live_count_ == 1) more_ = std::make_unique<More>();
  auto* place = live_count_ < kLive ? &at(live_count_) : &leastRecentlyUsed();
  if (live_count_ < kLive) {
    ++live_count_;
  } else {
    retire(*place);
  }
  *place = source;
  touch(*place);
  return *place;
}

}  // namespace sallyport::media
