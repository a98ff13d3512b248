// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/duration.h"

#include <gtest/gtest.h>

#include "phone/cli/json_line.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsWhatAPersonWrites) {
  EXPECT_EQ(parseDuration("5s"), 5s);
  EXPECT_EQ(parseDuration("500ms"), 500ms);
  EXPECT_EQ(parseDuration("2m"), 2min);
  EXPECT_EQ(parseDuration("7"), 7s);
  EXPECT_EQ(parseDuration("0s"), 0s);
}

TEST(Duration, RefusesTheRest) {
  for (const auto* text : {"", "s", "ms", "-1s", "1.5s", "1h", "5 s", "99999999999999999999s", "1441m"}) {
    EXPECT_FALSE(parseDuration(text)) << text;
  }
}

TEST(JsonLine, EscapesWhatAPeerMaySay) {
  EXPECT_EQ(JsonLine{}.text("a", "q\"b\\c\n\x01\x7F").str(), R"({"a":"q\"b\\c\u000a\u0001\u007f"})");
  EXPECT_EQ(jsonString("gr\xC3\xBC\xC3\x9F"), "\"gr\xC3\xBC\xC3\x9F\"");
  EXPECT_EQ(jsonString("\xFF\xC0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
  EXPECT_EQ(jsonString("\xED\xA0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
}

TEST(JsonLine, FieldsAreSeparated) {
  EXPECT_EQ(JsonLine{}.integer("a", 1).number("b", 0.5).flag("c", true).object("d", {}).str(),
            R"({"a":1,"b":0.500,"c":true,"d":{}})");
}

}  // namespace
}  // namespace sallyport::phone
