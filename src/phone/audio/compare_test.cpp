// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/compare.h"

#include <gtest/gtest.h>

#include <random>

#include "phone/audio/resampler.h"
#include "phone/audio/tone.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

const Pcm kSpeech = generateTone({}, 8'000, 6s);

Pcm delayed(Pcm pcm, std::chrono::milliseconds by) {
  pcm.samples.insert(pcm.samples.begin(), static_cast<std::size_t>(by.count()) * pcm.rate / 1'000, 0);
  return pcm;
}

Pcm without(Pcm pcm, std::chrono::milliseconds from, std::chrono::milliseconds length) {
  const auto at = [&](std::chrono::milliseconds t) { return pcm.samples.begin() + t.count() * pcm.rate / 1'000; };
  std::fill(at(from), at(from + length), std::int16_t{0});
  return pcm;
}

Pcm noise(std::size_t samples, double level) {
  std::mt19937 random{7};
  std::normal_distribution<double> draw{0, level};
  Pcm pcm{8'000, {}};
  for (std::size_t i = 0; i < samples; ++i) pcm.samples.push_back(saturate(draw(random)));
  return pcm;
}

bool same(const AudioComparison& comparison, std::optional<sdp::Codec> codec = {}) {
  return judge(comparison, thresholdsFor(codec)).passed();
}

TEST(Compare, ARecordingIsLikeItself) {
  const auto result = compareAudio(kSpeech, kSpeech);
  ASSERT_TRUE(result);
  EXPECT_GT(result->correlation, 0.9999);
  EXPECT_NEAR(result->delay_ms, 0, 0.01);
  EXPECT_NEAR(result->gain_db, 0, 0.01);
  EXPECT_GT(result->snr_db, 50);
  EXPECT_EQ(result->missing_ms, 0);
  EXPECT_TRUE(same(*result, sdp::Codec::pcmu));
}

TEST(Compare, FindsTheDelay) {
  const auto result = compareAudio(kSpeech, delayed(kSpeech, 137ms));
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->delay_ms, 137, 0.2);
  EXPECT_GT(result->correlation, 0.999);
}

TEST(Compare, FindsThatTheRecordingBeganLater) {
  Pcm heard = kSpeech;
  heard.samples.erase(heard.samples.begin(), heard.samples.begin() + 8'000);
  const auto result = compareAudio(kSpeech, heard);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->delay_ms, -1'000, 0.2);
  EXPECT_NEAR(result->coverage, 5.0 / 6, 0.01);
  EXPECT_TRUE(same(*result));
}

TEST(Compare, FitsTheGain) {
  Pcm heard = kSpeech;
  for (auto& sample : heard.samples) sample = static_cast<std::int16_t>(sample / 2);
  const auto result = compareAudio(kSpeech, heard);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->gain_db, -6.02, 0.1);
  EXPECT_GT(result->correlation, 0.999);
}

TEST(Compare, MeasuresTheNoise) {
  Pcm heard = kSpeech;
  const auto hiss = noise(heard.samples.size(), 300);
  double signal = 0;
  for (std::size_t i = 0; i < heard.samples.size(); ++i) {
    signal += static_cast<double>(heard.samples[i]) * heard.samples[i];
    heard.samples[i] = saturate(heard.samples[i] + hiss.samples[i]);
  }
  const double expected = 10 * std::log10(signal / static_cast<double>(heard.samples.size()) / (300.0 * 300.0));
  const auto result = compareAudio(kSpeech, heard);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->snr_db, expected, 0.7);
}

TEST(Compare, CountsAHole) {
  const auto result = compareAudio(kSpeech, without(kSpeech, 2s, 600ms));
  ASSERT_TRUE(result);
  EXPECT_GT(result->missing_ms, 300);
  EXPECT_LE(result->missing_ms, 640);
  EXPECT_FALSE(same(*result));
}

TEST(Compare, FollowsAShiftInMidCall) {
  Pcm heard = kSpeech;
  heard.samples.insert(heard.samples.begin() + 3 * 8'000, 320, 0);  // 40 ms more delay from there on
  const auto result = compareAudio(kSpeech, heard);
  ASSERT_TRUE(result);
  EXPECT_GT(result->correlation, 0.97);
  EXPECT_NEAR(result->delay_spread_ms, 40, 2);
  EXPECT_LE(result->missing_ms, 60);
}

TEST(Compare, OtherSpeechIsNotTheSameAudio) {
  const auto result = compareAudio(kSpeech, generateTone({{}, 2}, 8'000, 6s));
  ASSERT_TRUE(result);
  EXPECT_LT(result->correlation, 0.8);
  EXPECT_FALSE(same(*result));
}

TEST(Compare, NoiseIsNotTheSameAudio) {
  const auto result = compareAudio(kSpeech, noise(48'000, 3'000));
  ASSERT_TRUE(result);
  EXPECT_LT(result->correlation, 0.5);
  EXPECT_FALSE(same(*result));
}

TEST(Compare, AFractionOfTheAudioIsNotEnough) {
  Pcm heard = kSpeech;
  heard.samples.resize(2 * 8'000);
  const auto result = compareAudio(kSpeech, heard);
  ASSERT_TRUE(result);
  const auto verdict = judge(*result, thresholdsFor({}));
  ASSERT_EQ(verdict.complaints.size(), 1U);
  EXPECT_NE(verdict.complaints[0].find("inside the recording"), std::string::npos);
}

TEST(Compare, DifferentRatesAreComparedAtTheLower) {
  const auto result = compareAudio(kSpeech, resampled(kSpeech, 48'000));
  ASSERT_TRUE(result);
  EXPECT_GT(result->correlation, 0.99);
  EXPECT_NEAR(result->delay_ms, 0, 0.2);
}

TEST(Compare, ASteadyToneDoesNotWanderByPeriods) {
  const auto tone = generateTone({{440}, 1}, 48'000, 3s);
  const auto result = compareAudio(tone, tone);
  ASSERT_TRUE(result);
  EXPECT_LT(result->delay_spread_ms, 0.1);
  EXPECT_NEAR(result->delay_ms, 0, 0.1);
}

TEST(Compare, RefusesWhatCannotBeCompared) {
  const Pcm silence{8'000, std::vector<std::int16_t>(16'000)};
  const Pcm brief{8'000, std::vector<std::int16_t>(1'000)};
  const Pcm endless{8'000, std::vector<std::int16_t>(8'000 * 481)};
  EXPECT_STREQ(compareAudio(silence, kSpeech).error().code, "phone.compare.silent");
  EXPECT_STREQ(compareAudio(kSpeech, silence).error().code, "phone.compare.nothing_heard");
  EXPECT_STREQ(compareAudio(kSpeech, brief).error().code, "phone.compare.too_short");
  EXPECT_STREQ(compareAudio(brief, kSpeech).error().code, "phone.compare.too_short");
  EXPECT_STREQ(compareAudio(kSpeech, endless).error().code, "phone.compare.too_long");
}

}  // namespace
}  // namespace sallyport::phone
