// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which packet indices were seen (RFC 3711 3.3.2): the highest, and a bit for each of the kSpan up to it,
// kept as a ring of words so that moving on costs no shift (RFC 6479). Part of a SourceTable.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport::media {

enum class Seen : std::uint8_t { never, before, tooOld };

template <std::size_t kSpan>
class ReplayWindow {
  static_assert(kSpan % 64 == 0);
  static constexpr std::uint64_t kWords = kSpan / 64 + 1;  // one more, so that kSpan holds at any alignment

 public:
  bool started() const { return next_ != 0; }
  // Meaningful once started.
  std::uint64_t highest() const { return next_ - 1; }
  bool isNewest(std::uint64_t index) const { return index >= next_; }

  Seen look(std::uint64_t index) const {
    if (isNewest(index)) return Seen::never;
    if (highest() - index >= kSpan) return Seen::tooOld;
    return (words_[(index / 64) % kWords] >> (index % 64) & 1) != 0 ? Seen::before : Seen::never;
  }

  // `index` was looked up and never seen.
  void mark(std::uint64_t index) {
    if (isNewest(index)) {
      const auto from = started() ? highest() / 64 : 0;
      const auto steps = std::min(index / 64 - from, kWords);
      for (std::uint64_t step = 1; step <= steps; ++step) words_[(from + step) % kWords] = 0;
      next_ = index + 1;
    }
    words_[(index / 64) % kWords] |= std::uint64_t{1} << (index % 64);
  }

  // Everything up to `index` counts as seen; never moves back.
  void continueAfter(std::uint64_t index) {
    if (!isNewest(index)) return;
    next_ = index + 1;
    words_.fill(~std::uint64_t{0});
  }

 private:
  std::uint64_t next_ = 0;  // highest + 1; 0: nothing seen
  std::array<std::uint64_t, kWords> words_{};
};

}  // namespace sallyport::media
