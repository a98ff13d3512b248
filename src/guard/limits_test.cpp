// SPDX-License-Identifier: Apache-2.0
#include "guard/limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::guard {
namespace {

using namespace std::chrono_literals;
using Outcome = LimitTable::Outcome;

constexpr HashKey kKey{1, 2};
constexpr TimePoint kStart{std::chrono::hours{1}};

// The test vectors of the SipHash paper: key 00..0f, input 00..(n-1).
TEST(SipHash, IsTheOneOfThePaper) {
  constexpr HashKey kPaperKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string input;
  EXPECT_EQ(sipHash(kPaperKey, input), 0x726fdb47dd0e0e31u);
  for (char c = 0; c < 15; ++c) input += c;
  EXPECT_EQ(sipHash(kPaperKey, input), 0xa129ca6149be45e5u);
  EXPECT_EQ(sipHash(kPaperKey, input.substr(0, 8)), 0x93f5f5799a932462u);
}

TEST(SourceName, CountsAnIpv6SubscriberOnceAndIpv4InEitherSpelling) {
  const auto name = [](const char* text) { return sourceName(*IpAddress::parse(text)); };
  EXPECT_EQ(name("2001:db8:1:2::1"), name("2001:db8:1:2:ffff::9"));
  EXPECT_NE(name("2001:db8:1:2::1"), name("2001:db8:1:3::1"));
  EXPECT_EQ(name("192.0.2.1"), name("::ffff:192.0.2.1"));
  EXPECT_NE(name("192.0.2.1"), name("192.0.2.2"));
  EXPECT_NE(name("192.0.2.1"), name("c000:201::"));
}

TEST(LimitTable, HoldsAsManyActivePrincipalsAsItPromised) {
  for (const int capacity : {100, 1'000, 13'107, 26'214, 65'536, 209'715}) {
    const auto table = std::make_shared<LimitTable>(static_cast<std::size_t>(capacity), kKey);
    std::vector<CallPermit> held;
    for (int i = 0; i < capacity; ++i) {
      held.push_back(table->takeCall("name" + std::to_string(i), kStart).permit);
      ASSERT_TRUE(held.back().holds()) << i << " of " << capacity;
    }
    for (int i = 0; i < capacity; ++i) ASSERT_EQ(table->liveCalls("name" + std::to_string(i)), 1u);
  }
}

TEST(LimitTable, ReusesIdleAccountsForNewNames) {
  LimitTable table{1'000, kKey};
  for (int i = 0; i < 100'000; ++i) {
    const auto token = table.takeToken("passing" + std::to_string(i), {10'000, 1}, kStart + i * 1ms);
    ASSERT_EQ(token.outcome, Outcome::within) << i;
  }
}

TEST(LimitTable, KeepsTheBucketOfAPrincipalWhoseCallsEnded) {
  const auto table = std::make_shared<LimitTable>(1'000, kKey);
  const Rate rate{0.001, 1};
  EXPECT_EQ(table->takeToken("a", rate, kStart).outcome, Outcome::within);
  table->takeCall("a", kStart).permit.release();
  EXPECT_EQ(table->takeToken("a", rate, kStart + 1s).outcome, Outcome::exceeded);
}

TEST(Rate, LetsABurstPassThenOnePerInterval) {
  LimitTable table{1'000, kKey};
  const Rate rate{10, 3};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(table.takeToken("a", rate, kStart).outcome, Outcome::within) << i;
  const auto refused = table.takeToken("a", rate, kStart);
  EXPECT_EQ(refused.outcome, Outcome::exceeded);
  EXPECT_EQ(refused.retry_after, 100ms);
  EXPECT_EQ(table.takeToken("a", rate, kStart + 99ms).outcome, Outcome::exceeded);
  EXPECT_EQ(table.takeToken("a", rate, kStart + 100ms).outcome, Outcome::within);
  EXPECT_EQ(table.takeToken("a", rate, kStart + 100ms).outcome, Outcome::exceeded);
}

TEST(Rate, FillsUpToTheBurstAndNoFurther) {
  LimitTable table{1'000, kKey};
  const Rate rate{10, 3};
  for (int i = 0; i < 3; ++i) (void)table.takeToken("a", rate, kStart);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(table.takeToken("a", rate, kStart + 1h).outcome, Outcome::within);
  EXPECT_EQ(table.takeToken("a", rate, kStart + 1h).outcome, Outcome::exceeded);
}

TEST(Rate, KeepsPrincipalsApart) {
  LimitTable table{1'000, kKey};
  const Rate rate{1, 1};
  EXPECT_EQ(table.takeToken("a", rate, kStart).outcome, Outcome::within);
  EXPECT_EQ(table.takeToken("b", rate, kStart).outcome, Outcome::within);
  EXPECT_EQ(table.takeToken("a", rate, kStart).outcome, Outcome::exceeded);
}

TEST(Rate, ARefusedRequestCostsNoFutureToken) {
  LimitTable table{1'000, kKey};
  const Rate rate{1, 1};
  (void)table.takeToken("a", rate, kStart);
  for (int i = 0; i < 1'000; ++i) (void)table.takeToken("a", rate, kStart + 500ms);
  EXPECT_EQ(table.takeToken("a", rate, kStart + 1s).outcome, Outcome::within);
}

TEST(Rate, AFloodOfNamesNeitherRefillsABucketNorGrowsTheTable) {
  LimitTable table{1'000, kKey};
  const Rate rate{0.001, 1};
  EXPECT_EQ(table.takeToken("attacker", rate, kStart).outcome, Outcome::within);
  int full = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (table.takeToken("x" + std::to_string(i), rate, kStart).outcome == Outcome::tableFull) ++full;
  }
  EXPECT_GT(full, 2'000);
  EXPECT_EQ(table.takeToken("attacker", rate, kStart).outcome, Outcome::exceeded);
  EXPECT_EQ(table.takeToken("latecomer", rate, kStart + 2'000s).outcome, Outcome::within);
}

TEST(Rate, ToleratesAbsurdSettings) {
  LimitTable table{1'000, kKey};
  EXPECT_EQ(table.takeToken("zero", {0, 0}, kStart).outcome, Outcome::within);
  EXPECT_EQ(table.takeToken("zero", {0, 0}, kStart + 1h).outcome, Outcome::exceeded);
  const Rate endless{1e12, 4'000'000'000};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(table.takeToken("fast", endless, kStart).outcome, Outcome::within);
  const Rate slow{1e-9, 4'000'000'000};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(table.takeToken("slow", slow, kStart).outcome, Outcome::within);
}

TEST(Concurrency, CountsWhatIsHeldAndForgetsWhatIsGivenBack) {
  const auto table = std::make_shared<LimitTable>(1'000, kKey);
  auto first = table->takeCall("a", kStart);
  EXPECT_EQ(first.live, 1u);
  {
    const auto second = table->takeCall("a", kStart);
    EXPECT_EQ(second.live, 2u);
    EXPECT_EQ(table->liveCalls("b"), 0u);
  }
  EXPECT_EQ(table->liveCalls("a"), 1u);
  first.permit.release();
  first.permit.release();
  EXPECT_EQ(table->liveCalls("a"), 0u);
}

TEST(CallPermit, MovesWithoutCountingTwice) {
  const auto table = std::make_shared<LimitTable>(1'000, kKey);
  auto taken = table->takeCall("a", kStart);
  CallPermit moved = std::move(taken.permit);
  EXPECT_FALSE(taken.permit.holds());  // NOLINT(bugprone-use-after-move): the emptiness is the point
  EXPECT_EQ(table->liveCalls("a"), 1u);
  moved = table->takeCall("b", kStart).permit;
  EXPECT_EQ(table->liveCalls("a"), 0u);
  EXPECT_EQ(table->liveCalls("b"), 1u);
}

TEST(CallPermit, MayOutliveEveryOtherOwnerOfItsTable) {
  auto table = std::make_shared<LimitTable>(1'000, kKey);
  const std::weak_ptr<LimitTable> watched = table;
  {
    const auto permit = table->takeCall("a", kStart).permit;
    table.reset();
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(Concurrency, TurnsNewcomersAwayWhenFullOfLiveCalls) {
  const auto table = std::make_shared<LimitTable>(100, kKey);
  std::vector<CallPermit> held;
  int full = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto taken = table->takeCall("caller" + std::to_string(i), kStart);
    if (taken.permit.holds()) {
      held.push_back(std::move(taken.permit));
    } else {
      ++full;
    }
  }
  EXPECT_GT(full, 0);
  held.clear();
  EXPECT_TRUE(table->takeCall("another", kStart).permit.holds());
}

TEST(Limits, StayExactWhenWorkersShareThem) {
  const auto calls = std::make_shared<LimitTable>(1'000, kKey);
  LimitTable rates{1'000, kKey};
  std::atomic<int> within{0};
  {
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&] {
        for (int i = 0; i < 5'000; ++i) {
          const auto permit = calls->takeCall("shared", kStart).permit;
          if (rates.takeToken("shared", {1, 100}, kStart).outcome == Outcome::within) ++within;
        }
      });
    }
  }
  EXPECT_EQ(calls->liveCalls("shared"), 0u);
  EXPECT_EQ(within, 100);
}

}  // namespace
}  // namespace sallyport::guard
