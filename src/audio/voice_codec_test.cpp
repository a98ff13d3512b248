// SPDX-License-Identifier: Apache-2.0
#include "audio/voice_codec.h"

#include <gtest/gtest.h>

namespace sallyport::audio {
namespace {

constexpr unsigned kRate = 8'000;
constexpr std::size_t kTenMs = kRate / 100;

class VoiceCodecs : public testing::TestWithParam<VoiceCodec> {
 protected:
  std::unique_ptr<VoiceEncoder> encoder_ = *VoiceEncoder::create(GetParam(), kRate);
  std::unique_ptr<VoiceDecoder> decoder_ = *VoiceDecoder::create(GetParam(), kRate);
};
INSTANTIATE_TEST_SUITE_P(All, VoiceCodecs, testing::Values(VoiceCodec::opus, VoiceCodec::pcmu, VoiceCodec::pcma),
                         [](const auto& instance) { return std::string{toString(instance.param)}; });

TEST_P(VoiceCodecs, AFrameOfEachPacketTimeComesBackAsLong) {
  for (const std::size_t tens : {1, 2, 4, 6}) {
    const auto payload = encoder_->encode(std::vector<std::int16_t>(tens * kTenMs, 1'000));
    ASSERT_TRUE(payload);
    EXPECT_EQ(decoder_->samplesIn(*payload), tens * kTenMs);
    std::vector<std::int16_t> out;
    ASSERT_TRUE(decoder_->decode(*payload, out));
    EXPECT_EQ(out.size(), tens * kTenMs);
  }
}

TEST_P(VoiceCodecs, AFrameOfNoPacketTimeIsRefused) {
  for (const std::size_t samples : {std::size_t{0}, kTenMs - 1, 7 * kTenMs}) {
    const auto payload = encoder_->encode(std::vector<std::int16_t>(samples));
    ASSERT_FALSE(payload) << samples;
    EXPECT_STREQ(payload.error().code, "audio.codec.frame");
  }
}

TEST_P(VoiceCodecs, ARateTheCodecDoesNotHaveIsRefused) {
  EXPECT_STREQ(VoiceEncoder::create(GetParam(), 11'025).error().code, "audio.codec.unavailable");
  EXPECT_STREQ(VoiceDecoder::create(GetParam(), 11'025).error().code, "audio.codec.unavailable");
}

TEST_P(VoiceCodecs, SixLostPacketsAtOnceAreConcealedForAsLongAsAsked) {
  std::vector<std::int16_t> out;
  decoder_->conceal(12 * kTenMs, {}, out);
  EXPECT_EQ(out.size(), 12 * kTenMs);
}

TEST(OpusCodec, FullBandFromElsewhereIsTakenAtTheRateOfTelephony) {
  const auto full = *VoiceEncoder::create(VoiceCodec::opus, 48'000);
  const auto decoder = *VoiceDecoder::create(VoiceCodec::opus, kRate);
  const auto payload = full->encode(std::vector<std::int16_t>(frameSamples(48'000)));
  ASSERT_TRUE(payload);
  EXPECT_EQ(decoder->samplesIn(*payload), frameSamples(kRate));
}

}  // namespace
}  // namespace sallyport::audio
