// SPDX-License-Identifier: Apache-2.0
#include "telemetry/text.h"

#include <gtest/gtest.h>

namespace sallyport::telemetry {
namespace {

using namespace std::chrono_literals;

std::string json(std::string_view text) {
  std::string out;
  appendJsonString(out, text);
  return out;
}

TEST(JsonString, KeepsOrdinaryTextAsItIs) { EXPECT_EQ(json("Grüße 😀 \xe6\x97\xa5"), "\"Grüße 😀 \xe6\x97\xa5\""); }

TEST(JsonString, EscapesWhatCouldEndALineOrMoveACursor) {
  EXPECT_EQ(json("a\r\nb"), R"("a\u000d\nb")");
  EXPECT_EQ(json("\x1b[31m"), R"("\u001b[31m")");
  EXPECT_EQ(json("\xc2\x9b"), R"("\u009b")");      // C1 CSI
  EXPECT_EQ(json("\xe2\x80\xa8"), R"("\u2028")");  // line separator
  EXPECT_EQ(json("\xe2\x80\xae"), R"("\u202e")");  // right-to-left override
  EXPECT_EQ(json(std::string_view{"\0", 1}), R"("\u0000")");
  EXPECT_EQ(json("\x7f"), R"("\u007f")");
  EXPECT_EQ(json("\"\\"), R"("\"\\")");
}

// RFC 3629: overlong forms, surrogates, truncated and stray bytes, and what is above U+10FFFF.
TEST(ValidUtf8, ReplacesEveryByteThatIsNotUtf8) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(validUtf8("\xff"), mark);
  EXPECT_EQ(validUtf8("a\x80z"), "a" + mark + "z");
  EXPECT_EQ(validUtf8("\xc0\xaf"), mark + mark);
  EXPECT_EQ(validUtf8("\xe0\x80\xaf"), mark + mark + mark);
  EXPECT_EQ(validUtf8("\xed\xa0\x80"), mark + mark + mark);
  EXPECT_EQ(validUtf8("\xf4\x90\x80\x80"), mark + mark + mark + mark);
  EXPECT_EQ(validUtf8("\xe2\x82"), mark + mark);
  EXPECT_EQ(validUtf8("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
}

TEST(TimeText, IsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(timeText(WallTime{0s}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(timeText(WallTime{1'800'000'000s + 7ms + 900us}), "2027-01-15T08:00:00.007Z");
}

TEST(TimeText, ComesBack) {
  const WallTime time{1'709'208'000s + 999ms};  // 2024-02-29
  EXPECT_EQ(parseTime(timeText(time)), time);
}

TEST(TimeText, RefusesEveryOtherForm) {
  for (const auto* text : {"", "2027-01-15", "2027-01-15T08:00:00Z", "2027-01-15 08:00:00.007Z",
                           "2027-13-15T08:00:00.007Z", "2027-02-29T08:00:00.007Z", "2027-01-15T24:00:00.007Z",
                           "2027-01-15T08:00:61.007Z", "+027-01-15T08:00:00.007Z", "2027-01-15T08:00:00.007z"}) {
    EXPECT_FALSE(parseTime(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::telemetry
