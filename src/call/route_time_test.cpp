// SPDX-License-Identifier: Apache-2.0
#include "call/route_time.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;

RouteTimes timesOf(std::vector<std::string> spans, std::optional<std::chrono::minutes> offset = 0min) {
  auto times = RouteTimes::make({std::move(spans), offset});
  SP_CHECK(times.ok());
  return *std::move(times);
}

// 2026-11-20 is a Friday.
WallTime at(unsigned day, int hour, int minute) {
  return WallTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / std::chrono::day{day}}} +
         std::chrono::hours{hour} + std::chrono::minutes{minute};
}

TEST(RouteTimes, HoldOnTheirDaysAndHoursAtTheirOffset) {
  const auto office = timesOf({"Mon-Fri 08:00-18:00"}, 60min);
  EXPECT_FALSE(office.holdAt(at(20, 6, 59)));
  EXPECT_TRUE(office.holdAt(at(20, 7, 0)));
  EXPECT_TRUE(office.holdAt(at(20, 16, 59)));
  EXPECT_FALSE(office.holdAt(at(20, 17, 0)));
  EXPECT_FALSE(office.holdAt(at(21, 12, 0)));
}

TEST(RouteTimes, OverMidnightBelongToTheDayTheyBeganOn) {
  const auto friday_night = timesOf({"Fri 22:00-06:00"});
  EXPECT_FALSE(friday_night.holdAt(at(20, 5, 0)));
  EXPECT_TRUE(friday_night.holdAt(at(20, 22, 0)));
  EXPECT_TRUE(friday_night.holdAt(at(21, 5, 59)));
  EXPECT_FALSE(friday_night.holdAt(at(21, 6, 0)));
  EXPECT_FALSE(friday_night.holdAt(at(21, 23, 0)));
}

TEST(RouteTimes, AreAnyOfSeveralSpans) {
  const auto shop = timesOf({"Mon,Wed-Fri 09:00-12:00", "sat-SUN 10:00-24:00", "23:00-23:30"});
  EXPECT_TRUE(shop.holdAt(at(20, 9, 0)));
  EXPECT_FALSE(shop.holdAt(at(17, 9, 0))) << "Tuesday";
  EXPECT_TRUE(shop.holdAt(at(22, 23, 59)));
  EXPECT_FALSE(shop.holdAt(at(23, 0, 0)));
  EXPECT_TRUE(shop.holdAt(at(17, 23, 29)));
}

TEST(RouteTimes, ARangeOfDaysMayGoOverTheEndOfTheWeek) {
  const auto weekend = timesOf({"Fri-Mon 00:00-24:00"});
  EXPECT_TRUE(weekend.holdAt(at(22, 12, 0)));
  EXPECT_TRUE(weekend.holdAt(at(23, 12, 0)));
  EXPECT_FALSE(weekend.holdAt(at(24, 12, 0)));
}

TEST(RouteTimes, WithoutSpansAreAlways) {
  EXPECT_TRUE(RouteTimes{}.holdAt(at(20, 3, 0)));
  EXPECT_TRUE(timesOf({}, std::nullopt).holdAt(at(20, 3, 0)));
}

TEST(RouteTimes, WithoutAnOffsetAreLocal) { EXPECT_TRUE(timesOf({"00:00-24:00"}, std::nullopt).holdAt(at(20, 3, 0))); }

TEST(RouteTimes, SayThemselves) {
  EXPECT_EQ(timesOf({"Mon 08:00-09:00", "10:00-11:00"}, -210min).text(), "Mon 08:00-09:00, 10:00-11:00 at -03:30");
  EXPECT_EQ(timesOf({"10:00-11:00"}, std::nullopt).text(), "10:00-11:00");
}

TEST(RouteTimesRefused, WhenTheySayNoTime) {
  for (const auto* text :
       {"", "Mon", "Mon-Fri", "Foo 08:00-09:00", "Mon- 08:00-09:00", "08:00", "8:00-9:00", "08:00-25:00", "08:00-08:00",
        "24:00-08:00", "08:60-09:00", "08:00-24:01", "Mon  08:00-09:00", " 08:00-09:00"}) {
    const auto times = RouteTimes::make({{text}, std::nullopt});
    ASSERT_FALSE(times) << text;
    EXPECT_STREQ(times.error().code, "call.route.time");
  }
  EXPECT_FALSE(RouteTimes::make({{}, 24h}));
}

}  // namespace
}  // namespace sallyport::call
