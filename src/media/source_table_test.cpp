// SPDX-License-Identifier: Apache-2.0
#include "media/source_table.h"

#include <gtest/gtest.h>

namespace sallyport::media {
namespace {

constexpr std::uint64_t indexOf(std::uint64_t rollover, std::uint16_t sequence) { return rollover << 16 | sequence; }

std::optional<std::uint64_t> estimated(std::uint64_t highest, std::uint16_t sequence) {
  Source source;
  source.rtp.continueAfter(highest);
  return source.estimateIndex(sequence);
}

// RFC 3711 appendix A, on both sides of half the numbers and at both ends of the counter.
TEST(SourceIndex, IsTheNearestToTheHighestSoFar) {
  EXPECT_EQ(Source{}.estimateIndex(65'535), 65'535u);
  EXPECT_EQ(estimated(indexOf(5, 10), 32'778), indexOf(5, 32'778));
  EXPECT_EQ(estimated(indexOf(5, 10), 32'779), indexOf(4, 32'779));
  EXPECT_EQ(estimated(indexOf(5, 40'000), 7'232), indexOf(5, 7'232));
  EXPECT_EQ(estimated(indexOf(5, 40'000), 7'231), indexOf(6, 7'231));
}

TEST(SourceIndex, IsNeverNegativeAndEndsWithTheCounter) {
  EXPECT_EQ(estimated(indexOf(0, 10), 65'000), indexOf(0, 65'000));
  EXPECT_EQ(estimated(indexOf(0xFFFF'FFFF, 65'000), 10), std::nullopt);
  EXPECT_EQ(estimated(indexOf(0xFFFF'FFFF, 65'000), 65'001), indexOf(0xFFFF'FFFF, 65'001));
}

TEST(SourceTableTest, TheOneThatWasSilentForLongestMakesRoom) {
  SourceTable table;
  for (std::uint32_t ssrc = 1; ssrc <= 4; ++ssrc) table.admit(*table.recall(ssrc));
  table.touch(*table.live(1));
  table.admit(*table.recall(5));
  EXPECT_EQ(table.live(2), nullptr);
  table.admit(*table.recall(6));
  EXPECT_EQ(table.live(3), nullptr);
  for (const std::uint32_t ssrc : {1, 4, 5, 6}) EXPECT_NE(table.live(ssrc), nullptr) << ssrc;
}

}  // namespace
}  // namespace sallyport::media
