// SPDX-License-Identifier: Apache-2.0
#include "identity/key_refresh.h"

#include "identity/token_test_support.h"

namespace sallyport::identity {
namespace {

using namespace std::chrono_literals;
using News = KeyRefresh::News;

const WallTime kWall{1'800'000'000s};

class KeyRefreshTest : public ::testing::Test {
 protected:
  static std::string setNamed(std::string_view kid) { return testing::setOf({testing::jwkOf("P-256", kid)}); }
  static Result<std::string> nobodyThere() { return Error{ErrorKind::unavailable, "net.connect.refused", {}}; }
  Result<News> fetch(const Result<std::string>& what) {
    EXPECT_TRUE(refresh.begin(now));
    return refresh.end(what, kWall, now);
  }
  bool dueIn(std::chrono::seconds wait) { return refresh.begin(now + wait); }

  TimePoint now{1h};
  IssuerKeysPtr keys = std::make_shared<IssuerKeys>();
  KeyRefresh refresh{keys};
};

TEST_F(KeyRefreshTest, TheFirstFetchIsDueAtOnceAndOneIsUnderWayAtATime) {
  EXPECT_TRUE(refresh.begin(now));
  EXPECT_FALSE(refresh.begin(now + 1h));
  EXPECT_FALSE(keys->current());
  EXPECT_EQ(*refresh.end(setNamed("a"), kWall, now), News::keys);
  ASSERT_TRUE(keys->current());
  EXPECT_NE(keys->current()->find("a"), nullptr);
  EXPECT_EQ(refresh.fetched(), kWall);
}

TEST_F(KeyRefreshTest, ItIsRepeatedAtIntervalsAndTheSameSetIsNoNews) {
  (void)fetch(setNamed("a"));
  EXPECT_FALSE(dueIn(599s));
  now += 600s;
  EXPECT_EQ(*fetch(setNamed("a")), News::none);
  now += 600s;
  EXPECT_EQ(*fetch(setNamed("b")), News::keys);
  EXPECT_EQ(keys->current()->find("a"), nullptr);
}

TEST_F(KeyRefreshTest, TheLastGoodSetOutlivesEveryFailure) {
  (void)fetch(setNamed("a"));
  const std::pair<Result<std::string>, const char*> failures[] = {{nobodyThere(), "net.connect.refused"},
                                                                  {std::string{"<html>"}, "identity.jwks.malformed"},
                                                                  {std::string{"{\"keys\":[]}"}, "identity.jwks.none"}};
  now += 600s;
  for (const auto& [what, code] : failures) {
    EXPECT_STREQ(fetch(what).error().code, code);
    EXPECT_STREQ(refresh.failure()->code, code);
    EXPECT_NE(keys->current()->find("a"), nullptr);
    EXPECT_FALSE(dueIn(29s));
    now += 30s;
  }
  EXPECT_EQ(*fetch(setNamed("a")), News::none);
  EXPECT_FALSE(refresh.failure());
}

TEST_F(KeyRefreshTest, AnUnknownKeyIsLookedForSoonAndNoOftenerHoweverManyAsk) {
  (void)fetch(setNamed("a"));
  for (int i = 0; i < 1'000; ++i) keys->miss();
  EXPECT_FALSE(dueIn(9s));
  now += 10s;
  EXPECT_EQ(*fetch(setNamed("b")), News::keys);
  EXPECT_FALSE(dueIn(599s));  // they have all been looked for
  keys->miss();
  EXPECT_FALSE(dueIn(9s));
  EXPECT_TRUE(dueIn(10s));
}

}  // namespace
}  // namespace sallyport::identity
