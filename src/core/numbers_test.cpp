// SPDX-License-Identifier: Apache-2.0
#include "core/numbers.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(ParseUnsigned, ReadsDecimalDigitsInsideTheRange) {
  EXPECT_EQ(parseUnsigned("0", 0, 10), 0u);
  EXPECT_EQ(parseUnsigned("0010", 0, 10), 10u);
  EXPECT_EQ(parseUnsigned("18446744073709551615", 0, UINT64_MAX), UINT64_MAX);
}

TEST(ParseUnsigned, RefusesSignsSpacesHexAndWrap) {
  for (const auto* text : {"", "+1", "-1", " 1", "1 ", "0x1", "1e1", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(parseUnsigned(text, 0, UINT64_MAX)) << text;
  }
}

TEST(ParseUnsigned, RefusesOutsideTheRange) {
  EXPECT_FALSE(parseUnsigned("70", 0, 69));
  EXPECT_FALSE(parseUnsigned("0", 1, 69));
}

}  // namespace
}  // namespace sallyport
