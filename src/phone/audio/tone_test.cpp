// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/tone.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

TEST(Tone, ReadsWhatAPersonWrites) {
  EXPECT_EQ(parseTone("440")->frequencies, std::vector<unsigned>{440});
  EXPECT_EQ(parseTone("697+1209")->frequencies, (std::vector<unsigned>{697, 1'209}));
  EXPECT_TRUE(parseTone("speech")->frequencies.empty());
  EXPECT_EQ(parseTone("speech:7")->seed, 7U);
}

TEST(Tone, RefusesWhatItCannotPlay) {
  for (const auto* text : {"", "0", "49", "4000", "-440", "440+", "+440", "440 ", "a", "speech:", "speech:x",
                           "100+200+300+400+500+600+700+800+900"}) {
    const auto tone = parseTone(text);
    ASSERT_FALSE(tone) << text;
    EXPECT_STREQ(tone.error().code, "phone.tone.malformed");
  }
}

TEST(Tone, TheSameSeedIsTheSameSpeechAndAnotherIsNot) {
  EXPECT_EQ(generateTone({{}, 5}, 8'000, 1s).samples, generateTone({{}, 5}, 8'000, 1s).samples);
  EXPECT_NE(generateTone({{}, 5}, 8'000, 1s).samples, generateTone({{}, 6}, 8'000, 1s).samples);
}

TEST(Tone, SpeechIsAudibleAndDoesNotClip) {
  const auto speech = generateTone({}, 48'000, 10s);
  const auto [low, high] = std::minmax_element(speech.samples.begin(), speech.samples.end());
  EXPECT_GT(*high, 4'000);
  EXPECT_LT(*high, 32'767);
  EXPECT_GT(*low, -32'768);
}

}  // namespace
}  // namespace sallyport::phone
