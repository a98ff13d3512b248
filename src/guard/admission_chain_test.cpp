// SPDX-License-Identifier: Apache-2.0
#include "guard/admission_chain.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "guard/rules.h"

namespace sallyport::guard {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::hours{1}};

RequestFacts invite() {
  return {.peer = "carrier",
          .identity = "sip:alice@example.test",
          .source = *IpAddress::parse("192.0.2.1"),
          .method = "INVITE",
          .scope = RequestScope::initial,
          .request_host = "sbc.example.test",
          .call_id = "call-1"};
}

AdmissionPolicy policy() {
  AdmissionPolicy policy;
  policy.our_hosts = {"sbc.example.test", "198.51.100.1", "2001:db8::5"};
  return policy;
}

// A chain with everything it needs, and its decisions as text.
struct House {
  explicit House(AdmissionPolicy rules = policy()) : chain(buildAdmissionChain(rules, tables, &log)) {}

  std::string codeOf(const RequestFacts& facts, TimePoint now = kStart) {
    auto admission = chain->judge(facts, now);
    if (auto* admitted = std::get_if<AdmittedRequest>(&admission)) {
      calls.push_back(admitted->takePermits());
      return "admitted";
    }
    last = std::get<Refusal>(std::move(admission));
    return last.code;
  }
  RuleReport reportOf(std::string_view rule) const {
    for (const auto& report : chain->report()) {
      if (report.name == rule) return report;
    }
    return {};
  }

  LimitTables tables{HashKey{1, 2}, 1'000, 1'000, 100};
  DecisionLog log{64};
  std::unique_ptr<AdmissionChain> chain;
  std::vector<CallPermits> calls;
  Refusal last;
};

TEST(AdmissionChain, AdmitsAnOrdinaryCallAndHoldsItsPermits) {
  House house;
  auto admission = house.chain->judge(invite(), kStart);
  auto* admitted = std::get_if<AdmittedRequest>(&admission);
  ASSERT_NE(admitted, nullptr);
  EXPECT_EQ(house.tables.identity->liveCalls("sip:alice@example.test"), 1u);
  {
    const auto permits = admitted->takePermits();
    EXPECT_EQ(permits.count(), 3u);
    EXPECT_EQ(house.tables.peer->liveCalls("carrier"), 1u);
  }
  EXPECT_EQ(house.tables.peer->liveCalls("carrier"), 0u);
  EXPECT_EQ(house.tables.identity->liveCalls("sip:alice@example.test"), 0u);
}

TEST(AdmissionChain, RefusesAPeerTheHandshakeDidNotName) {
  House house;
  auto facts = invite();
  facts.peer = {};
  EXPECT_EQ(house.codeOf(facts), "guard.peer.unknown");
  EXPECT_EQ(house.last.rule, "peer_known");
  EXPECT_EQ(sipStatus(house.last), 403u);
}

TEST(AdmissionChain, DeniesEveryMethodThatIsNotListed) {
  House house;
  for (const auto* method : {"MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "NOTIFY", "REGISTER", "BYE", "invite", ""}) {
    auto facts = invite();
    facts.method = method;
    EXPECT_EQ(house.codeOf(facts), "guard.method.denied") << method;
    EXPECT_EQ(sipStatus(house.last), 405u);
  }
  auto bye = invite();
  bye.method = "BYE";
  bye.scope = RequestScope::inDialog;
  EXPECT_EQ(house.codeOf(bye), "admitted");
  bye.method = "REFER";
  EXPECT_EQ(house.codeOf(bye), "guard.method.denied");
}

TEST(AdmissionChain, APeerWithAListOfItsOwnIsHeldToThat) {
  auto rules = policy();
  rules.methods.of_peer = {{std::string{invite().peer}, {"INVITE", "ACK", "BYE", "CANCEL", "MESSAGE"}}};
  House house{rules};
  for (const auto& [method, code] : std::map<std::string, std::string>{
           {"INVITE", "admitted"}, {"MESSAGE", "admitted"}, {"OPTIONS", "guard.method.denied"}}) {
    auto facts = invite();
    facts.method = method;
    EXPECT_EQ(house.codeOf(facts), code) << method;
    facts.scope = RequestScope::inDialog;
    EXPECT_EQ(house.codeOf(facts), code) << method;
  }
  auto other = invite();
  other.peer = "another";
  other.method = "MESSAGE";
  EXPECT_EQ(house.codeOf(other), "guard.method.denied");
}

TEST(AdmissionChain, RefusesRequestsForHostsThatAreNotOurs) {
  House house;
  for (const auto* host : {"evil.test", "sbc.example.test.evil.test", "xsbc.example.test", "", "198.51.100.2",
                           "198.51.100.1.", "2001:db8::6"}) {
    auto facts = invite();
    facts.request_host = host;
    const auto expected = std::string_view{host} == "198.51.100.1." ? "admitted" : "guard.domain.foreign";
    EXPECT_EQ(house.codeOf(facts), expected) << host;
  }
  EXPECT_EQ(sipStatus(house.last), 403u);
}

TEST(AdmissionChain, KnowsOurHostsInEverySpelling) {
  House house;
  for (const auto* host :
       {"SBC.Example.TEST", "sbc.example.test.", "[2001:db8::5]", "2001:0db8:0::5", "198.51.100.1"}) {
    auto facts = invite();
    facts.request_host = host;
    EXPECT_EQ(house.codeOf(facts), "admitted") << host;
  }
}

TEST(AdmissionChain, LimitsTheRateOfCallsFromOneSource) {
  auto rules = policy();
  rules.source_rate = {1, 2};
  House house{rules};
  auto facts = invite();
  EXPECT_EQ(house.codeOf(facts), "admitted");
  facts.identity = "sip:bob@example.test";
  EXPECT_EQ(house.codeOf(facts), "admitted");
  facts.identity = "sip:carol@example.test";
  EXPECT_EQ(house.codeOf(facts), "guard.rate.source");
  EXPECT_EQ(sipStatus(house.last), 503u);
  EXPECT_EQ(house.last.retry_after, 1s);
  EXPECT_EQ(house.last.facts, "source 192.0.2.1 is over 1.00 calls a second, burst 2");
  facts.source = *IpAddress::parse("192.0.2.2");
  EXPECT_EQ(house.codeOf(facts), "admitted");
}

TEST(AdmissionChain, LimitsTheRateOfCallsOfOneIdentityFromAnywhere) {
  auto rules = policy();
  rules.identity_rate = {0.1, 1};
  House house{rules};
  auto facts = invite();
  EXPECT_EQ(house.codeOf(facts), "admitted");
  facts.source = *IpAddress::parse("192.0.2.2");
  EXPECT_EQ(house.codeOf(facts), "guard.rate.identity");
  EXPECT_EQ(sipStatus(house.last), 480u);
  EXPECT_EQ(house.last.retry_after, 10s);
  EXPECT_EQ(house.codeOf(facts, kStart + 10s), "admitted");
}

TEST(AdmissionChain, CountsOnlyNewCallsAgainstTheLimits) {
  auto rules = policy();
  rules.source_rate = {1, 1};
  rules.identity_cap = 1;
  rules.identity_request_rate = RuleMode::off;
  House house{rules};
  EXPECT_EQ(house.codeOf(invite()), "admitted");
  auto again = invite();
  again.scope = RequestScope::inDialog;
  auto options = invite();
  options.method = "OPTIONS";
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(house.codeOf(again), "admitted");
    EXPECT_EQ(house.codeOf(options), "admitted");
  }
}

TEST(AdmissionChain, LimitsLiveCallsAndAdmitsAgainWhenOneEnds) {
  auto rules = policy();
  rules.source_cap = 2;
  House by_source{rules};
  EXPECT_EQ(by_source.codeOf(invite()), "admitted");
  EXPECT_EQ(by_source.codeOf(invite()), "admitted");
  EXPECT_EQ(by_source.codeOf(invite()), "guard.calls.source");
  EXPECT_EQ(sipStatus(by_source.last), 503u);
  EXPECT_FALSE(by_source.last.retry_after);
  EXPECT_EQ(by_source.last.facts, "source 192.0.2.1 has 2 calls of 2");
  by_source.calls.pop_back();
  EXPECT_EQ(by_source.codeOf(invite()), "admitted");
}

TEST(AdmissionChain, LimitsLiveCallsOfAnIdentityAndOfAPeer) {
  auto rules = policy();
  rules.identity_cap = 1;
  House by_identity{rules};
  EXPECT_EQ(by_identity.codeOf(invite()), "admitted");
  EXPECT_EQ(by_identity.codeOf(invite()), "guard.calls.identity");
  EXPECT_EQ(sipStatus(by_identity.last), 480u);
  EXPECT_EQ(by_identity.tables.source->liveCalls({"4\xC0\x00\x02\x01\0\0\0\0", 9}), 1u);

  rules = policy();
  rules.peer_cap = 0;
  rules.cap_of_peer = {{"carrier", 1}};
  House by_peer{rules};
  EXPECT_EQ(by_peer.codeOf(invite()), "admitted");
  EXPECT_EQ(by_peer.codeOf(invite()), "guard.calls.peer");
  EXPECT_EQ(sipStatus(by_peer.last), 503u);
  auto other = invite();
  other.peer = "other";
  EXPECT_EQ(by_peer.codeOf(other), "guard.calls.peer");
}

TEST(AdmissionChain, TurnsNewcomersAwayWhenItCannotCountThem) {
  auto rules = policy();
  rules.source_call_rate = RuleMode::off;
  rules.identity_rate = {0.001, 1};
  rules.source_cap = 1'000'000;
  rules.peer_cap = 1'000'000;
  House house{rules};
  std::string code;
  for (int i = 0; i < 20'000 && code != "guard.table.full"; ++i) {
    const auto identity = "sip:user" + std::to_string(i);
    auto facts = invite();
    facts.identity = identity;
    code = house.codeOf(facts);
  }
  EXPECT_EQ(code, "guard.table.full");
  EXPECT_EQ(house.last.kind, ErrorKind::overloaded);
  EXPECT_EQ(sipStatus(house.last), 503u);
}

TEST(AdmissionChain, WatchesInShadowWithoutDeciding) {
  auto rules = policy();
  rules.identity_calls = RuleMode::shadow;
  rules.identity_cap = 1;
  rules.request_domain_ours = RuleMode::off;
  House house{rules};
  auto facts = invite();
  facts.request_host = "evil.test";
  EXPECT_EQ(house.codeOf(facts), "admitted");
  EXPECT_EQ(house.codeOf(facts), "admitted");
  EXPECT_EQ(house.tables.identity->liveCalls("sip:alice@example.test"), 2u);  // what shadow lets pass still counts
  const auto watched = house.reportOf("identity_concurrency");
  EXPECT_EQ(watched.evaluated, 2u);
  EXPECT_EQ(watched.admitted, 1u);
  EXPECT_EQ(watched.shadow_refused, 1u);
  EXPECT_EQ(watched.refused, 0u);
  EXPECT_EQ(house.reportOf("domain").evaluated, 0u);
  EXPECT_EQ(house.log.about("call-1").size(), 3u);
}

TEST(AdmissionChain, StopsAtTheFirstRefusalAndCountsIt) {
  House house;
  auto facts = invite();
  facts.method = "MESSAGE";
  facts.request_host = "evil.test";
  EXPECT_EQ(house.codeOf(facts), "guard.method.denied");
  EXPECT_EQ(house.reportOf("method").refused, 1u);
  EXPECT_EQ(house.reportOf("domain").evaluated, 0u);
  const auto why = house.log.about("call-1");
  ASSERT_EQ(why.size(), 1u);
  EXPECT_EQ(why[0].rule, "method");
  EXPECT_EQ(why[0].facts, "'MESSAGE' outside a dialog");
}

TEST(AdmissionChain, NeverAnswersAnAck) {
  House house;
  auto ack = invite();
  ack.method = "ACK";
  ack.request_host = "evil.test";
  EXPECT_EQ(house.codeOf(ack), "guard.domain.foreign");
  EXPECT_EQ(house.last.action, Action::drop);
  EXPECT_EQ(sipStatus(house.last), 0u);
}

class AlwaysChallenge final : public Rule {
 public:
  std::string_view name() const override { return "always_challenge"; }
  Verdict judge(const RequestFacts&, TimePoint, CallPermits&) override {
    auto verdict = Verdict::refuse(ErrorKind::peerDenied, "test.challenge", "");
    verdict.action = Action::challenge;
    return verdict;
  }
};

TEST(AdmissionChain, NeverChallengesACancel) {
  std::vector<AdmissionChain::Entry> rules;
  rules.push_back({std::make_unique<AlwaysChallenge>(), RuleMode::enforce});
  AdmissionChain chain{std::move(rules)};
  auto facts = invite();
  EXPECT_EQ(sipStatus(std::get<Refusal>(chain.judge(facts, kStart))), 401u);
  facts.method = "CANCEL";
  EXPECT_EQ(std::get<Refusal>(chain.judge(facts, kStart)).action, Action::refuse);
}

TEST(AdmissionChain, CountsExactlyWhenWorkersShareItAndAnOperatorLooksOn) {
  auto rules = policy();
  rules.identity_rate = rules.source_rate = {0.001, 100};
  House house{rules};
  std::atomic<int> admitted{0};
  {
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < 3; ++worker) {
      workers.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          if (std::holds_alternative<AdmittedRequest>(house.chain->judge(invite(), kStart))) ++admitted;
        }
      });
    }
    for (int i = 0; i < 50; ++i) {
      (void)house.log.about("call-1");
      for (const auto& report : house.chain->report()) EXPECT_LE(report.refused, report.evaluated);
    }
  }
  EXPECT_EQ(admitted, 100);
  EXPECT_EQ(house.reportOf("source_call_rate").refused, 1'400u);
  EXPECT_EQ(house.reportOf("source_call_rate").evaluated, 1'500u);
  EXPECT_EQ(house.reportOf("identity_call_rate").evaluated, 100u);
  EXPECT_EQ(house.tables.peer->liveCalls("carrier"), 0u);
}

TEST(SipStatus, IsGivenForCodesNobodyListed) {
  const auto status = [](ErrorKind kind) {
    Refusal refusal;
    refusal.kind = kind;
    refusal.code = "guard.something.new";
    return sipStatus(refusal);
  };
  EXPECT_EQ(status(ErrorKind::peerMisbehaved), 400u);
  EXPECT_EQ(status(ErrorKind::peerDenied), 403u);
  EXPECT_EQ(status(ErrorKind::overloaded), 503u);
  EXPECT_EQ(status(ErrorKind::unavailable), 503u);
  EXPECT_EQ(status(ErrorKind::misconfigured), 500u);
  EXPECT_EQ(status(ErrorKind::internal), 500u);
}

TEST(LimitTables, KeepTheirCountsWhenThePolicyIsReplaced) {
  auto rules = policy();
  rules.identity_cap = 1;
  House house{rules};
  EXPECT_EQ(house.codeOf(invite()), "admitted");
  house.chain = buildAdmissionChain(rules, house.tables, &house.log);
  EXPECT_EQ(house.codeOf(invite()), "guard.calls.identity");
}

}  // namespace
}  // namespace sallyport::guard
