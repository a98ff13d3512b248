// SPDX-License-Identifier: Apache-2.0
#include "guard/auth_failures.h"

#include <gtest/gtest.h>

#include "guard/rules.h"

namespace sallyport::guard {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::hours{1}};

struct Door {
  explicit Door(AuthFailurePolicy policy = {}) : limits(policy, tables, &log) {}

  std::string ask(std::string_view source, std::string_view name, TimePoint now = kStart) {
    const RequestFacts claimed{.peer = "device",
                               .identity = name,
                               .source = *IpAddress::parse(source),
                               .method = "REGISTER",
                               .request_host = "example.test",
                               .call_id = "call-1"};
    const auto judged = limits.judge(claimed, now);
    if (std::holds_alternative<AdmittedRequest>(judged)) return "listened to";
    refusal = std::get<Refusal>(judged);
    return refusal.code;
  }
  std::string fail(std::string_view source, std::string_view name, TimePoint now = kStart) {
    auto said = ask(source, name, now);
    if (said == "listened to") limits.recordFailure(*IpAddress::parse(source), name, now);
    return said;
  }
  void succeed(std::string_view source, std::string_view name, TimePoint now = kStart) {
    limits.recordSuccess(*IpAddress::parse(source), name, now);
  }

  AuthFailureTables tables{HashKey{1, 2}, 1'000, 20'000};
  DecisionLog log{64};
  AuthFailureLimits limits;
  Refusal refusal;
};

TEST(AuthFailureLimits, CloseTheDoorToAnAddressThatGuessesManyNames) {
  Door door;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(door.fail("192.0.2.66", "user" + std::to_string(i)), "listened to");
  EXPECT_EQ(door.fail("192.0.2.66", "another"), "guard.auth.source");
  EXPECT_EQ(door.refusal.rule, "source_auth_failures");
  EXPECT_EQ(sipStatus(door.refusal), 503u);
  EXPECT_EQ(door.refusal.retry_after, 2s);
  EXPECT_EQ(door.ask("192.0.2.67", "another"), "listened to");
  EXPECT_EQ(door.ask("192.0.2.66", "another", kStart + 2s), "listened to");
}

TEST(AuthFailureLimits, CloseTheDoorForANameGuessedFromManyAddresses) {
  Door door;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(door.fail("192.0.2." + std::to_string(i + 1), "alice"), "listened to");
  EXPECT_EQ(door.fail("192.0.2.99", "alice"), "guard.auth.identity");
  EXPECT_EQ(door.refusal.rule, "identity_auth_failures");
  EXPECT_EQ(sipStatus(door.refusal), 480u);
  EXPECT_EQ(door.ask("192.0.2.99", "bob"), "listened to");
}

TEST(AuthFailureLimits, LetNobodyLockAnotherOutOfWhereTheyHaveBeen) {
  Door door;
  door.succeed("203.0.113.5", "alice");
  for (int i = 0; i < 10; ++i) door.fail("192.0.2." + std::to_string(i + 1), "alice");
  EXPECT_EQ(door.ask("192.0.2.99", "alice"), "guard.auth.identity");
  EXPECT_EQ(door.ask("203.0.113.5", "alice"), "listened to");
}

TEST(AuthFailureLimits, LetNobodyLockOutTheirNeighboursBehindOneAddress) {
  Door door;
  door.succeed("203.0.113.5", "alice");
  for (int i = 0; i < 25; ++i) door.fail("203.0.113.5", "guess" + std::to_string(i));
  EXPECT_EQ(door.ask("203.0.113.5", "guess"), "guard.auth.source");
  EXPECT_EQ(door.ask("203.0.113.5", "alice"), "listened to");
}

TEST(AuthFailureLimits, CountWrongProofsOfAKnownNameToo) {
  Door door;
  door.succeed("203.0.113.5", "alice");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(door.fail("203.0.113.5", "alice"), "listened to");
  EXPECT_EQ(door.fail("203.0.113.5", "alice"), "guard.auth.identity");
  EXPECT_EQ(door.ask("203.0.113.5", "alice", kStart + 5s), "listened to");  // one more every five seconds
}

TEST(AuthFailureLimits, ForgetWhoWasProvenAfterADay) {
  Door door;
  door.succeed("203.0.113.5", "alice");
  const auto later = kStart + 25h;
  for (int i = 0; i < 25; ++i) door.fail("203.0.113.5", "guess" + std::to_string(i), later);
  EXPECT_EQ(door.ask("203.0.113.5", "alice", later), "guard.auth.source");
}

TEST(AuthFailureLimits, LetThousandsOfPhonesBehindOneAddressComeBackAtOnce) {
  Door door;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5'000; ++i) {
      const auto name = "phone" + std::to_string(i);
      ASSERT_EQ(door.ask("203.0.113.5", name), "listened to") << name;
      door.succeed("203.0.113.5", name);
    }
  }
  EXPECT_EQ(door.fail("203.0.113.5", "new-phone"), "listened to");  // nothing was counted against them
}

TEST(AuthFailureLimits, OnlyWatchInShadow) {
  Door door{{.source_mode = RuleMode::shadow, .source = {0.1, 1}, .identity_mode = RuleMode::off}};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(door.fail("192.0.2.66", "user" + std::to_string(i)), "listened to");
  EXPECT_EQ(door.limits.report().front().shadow_refused, 4u);
}

TEST(AuthFailureLimits, SayWhyInTheDecisionLogAndNothingOfWhatTheyAdmit) {
  Door door{{.source = {0.1, 1}}};
  door.fail("192.0.2.66", "alice");
  EXPECT_TRUE(door.log.latest().empty());
  door.fail("192.0.2.66", "alice");
  const auto about = door.log.about("192.0.2.66");
  ASSERT_EQ(about.size(), 1u);
  EXPECT_EQ(about.front().code, "guard.auth.source");
}

RequestFacts registerOf(std::string_view identity) {
  return {.peer = "device",
          .identity = identity,
          .source = *IpAddress::parse("203.0.113.5"),
          .method = "REGISTER",
          .request_host = "example.test",
          .call_id = "call-1"};
}

std::unique_ptr<AdmissionChain> requestsChain(const LimitTables& tables, Rate rate = {2, 3}) {
  AdmissionPolicy policy;
  policy.our_hosts = {"example.test"};
  policy.methods.initial = {"INVITE", "ACK", "CANCEL", "REGISTER", "MESSAGE", "SUBSCRIBE"};
  policy.request_rate = rate;
  policy.request_rate_of_peer.emplace("core", Rate{100, 100});
  return buildAdmissionChain(policy, tables, nullptr);
}

TEST(IdentityRequestRate, RefusesRequestsOutsideCallsBeyondThePrincipalsRate) {
  const LimitTables tables{HashKey{1, 2}, 1'000, 1'000, 100};
  const auto chain = requestsChain(tables);
  for (const auto* method : {"REGISTER", "MESSAGE", "SUBSCRIBE"}) {
    auto facts = registerOf("alice");
    facts.method = method;
    EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(chain->judge(facts, kStart)));
  }
  const auto judged = chain->judge(registerOf("alice"), kStart);
  const auto* refusal = std::get_if<Refusal>(&judged);
  ASSERT_NE(refusal, nullptr);
  EXPECT_EQ(refusal->rule, "identity_request_rate");
  EXPECT_STREQ(refusal->code, "guard.rate.requests");
  EXPECT_EQ(sipStatus(*refusal), 480u);
  EXPECT_EQ(refusal->retry_after, 1s);
  EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(chain->judge(registerOf("bob"), kStart)));
}

TEST(IdentityRequestRate, SpendsNothingOfWhatCallsMaySpend) {
  const LimitTables tables{HashKey{1, 2}, 1'000, 1'000, 100};
  const auto chain = requestsChain(tables);
  auto facts = registerOf("alice");
  for (int i = 0; i < 4; ++i) (void)chain->judge(facts, kStart);
  facts.method = "INVITE";
  EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(chain->judge(facts, kStart)));
  facts.method = "ACK";
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(chain->judge(facts, kStart)));
}

TEST(IdentityRequestRate, CountsNobodyBeforeTheyAreProvenAndAPeerByItsOwnFigure) {
  const LimitTables tables{HashKey{1, 2}, 1'000, 1'000, 100};
  const auto chain = requestsChain(tables);
  auto core = registerOf("dns:core.test");
  core.peer = "core";
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(chain->judge(registerOf(""), kStart)));
    EXPECT_TRUE(std::holds_alternative<AdmittedRequest>(chain->judge(core, kStart)));
  }
}

TEST(IdentityRequestRate, LetsThousandsOfPhonesBehindOneAddressComeBackAtOnce) {
  const LimitTables tables{HashKey{1, 2}, 1'000, 20'000, 100};
  const auto chain = requestsChain(tables, {20, 60});
  for (int i = 0; i < 5'000; ++i) {
    const auto name = "phone" + std::to_string(i) + "@example.test";
    // The unproven first request, the one with the proof, and what a phone does next.
    for (const auto& identity : {std::string{}, name, name}) {
      ASSERT_TRUE(std::holds_alternative<AdmittedRequest>(chain->judge(registerOf(identity), kStart))) << name;
    }
  }
}

}  // namespace
}  // namespace sallyport::guard
