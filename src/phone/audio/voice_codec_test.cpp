// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/voice_codec.h"

#include <gtest/gtest.h>

#include "phone/audio/compare.h"
#include "phone/audio/tone.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using sdp::Codec;

// Through encoder and decoder; every `lose`-th packet is concealed instead (0: none).
Pcm throughCodec(Codec codec, const Pcm& pcm, std::size_t lose = 0) {
  auto encoder = *encoderFor(codec);
  auto decoder = *decoderFor(codec);
  if (lose != 0) encoder->expectLoss(20);
  const std::size_t frame = frameSamples(pcm.rate);
  std::vector<std::vector<std::uint8_t>> payloads;
  for (std::size_t at = 0; at + frame <= pcm.samples.size(); at += frame) {
    const auto payload = encoder->encode(Samples{pcm.samples}.subspan(at, frame));
    EXPECT_TRUE(payload);
    payloads.emplace_back(payload->begin(), payload->end());
  }
  Pcm out{pcm.rate, {}};
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    if (lose != 0 && i % lose == lose - 1) {
      decoder->conceal(frame, i + 1 < payloads.size() ? Bytes{payloads[i + 1]} : Bytes{}, out.samples);
    } else {
      EXPECT_EQ(decoder->samplesIn(payloads[i]), frame);
      EXPECT_TRUE(decoder->decode(payloads[i], out.samples));
    }
  }
  return out;
}

class VoiceCodecs : public testing::TestWithParam<Codec> {};
INSTANTIATE_TEST_SUITE_P(All, VoiceCodecs, testing::Values(Codec::opus, Codec::pcmu, Codec::pcma),
                         [](const auto& instance) { return std::string{sdp::toString(instance.param)}; });

TEST_P(VoiceCodecs, SpeechComesOutAsItWentIn) {
  const auto speech = generateTone({}, audioRate(GetParam()), 5s);
  const auto comparison = compareAudio(speech, throughCodec(GetParam(), speech));
  ASSERT_TRUE(comparison);
  EXPECT_TRUE(judge(*comparison, thresholdsFor(GetParam())).passed())
      << comparison->correlation << " " << comparison->segmental_snr_db << " missing " << comparison->missing_ms;
}

TEST_P(VoiceCodecs, OneFrameInTenLostIsConcealedWithoutShiftingTheRest) {
  const auto speech = generateTone({}, audioRate(GetParam()), 5s);
  const auto out = throughCodec(GetParam(), speech, 10);
  EXPECT_EQ(out.samples.size(), speech.samples.size());
  const auto comparison = compareAudio(speech, out);
  ASSERT_TRUE(comparison);
  EXPECT_GT(comparison->correlation, 0.85);
  EXPECT_LE(comparison->delay_spread_ms, 10);
}

TEST_P(VoiceCodecs, AnEmptyPayloadIsRefused) {
  auto decoder = *decoderFor(GetParam());
  std::vector<std::int16_t> out;
  EXPECT_EQ(decoder->samplesIn({}), 0U);
  const auto status = decoder->decode({}, out);
  ASSERT_FALSE(status);
  EXPECT_STREQ(status.error().code, "audio.codec.payload");
  EXPECT_TRUE(out.empty());
}

TEST_P(VoiceCodecs, ALossBeforeAnyAudioIsSilence) {
  auto decoder = *decoderFor(GetParam());
  std::vector<std::int16_t> out;
  decoder->conceal(frameSamples(audioRate(GetParam())), {}, out);
  EXPECT_EQ(out, std::vector<std::int16_t>(frameSamples(audioRate(GetParam()))));
}

TEST(OpusCodec, RedundancyRestoresALostFrameBetterThanConcealment) {
  const auto speech = generateTone({{}, 3}, 48'000, 5s);
  const auto comparison = compareAudio(speech, throughCodec(Codec::opus, speech, 5));
  ASSERT_TRUE(comparison);
  EXPECT_GT(comparison->correlation, 0.85);
}

TEST(OpusCodec, HostilePayloadsAreRefused) {
  auto decoder = *decoderFor(Codec::opus);
  std::vector<std::int16_t> out;
  const std::vector<std::vector<std::uint8_t>> hostile{
      {0x03},                    // code 3 without its frame count
      {0x03, 0x3F},              // 63 frames of 10 ms: over 120 ms
      {0x02, 0xFF, 0xFF, 0x00},  // a frame longer than the packet
      {0x01, 0x00},              // two equal frames in an odd number of octets
  };
  for (const auto& payload : hostile) EXPECT_FALSE(decoder->decode(payload, out));
  EXPECT_TRUE(out.empty());
}

TEST(G711Codec, APayloadLongerThanAnyPacketIsRefused) {
  auto decoder = *decoderFor(Codec::pcmu);
  EXPECT_EQ(decoder->samplesIn(std::vector<std::uint8_t>(961)), 0U);
}

TEST(VoiceCodec, ComfortNoiseCarriesNoVoice) {
  EXPECT_STREQ(encoderFor(Codec::comfortNoise).error().code, "audio.codec.none");
  EXPECT_STREQ(decoderFor(Codec::telephoneEvent).error().code, "audio.codec.none");
}

}  // namespace
}  // namespace sallyport::phone
