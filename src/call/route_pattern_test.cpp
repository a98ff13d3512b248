// SPDX-License-Identifier: Apache-2.0
#include "call/route_pattern.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sallyport::call {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto compiled = RoutePattern::compile(pattern);
  EXPECT_TRUE(compiled) << pattern;
  return compiled && compiled->matches(text);
}

std::string refusal(std::string_view pattern) {
  const auto compiled = RoutePattern::compile(pattern);
  return compiled ? "taken" : compiled.error().code;
}

TEST(RoutePattern, TheWholeTextMustMatch) {
  EXPECT_TRUE(matches("911", "911"));
  EXPECT_FALSE(matches("911", "+49911"));
  EXPECT_FALSE(matches("911", "9110"));
  EXPECT_FALSE(matches("a|b", "ab"));
}

TEST(RoutePattern, AnchorsAtTheEndsMeanNothingMore) {
  EXPECT_TRUE(matches("^911$", "911"));
  EXPECT_FALSE(matches("^911", "9110"));
  EXPECT_TRUE(matches("cost\\$", "cost$"));
  EXPECT_TRUE(matches("back\\\\$", "back\\"));
}

TEST(RoutePattern, ReadsNumbersWithBounds) {
  EXPECT_TRUE(matches("\\+49[1-9][0-9]{2,10}", "+4930123456"));
  EXPECT_FALSE(matches("\\+49[1-9][0-9]{2,10}", "+49301234567890"));
  EXPECT_FALSE(matches("\\+49[1-9][0-9]{2,10}", "+49030123"));
  EXPECT_TRUE(matches("\\d{3}", "112"));
  EXPECT_FALSE(matches("\\d{3}", "1122"));
  EXPECT_TRUE(matches("1{2,}", "1111"));
  EXPECT_FALSE(matches("1{2,}", "1"));
  EXPECT_TRUE(matches("1{0}2", "2"));
}

TEST(RoutePattern, ReadsChoicesGroupsAndRepeats) {
  EXPECT_TRUE(matches("(sales|support)(-[a-z]+)?", "sales"));
  EXPECT_TRUE(matches("(sales|support)(-[a-z]+)?", "support-eu"));
  EXPECT_FALSE(matches("(sales|support)(-[a-z]+)?", "support-"));
  EXPECT_TRUE(matches("(ab)*c", "ababc"));
  EXPECT_TRUE(matches("(ab)*c", "c"));
  EXPECT_TRUE(matches("a(|b)c", "ac"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
}

TEST(RoutePattern, ReadsSets) {
  EXPECT_TRUE(matches("[^0-9]+", "alice"));
  EXPECT_FALSE(matches("[^0-9]+", "alice1"));
  EXPECT_TRUE(matches("[a-]+", "a-a"));
  EXPECT_TRUE(matches("[\\]\\d]+", "]7"));
  EXPECT_TRUE(matches("[.*+]+", ".*+"));
  EXPECT_FALSE(matches("[.]", "x"));
}

TEST(RoutePattern, ADotIsAnyByteAndCaseMatters) {
  EXPECT_TRUE(matches("b.b",
                      "b\xC3"
                      "b"));
  EXPECT_FALSE(matches("bob", "Bob"));
}

TEST(RoutePattern, TakesNoLongerForWhatOthersChokeOn) {
  const std::string text(RoutePattern::kMaxText, 'a');
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(matches("(a*)*b", text));
  EXPECT_FALSE(matches("(a|a)*b", text));
  EXPECT_FALSE(matches("(a?){64}(a?){64}a{64}b", text));
  EXPECT_FALSE(matches("((a+)+)+b", text));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{2});
}

TEST(RoutePattern, ATextThatIsTooLongMatchesNothing) {
  EXPECT_TRUE(matches(".*", std::string(RoutePattern::kMaxText, '1')));
  EXPECT_FALSE(matches(".*", std::string(RoutePattern::kMaxText + 1, '1')));
}

TEST(RoutePatternRefused, WhenItIsTooLongOrTooBig) {
  EXPECT_EQ(refusal(std::string(RoutePattern::kMaxPattern, 'a')), "taken");
  EXPECT_EQ(refusal(std::string(RoutePattern::kMaxPattern + 1, 'a')), "call.pattern.too_long");
  EXPECT_EQ(refusal("((a{64}){64}){64}"), "call.pattern.too_big");
  EXPECT_EQ(refusal("(((((((){64}){64}){64}){64}){64}){64}){64}"), "call.pattern.too_big");
}

TEST(RoutePatternRefused, WhenParenthesesDoNotMatch) {
  EXPECT_EQ(refusal("(a"), "call.pattern.group");
  EXPECT_EQ(refusal("a)"), "call.pattern.group");
}

TEST(RoutePatternRefused, WhenASetIsNone) {
  for (const auto* pattern : {"[", "[]", "[^]", "[a", "[z-a]", "a]", "[[:digit:]]"}) {
    EXPECT_EQ(refusal(pattern), "call.pattern.set") << pattern;
  }
}

TEST(RoutePatternRefused, WhenARepeatIsNone) {
  for (const auto* pattern : {"*a", "a|+", "?", "{2}", "a}", "a**", "a+?", "a{2}{3}", "a{", "a{}", "a{x}", "a{3,2}",
                              "a{65}", "a{1,65}", "a{,3}", "a{-1}"}) {
    EXPECT_EQ(refusal(pattern), "call.pattern.repeat") << pattern;
  }
}

TEST(RoutePatternRefused, WhenAnAnchorStandsInside) {
  EXPECT_EQ(refusal("a^b"), "call.pattern.anchor");
  EXPECT_EQ(refusal("(^a)"), "call.pattern.anchor");
  EXPECT_EQ(refusal("a$b"), "call.pattern.anchor");
}

TEST(RoutePatternRefused, WhenAnEscapeSaysNothingWeKnow) {
  EXPECT_EQ(refusal("\\w+"), "call.pattern.escape");
  EXPECT_EQ(refusal("(a)\\1"), "call.pattern.escape");
  EXPECT_EQ(refusal("a\\"), "call.pattern.escape");
}

TEST(RoutePatternRefused, WhenItHoldsAControlCharacter) {
  EXPECT_EQ(refusal("a\nb"), "call.pattern.character");
  EXPECT_EQ(refusal(std::string_view{"a\0b", 3}), "call.pattern.character");
}

}  // namespace
}  // namespace sallyport::call
