// SPDX-License-Identifier: Apache-2.0
#include "audio/g711.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sallyport::audio {
namespace {

// Values of ITU-T G.711 tables 1a and 2a: the positive extremes, and zero.
TEST(G711, KnownCodesOfTheStandard) {
  EXPECT_EQ(muLawFrom(0), 0xFF);
  EXPECT_EQ(muLawFrom(32'767), 0x80);
  EXPECT_EQ(muLawFrom(-32'768), 0x00);
  EXPECT_EQ(linearFromMuLaw(0x80), 32'124);
  EXPECT_EQ(linearFromMuLaw(0x00), -32'124);
  EXPECT_EQ(linearFromMuLaw(0xFF), 0);
  EXPECT_EQ(aLawFrom(0), 0xD5);
  EXPECT_EQ(aLawFrom(-1), 0x55);
  EXPECT_EQ(aLawFrom(32'767), 0xAA);
  EXPECT_EQ(aLawFrom(-32'768), 0x2A);
  EXPECT_EQ(linearFromALaw(0xD5), 8);
  EXPECT_EQ(linearFromALaw(0x55), -8);
  EXPECT_EQ(linearFromALaw(0xAA), 32'256);
}

TEST(G711, EveryCodeSurvivesTheRoundTrip) {
  for (int code = 0; code < 256; ++code) {
    const auto octet = static_cast<std::uint8_t>(code);
    EXPECT_EQ(aLawFrom(linearFromALaw(octet)), octet);
    // mu-law has two zeros; the negative one becomes the positive one.
    if (octet != 0x7F) {
      EXPECT_EQ(muLawFrom(linearFromMuLaw(octet)), octet);
    }
  }
}

TEST(G711, TheErrorStaysWithinHalfAStepOfTheSegment) {
  for (int linear = -32'768; linear <= 32'767; ++linear) {
    const auto sample = static_cast<std::int16_t>(linear);
    const int limit = std::max(16, std::abs(linear) / 16) + (std::abs(linear) > 32'124 ? 644 : 0);
    ASSERT_LE(std::abs(linearFromMuLaw(muLawFrom(sample)) - linear), limit) << linear;
    ASSERT_LE(std::abs(linearFromALaw(aLawFrom(sample)) - linear), limit) << linear;
  }
}

}  // namespace
}  // namespace sallyport::audio
