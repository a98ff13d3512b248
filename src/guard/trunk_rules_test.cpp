// SPDX-License-Identifier: Apache-2.0
#include "guard/trunk_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "guard/rules.h"

namespace sallyport::guard {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::hours{1}};

RequestFacts callFrom(std::string_view peer) {
  return {.peer = peer,
          .identity = "dns:sbc.carrier.test",
          .source = *IpAddress::parse("198.51.100.7"),
          .method = "INVITE",
          .scope = RequestScope::initial,
          .request_host = "sbc.example.test",
          .call_id = "call-1"};
}

TrunkPolicy trunks(TrunkFigures carrier) {
  TrunkPolicy policy;
  policy.of_peer.emplace("carrier", carrier);
  return policy;
}

// The chain for what comes in and the row for what goes out, over the same tables.
struct House {
  explicit House(TrunkPolicy policy) : out(policy, tables, &log) {
    AdmissionPolicy rules;
    rules.our_hosts = {"sbc.example.test"};
    rules.trunks = std::move(policy);
    in = buildAdmissionChain(rules, tables, &log);
  }

  std::string inbound(std::string_view peer = "carrier", TimePoint now = kStart) {
    auto judged = in->judge(callFrom(peer), now);
    if (auto* admitted = std::get_if<AdmittedRequest>(&judged)) {
      calls.push_back(admitted->takePermits());
      return "admitted";
    }
    refusal = std::get<Refusal>(judged);
    return refusal.code;
  }
  std::string outbound(std::string_view peer = "carrier", TimePoint now = kStart) {
    auto permits = out.admit(callFrom("device"), peer, now);
    if (!permits) return permits.error().code;
    calls.push_back(*std::move(permits));
    return "admitted";
  }

  LimitTables tables{HashKey{1, 2}, 1'000, 1'000, 100};
  DecisionLog log{64};
  std::unique_ptr<AdmissionChain> in;
  TrunkAdmission out;
  std::vector<CallPermits> calls;
  Refusal refusal;
};

TEST(TrunkRules, RefuseTheCallBeyondWhatATrunkMaySendAtOnce) {
  House house{trunks({.in = {.calls = 2}})};
  EXPECT_EQ(house.inbound(), "admitted");
  EXPECT_EQ(house.inbound(), "admitted");
  EXPECT_EQ(house.inbound(), "guard.trunk.calls_in");
  EXPECT_EQ(house.refusal.rule, "trunk_calls_in");
  EXPECT_EQ(sipStatus(house.refusal), 503u);
  EXPECT_EQ(house.refusal.facts, "carrier has 2 calls of 2");
  house.calls.pop_back();
  EXPECT_EQ(house.inbound(), "admitted");
}

TEST(TrunkRules, RefuseTheCallBeyondATrunksRate) {
  House house{trunks({.in = {.rate = Rate{1, 2}}})};
  EXPECT_EQ(house.inbound(), "admitted");
  EXPECT_EQ(house.inbound(), "admitted");
  EXPECT_EQ(house.inbound(), "guard.trunk.cps_in");
  EXPECT_EQ(house.refusal.rule, "trunk_cps_in");
  EXPECT_EQ(house.refusal.retry_after, 1s);
  EXPECT_EQ(sipStatus(house.refusal), 503u);
  EXPECT_EQ(house.inbound("carrier", kStart + 1s), "admitted");
}

TEST(TrunkRules, PassOverATargetThatHasAllTheCallsItMayBeSent) {
  House house{trunks({.out = {.calls = 1}})};
  EXPECT_EQ(house.outbound(), "admitted");
  EXPECT_EQ(house.outbound(), "guard.trunk.calls_out");
  EXPECT_EQ(house.inbound(), "admitted");  // the other direction is another matter
  house.calls.clear();
  EXPECT_EQ(house.outbound(), "admitted");
}

TEST(TrunkRules, PassOverATargetBeyondTheRateItMayBeSent) {
  House house{trunks({.out = {.rate = Rate{1, 1}}})};
  EXPECT_EQ(house.outbound(), "admitted");
  EXPECT_EQ(house.outbound(), "guard.trunk.cps_out");
  EXPECT_EQ(house.outbound("carrier", kStart + 1s), "admitted");
}

TEST(TrunkRules, CountAChannelWhicheverSideBeganTheCall) {
  House house{trunks({.channels = 2})};
  EXPECT_EQ(house.inbound(), "admitted");
  EXPECT_EQ(house.outbound(), "admitted");
  EXPECT_EQ(house.inbound(), "guard.trunk.channels");
  EXPECT_EQ(house.refusal.rule, "trunk_channels");
  EXPECT_EQ(house.outbound(), "guard.trunk.channels");
  house.calls.clear();
  EXPECT_EQ(house.inbound(), "admitted");
}

TEST(TrunkRules, SayHowManyCallsAreCounted) {
  House house{trunks({.in = {.calls = 9}, .out = {.calls = 9}, .channels = 9})};
  house.inbound();
  house.inbound();
  house.outbound();
  const auto load = trunkLoad(house.tables, "carrier");
  EXPECT_EQ(load.in, 2u);
  EXPECT_EQ(load.out, 1u);
  EXPECT_EQ(load.channels, 3u);
  EXPECT_EQ(trunkLoad(house.tables, "core").channels, 0u);
}

TEST(TrunkRules, LeaveOthersAlone) {
  House house{trunks({.in = {.calls = 0}, .out = {.calls = 0}, .channels = 0})};
  EXPECT_EQ(house.inbound("core"), "admitted");
  EXPECT_EQ(house.outbound("core"), "admitted");
  EXPECT_EQ(house.inbound(), "guard.trunk.calls_in");
  EXPECT_EQ(house.outbound(), "guard.trunk.calls_out");
}

TEST(TrunkRules, JudgeOnlyWhatBeginsACall) {
  House house{trunks({.in = {.calls = 0, .rate = Rate{0.001, 1}}, .channels = 0})};
  auto options = callFrom("carrier");
  options.method = "OPTIONS";
  auto again = callFrom("carrier");
  again.scope = RequestScope::inDialog;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(house.in->judge(options, kStart)));
    EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(house.in->judge(again, kStart)));
  }
}

TEST(TrunkRules, OnlyWatchInShadow) {
  auto policy = trunks({.in = {.calls = 0}, .out = {.calls = 0}});
  policy.calls_in = policy.calls_out = RuleMode::shadow;
  House house{policy};
  EXPECT_EQ(house.inbound(), "admitted");
  EXPECT_EQ(house.outbound(), "admitted");
  for (const auto& report : house.out.report()) {
    EXPECT_EQ(report.shadow_refused, report.name == "trunk_calls_out" ? 1u : 0u) << report.name;
  }
  const auto seen = house.log.latest();
  EXPECT_EQ(std::count_if(seen.begin(), seen.end(), [](const Decision& decision) { return decision.shadow; }), 2);
}

TEST(TrunkRules, SayWhyATargetWasPassedOver) {
  House house{trunks({.out = {.calls = 0}})};
  EXPECT_EQ(house.outbound(), "guard.trunk.calls_out");
  const auto about = house.log.about("call-1");
  ASSERT_EQ(about.size(), 1u);
  EXPECT_EQ(about.front().rule, "trunk_calls_out");
  EXPECT_EQ(about.front().peer, "carrier");
  EXPECT_EQ(about.front().scope, RequestScope::onward);
}

TEST(TrunkRules, KeepTheirCountsWhenThePolicyIsReplaced) {
  House house{trunks({.out = {.calls = 2}, .channels = 9})};
  EXPECT_EQ(house.outbound(), "admitted");
  TrunkAdmission reloaded{trunks({.out = {.calls = 1}}), house.tables, &house.log};
  const auto permits = reloaded.admit(callFrom("device"), "carrier", kStart);
  ASSERT_FALSE(permits.ok());
  EXPECT_STREQ(permits.error().code, "guard.trunk.calls_out");
}

TEST(DrainedPeers, TakeNoNewCallsEitherWay) {
  const auto drained = std::make_shared<DrainedPeers>();
  TrunkPolicy policy;
  policy.drained = drained;
  House house{policy};
  EXPECT_EQ(house.inbound(), "admitted");
  drained->drain("carrier");
  EXPECT_EQ(drained->list(), std::vector<std::string>{"carrier"});
  EXPECT_EQ(house.inbound(), "guard.trunk.drained");
  EXPECT_EQ(house.refusal.rule, "trunk_drained");
  EXPECT_EQ(sipStatus(house.refusal), 503u);
  EXPECT_EQ(house.refusal.retry_after, 30s);
  EXPECT_EQ(house.outbound(), "guard.trunk.drained");
  EXPECT_EQ(house.inbound("core"), "admitted");
  drained->enable("carrier");
  EXPECT_EQ(house.inbound(), "admitted");
  EXPECT_EQ(house.outbound(), "admitted");
}

TEST(DrainedPeers, LetLiveCallsGoOn) {
  const auto drained = std::make_shared<DrainedPeers>();
  TrunkPolicy policy;
  policy.drained = drained;
  House house{policy};
  drained->drain("carrier");
  auto bye = callFrom("carrier");
  bye.method = "BYE";
  bye.scope = RequestScope::inDialog;
  EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(house.in->judge(bye, kStart)));
}

}  // namespace
}  // namespace sallyport::guard
