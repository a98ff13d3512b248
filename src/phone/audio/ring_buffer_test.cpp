// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/ring_buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace sallyport::phone {
namespace {

TEST(RingBuffer, GivesWhatItWasGivenInOrderAcrossItsEnd) {
  RingBuffer ring{5};
  const std::array<std::int16_t, 3> samples{1, 2, 3};
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(ring.write(samples), 3U);
    std::array<std::int16_t, 4> out{};
    ASSERT_EQ(ring.read(out), 3U);
    EXPECT_EQ(out, (std::array<std::int16_t, 4>{1, 2, 3, 0}));
  }
}

TEST(RingBuffer, RefusesWhatDoesNotFit) {
  RingBuffer ring{4};
  const std::array<std::int16_t, 3> samples{1, 2, 3};
  EXPECT_EQ(ring.write(samples), 3U);
  EXPECT_EQ(ring.write(samples), 1U);
  EXPECT_EQ(ring.write(samples), 0U);
  std::array<std::int16_t, 8> out{};
  EXPECT_EQ(ring.read(out), 4U);
  EXPECT_EQ(out[3], 1);
  EXPECT_EQ(ring.read(out), 0U);
}

TEST(RingBuffer, CarriesBetweenTwoThreadsWithoutLosingOrRepeating) {
  constexpr int kSamples = 200'000;
  RingBuffer ring{480};
  std::thread writer{[&ring] {
    for (int next = 0; next < kSamples;) {
      const auto sample = static_cast<std::int16_t>(next % 30'000);
      if (ring.write({&sample, 1}) == 1) {
        ++next;
      } else {
        std::this_thread::yield();
      }
    }
  }};
  int wrong = 0;
  std::array<std::int16_t, 160> out{};
  for (int next = 0; next < kSamples;) {
    const auto count = ring.read(out);
    if (count == 0) std::this_thread::yield();
    for (std::size_t i = 0; i < count; ++i) wrong += out[i] != next++ % 30'000;
  }
  writer.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sallyport::phone
