// SPDX-License-Identifier: Apache-2.0
#include "net/dns_cache.h"

#include <gtest/gtest.h>

namespace sallyport::net {
namespace {

using namespace std::chrono_literals;

struct DnsCacheTest : testing::Test {
  static DnsAnswer answer(std::chrono::seconds ttl) {
    DnsAnswer made;
    made.addresses = {IpAddress::v4({1, 1, 1, 1})};
    made.ttl = ttl;
    return made;
  }
  static DnsAnswer nothing(std::chrono::seconds ttl) {
    DnsAnswer made;
    made.ttl = ttl;
    return made;
  }
  bool known(std::chrono::seconds after) const { return cache.find(kQuestion, kStart + after).has_value(); }

  static inline const DnsQuestion kQuestion{"core.example", DnsType::a};
  static inline const TimePoint kStart{1h};
  DnsCache cache;
};

TEST_F(DnsCacheTest, AnAnswerIsGoodForItsTimeToLiveAndSaysWhatIsLeft) {
  EXPECT_EQ(cache.put(kQuestion, answer(300s), kStart).ttl, 300s);
  EXPECT_EQ(cache.find(kQuestion, kStart + 100s)->ttl, 200s);
  EXPECT_TRUE(known(299s));
  EXPECT_FALSE(known(300s));
}

TEST_F(DnsCacheTest, ATimeToLiveIsHeldBetweenFiveSecondsAndAnHour) {
  EXPECT_EQ(cache.put(kQuestion, answer(0s), kStart).ttl, 5s);
  EXPECT_EQ(cache.put(kQuestion, answer(86'400s), kStart).ttl, 3'600s);
}

TEST_F(DnsCacheTest, ThatThereIsNothingIsRememberedForThirtySeconds) {
  EXPECT_EQ(cache.put(kQuestion, nothing(std::chrono::seconds::max()), kStart).ttl, 30s);
  EXPECT_TRUE(known(29s));
  EXPECT_FALSE(known(30s));
}

TEST_F(DnsCacheTest, TypesOfOneNameAreRememberedApart) {
  cache.put(kQuestion, answer(300s), kStart);
  EXPECT_FALSE(cache.find({"core.example", DnsType::aaaa}, kStart));
}

// RFC 8767 4, 5.
TEST_F(DnsCacheTest, AnExpiredAnswerServesWhileNoServerAnswersAndTheServersAreLeftAloneMeanwhile) {
  cache.put(kQuestion, answer(60s), kStart);
  const auto stale = cache.fallBack(kQuestion, kStart + 100s);
  ASSERT_TRUE(stale);
  EXPECT_EQ(stale->freshness, DnsAnswer::Freshness::stale);
  EXPECT_EQ(stale->ttl, 30s);
  EXPECT_EQ(cache.find(kQuestion, kStart + 110s)->ttl, 20s);
  EXPECT_FALSE(known(130s));  // they are asked again
  EXPECT_TRUE(cache.fallBack(kQuestion, kStart + 130s));
}

TEST_F(DnsCacheTest, AStaleAnswerServesForAnHourAndNoLonger) {
  cache.put(kQuestion, answer(60s), kStart);
  EXPECT_TRUE(cache.fallBack(kQuestion, kStart + 60s + 3'599s));
  EXPECT_FALSE(known(60s + 3'600s));
  EXPECT_FALSE(cache.fallBack(kQuestion, kStart + 60s + 3'600s));
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(DnsCacheTest, WhatTheServersSayAgainIsCurrent) {
  cache.put(kQuestion, answer(60s), kStart);
  cache.fallBack(kQuestion, kStart + 100s);
  cache.put(kQuestion, answer(60s), kStart + 110s);
  EXPECT_EQ(cache.find(kQuestion, kStart + 111s)->freshness, DnsAnswer::Freshness::current);
}

TEST_F(DnsCacheTest, WhatWasNeverKnownHasNoFallback) { EXPECT_FALSE(cache.fallBack(kQuestion, kStart)); }

TEST_F(DnsCacheTest, AFullCacheLetsTheAnswerGoThatExpiresFirst) {
  DnsCache small{{.entries = 2}};
  small.put({"long.example", DnsType::a}, answer(600s), kStart);
  small.put({"short.example", DnsType::a}, answer(10s), kStart);
  small.put({"new.example", DnsType::a}, answer(300s), kStart);
  EXPECT_EQ(small.size(), 2u);
  EXPECT_TRUE(small.find({"long.example", DnsType::a}, kStart));
  EXPECT_FALSE(small.find({"short.example", DnsType::a}, kStart));
  EXPECT_TRUE(small.find({"new.example", DnsType::a}, kStart));
}

}  // namespace
}  // namespace sallyport::net
