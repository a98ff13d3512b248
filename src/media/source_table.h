// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one key remembers of the sources (SSRCs) it has vouched for: rollover and replay state of the few
// that are live, and of those they displaced only how far each had come. A displaced source that comes
// back goes on behind that mark, so neither a replay nor a keystream reuse hides in being forgotten. When
// both lists are full no further source is taken until the next rekey. Part of a sender or receiver.
//
// One source is nearly always the only one; the room for others is taken once, with the second.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "media/replay_window.h"

namespace sallyport::media {

struct Source {
  std::uint32_t ssrc = 0;
  ReplayWindow<256> rtp;  // indices: rollover counter, then sequence number
  ReplayWindow<128> rtcp;
  std::uint64_t used = 0;  // when last, by the table's count

  // RFC 3711 3.3.1 and appendix A; nothing once the rollover counter is used up. Before the first packet,
  // and where the estimate would be negative, the counter is zero.
  std::optional<std::uint64_t> estimateIndex(std::uint16_t sequence) const;
};

class SourceTable {
 public:
  static constexpr std::size_t kLive = 4, kRetired = 20;

  Source* live(std::uint32_t ssrc) {
    if (live_count_ == 0) return nullptr;
    if (first_.ssrc == ssrc) return &first_;
    for (std::size_t i = 1; i < live_count_; ++i) {
      if (at(i).ssrc == ssrc) return &at(i);
    }
    return nullptr;
  }

  // A source that is not live, as it was when displaced, or new; nothing when the table takes no more.
  std::optional<Source> recall(std::uint32_t ssrc) const;

  // A recalled source has proven itself and becomes live; the least recently used makes room.
  Source& admit(const Source& source);

  void touch(Source& source) { source.used = ++uses_; }

 private:
  struct Retired {
    std::uint32_t ssrc = 0;
    std::uint32_t rtcp_next = 0;  // one behind the highest index; 0: none
    std::uint64_t rtp_next = 0;
  };

  struct More {
    std::array<Source, kLive - 1> live;
    std::array<Retired, kRetired> retired;
  };

  Source& at(std::size_t index) { return index == 0 ? first_ : more_->live[index - 1]; }
  Source& leastRecentlyUsed();
  std::size_t placeOf(std::uint32_t ssrc) const;  // among the retired; retired_count_ when it is none of them
  void retire(const Source& source);

  std::size_t live_count_ = 0;
  std::size_t retired_count_ = 0;
  std::uint64_t uses_ = 0;
  Source first_;
  std::unique_ptr<More> more_;  // from the second source on
};

}  // namespace sallyport::media
