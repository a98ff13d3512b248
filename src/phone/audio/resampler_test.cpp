// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/resampler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phone/audio/compare.h"
#include "phone/audio/tone.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

double rms(const Pcm& pcm) {
  double sum = 0;
  for (const auto sample : pcm.samples) sum += static_cast<double>(sample) * sample;
  return std::sqrt(sum / static_cast<double>(pcm.samples.size()));
}

struct Rates {
  unsigned from, to;
};
class Resampling : public testing::TestWithParam<Rates> {};
INSTANTIATE_TEST_SUITE_P(Rates, Resampling,
                         testing::Values(Rates{8'000, 48'000}, Rates{48'000, 8'000}, Rates{16'000, 8'000},
                                         Rates{16'000, 48'000}, Rates{44'100, 48'000}, Rates{11'025, 8'000}),
                         [](const auto& i) {
                           return std::to_string(i.param.from) + "to" + std::to_string(i.param.to);
                         });

TEST_P(Resampling, SpeechKeepsItsShapeItsLengthAndItsPlace) {
  const auto [from, to] = GetParam();
  const auto speech = generateTone({}, from, 3s);
  const auto out = resampled(speech, to);
  EXPECT_EQ(out.samples.size(), 3U * to);
  const auto back = compareAudio(speech, out);
  ASSERT_TRUE(back);
  EXPECT_GT(back->correlation, 0.995);
  EXPECT_NEAR(back->delay_ms, 0, 0.15);
  EXPECT_NEAR(back->gain_db, 0, 0.2);
}

TEST_P(Resampling, InPiecesIsTheSameAsInOne) {
  const auto [from, to] = GetParam();
  const auto speech = generateTone({}, from, 500ms);
  std::vector<std::int16_t> whole, pieces;
  Resampler{from, to}.process(speech.samples, whole);
  Resampler resampler{from, to};
  for (std::size_t at = 0; at < speech.samples.size(); at += 37) {
    resampler.process(Samples{speech.samples}.subspan(at, std::min<std::size_t>(37, speech.samples.size() - at)),
                      pieces);
  }
  EXPECT_EQ(whole, pieces);
}

TEST(Resampler, WhatTheLowerRateCannotCarryIsRemovedNotAliased) {
  Pcm high{48'000, std::vector<std::int16_t>(48'000)};
  for (std::size_t i = 0; i < high.samples.size(); ++i) {
    high.samples[i] = saturate(10'000 * std::sin(2 * 3.14159265358979 * 5'000 * static_cast<double>(i) / 48'000));
  }
  Pcm low = resampled(high, 8'000);
  low.samples = {low.samples.begin() + 200, low.samples.end() - 200};  // the tone's own beginning and end are broad
  EXPECT_LT(rms(low), rms(high) / 1'000);
}

}  // namespace
}  // namespace sallyport::phone
