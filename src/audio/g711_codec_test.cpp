// SPDX-License-Identifier: Apache-2.0
#include "audio/g711_codec.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sallyport::audio {
namespace {

class G711Octets : public testing::TestWithParam<Companding> {
 protected:
  std::unique_ptr<VoiceEncoder> encoder_ = makeG711Encoder(GetParam(), G711Samples::octets);
  std::unique_ptr<VoiceDecoder> decoder_ = makeG711Decoder(GetParam(), G711Samples::octets);
  std::vector<std::int16_t> samples_;
};
INSTANTIATE_TEST_SUITE_P(BothLaws, G711Octets, testing::Values(Companding::muLaw, Companding::aLaw),
                         [](const auto& instance) { return instance.param == Companding::muLaw ? "muLaw" : "aLaw"; });

TEST_P(G711Octets, EveryOctetLeavesAsItCame) {
  std::vector<std::uint8_t> payload(320);
  std::iota(payload.begin(), payload.end(), std::uint8_t{0});
  ASSERT_TRUE(decoder_->decode(payload, samples_));
  const auto left = encoder_->encode(samples_);
  ASSERT_TRUE(left);
  EXPECT_TRUE(std::equal(left->begin(), left->end(), payload.begin(), payload.end()));
}

TEST_P(G711Octets, WhatIsMadeUpIsOctetsOfTheSameLawAndFadesToSilence) {
  const auto encoder = makeG711Encoder(GetParam());
  const auto loud = encoder->encode(std::vector<std::int16_t>(160, 8'000));
  ASSERT_TRUE(decoder_->decode(*loud, samples_));
  for (int lost = 0; lost < 4; ++lost) decoder_->conceal(160, {}, samples_);
  const auto octets = *encoder_->encode(Samples{samples_}.last(480));
  std::vector<std::int16_t> heard;
  ASSERT_TRUE(makeG711Decoder(GetParam())->decode(octets, heard));
  EXPECT_GT(heard.front(), 4'000);
  EXPECT_LE(std::abs(heard.back()), 8);
}

TEST_P(G711Octets, APayloadThatIsTooLongIsRefused) {
  EXPECT_STREQ(decoder_->decode(std::vector<std::uint8_t>(961), samples_).error().code, "audio.codec.payload");
  EXPECT_TRUE(samples_.empty());
}

}  // namespace
}  // namespace sallyport::audio
