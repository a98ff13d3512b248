// SPDX-License-Identifier: Apache-2.0
#include "call/routing.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>

namespace sallyport::call {
namespace {

using ::testing::ElementsAre;

class Routing : public ::testing::Test {
 protected:
  // Phones of sallyport.test, a core and a carrier, and no route.
  static config::Config plain() {
    config::Config config;
    config.edge.domains = {"sallyport.test"};
    config.devices.emplace();
    config.devices->domain = "sallyport.test";
    for (const auto& [name, host] : {std::pair{"core", "core.inner.test"}, std::pair{"carrier", "sbc.carrier.test"}}) {
      auto& peer = config.peers.emplace_back();
      peer.name = name;
      peer.server_name = host;
    }
    return config;
  }
  static EdgePolicyPtr policyWith(const std::function<void(config::Config&)>& change) {
    auto config = plain();
    change(config);
    auto policy = compile(std::make_shared<const config::Config>(std::move(config)));
    SP_CHECK(policy.ok());
    return *policy;
  }
  static EdgePolicyPtr policyOf(const std::vector<config::Route>& routes) {
    return policyWith([&](config::Config& config) { config.routes = routes; });
  }
  static config::Route rule(const char* user, const char* to) {
    config::Route route;
    const std::string_view text{user};
    if (text.ends_with('*')) {
      route.user = {text == "*" ? config::PatternKind::any : config::PatternKind::prefix,
                    std::string{text.substr(0, text.size() - 1)}};
    } else {
      route.user = {config::PatternKind::exact, user};
    }
    route.to = {{to}};
    return route;
  }
  static std::string outcome(const EdgePolicyPtr& policy, const RouteQuery& query) {
    const auto decision = route(*policy, query);
    return decision ? decision->first().peer->name : decision.error().code;
  }
  static config::Peer& peer(config::Config& config, std::string_view name) {
    for (auto& each : config.peers) {
      if (each.name == name) return each;
    }
    SP_CHECK(false);
  }
};

TEST_F(Routing, TheFirstRuleThatFitsDecides) {
  const auto policy = policyOf({rule("bob", "core"), rule("b*", "carrier"), rule("*", "core")});
  EXPECT_EQ(outcome(policy, {"device", "bob", "sallyport.test"}), "core");
  EXPECT_EQ(outcome(policy, {"device", "bill", "sallyport.test"}), "carrier");
  EXPECT_EQ(outcome(policy, {"device", "carol", "sallyport.test"}), "core");
}

TEST_F(Routing, SaysWhichRuleItWas) {
  const auto policy = policyOf({rule("bob", "core"), rule("+49*", "carrier")});
  EXPECT_EQ(route(*policy, {"device", "+4930", "sallyport.test"})->rule, "2: +49* -> carrier");
}

TEST_F(Routing, NobodyToGoToIsAnAnswer) {
  const auto policy = policyOf({rule("bob", "core")});
  EXPECT_EQ(outcome(policy, {"device", "carol", "sallyport.test"}), "call.route.none");
}

TEST_F(Routing, UsersAreTextAndCaseMatters) {
  const auto policy = policyOf({rule("bob", "core"), rule("+49*", "carrier")});
  EXPECT_EQ(outcome(policy, {"device", "Bob", "sallyport.test"}), "call.route.none");
  EXPECT_EQ(outcome(policy, {"device", "0049", "sallyport.test"}), "call.route.none");
}

TEST_F(Routing, ADomainIsComparedWithoutCase) {
  auto ours = rule("*", "core");
  ours.domain = "sallyport.test";
  const auto policy = policyOf({ours});
  EXPECT_EQ(outcome(policy, {"device", "bob", "SallyPort.TEST"}), "core");
  EXPECT_EQ(outcome(policy, {"device", "bob", "192.0.2.1"}), "call.route.none");
}

TEST_F(Routing, ARuleMayBeForOnePeersCallsOnly) {
  auto from_core = rule("*", "carrier"), from_devices = rule("*", "core");
  from_core.from_peer = "core";
  from_devices.from_peer = "device";
  const auto policy = policyOf({from_core, from_devices});
  EXPECT_EQ(outcome(policy, {"core", "bob", "sallyport.test"}), "carrier");
  EXPECT_EQ(outcome(policy, {"device", "bob", "sallyport.test"}), "core");
  EXPECT_EQ(outcome(policy, {"carrier", "bob", "sallyport.test"}), "call.route.none");
}

TEST_F(Routing, NothingGoesBackWhereItCameFrom) {
  auto two = rule("*", "core");
  two.to.push_back({"carrier", 2, 1});
  EXPECT_EQ(outcome(policyOf({rule("*", "core")}), {"core", "bob", "sallyport.test"}), "call.route.to_origin");
  EXPECT_EQ(outcome(policyOf({two}), {"core", "bob", "sallyport.test"}), "carrier");
}

TEST_F(Routing, PhonesCallEachOther) {
  const auto policy = policyOf({rule("*", "device")});
  const auto decision = route(*policy, {"device", "bob", "sallyport.test"});
  ASSERT_TRUE(decision);
  EXPECT_TRUE(decision->first().isRegistrar());
  EXPECT_EQ(decision->first().uri(), "sip:bob@sallyport.test");
}

TEST_F(Routing, ARuleMayRefuseWithItsStatus) {
  auto denied = rule("900*", "core"), gone = rule("old", "core");
  denied.to.clear();
  denied.refuse = 403;
  gone.to.clear();
  gone.refuse = 410;
  const auto policy = policyOf({denied, gone, rule("*", "core")});
  const auto refused = route(*policy, {"device", "900123", "sallyport.test"});
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "call.route.denied");
  EXPECT_EQ(refused.error().detail, "1: 900* -> refuse 403");
  EXPECT_EQ(outcome(policy, {"device", "old", "sallyport.test"}), "call.route.denied.410");
}

// --- numbers ------------------------------------------------------------------------------------------

class RoutingNumbers : public Routing {
 protected:
  // The core dials as Berlin does; the carrier wants `outgoing`.
  static EdgePolicyPtr policy(config::NumberForm outgoing, std::vector<config::Route> routes) {
    return policyWith([&](config::Config& config) {
      peer(config, "core").numbers = {"DE", "30", config::NumberForm::asIs};
      peer(config, "carrier").numbers = {"DE", "", outgoing};
      config.routes = std::move(routes);
    });
  }
  static config::Route toCarrier(const char* number, const char* rewrite = "") {
    config::Route route;
    route.number = number;
    route.rewrite = rewrite;
    route.to = {{"carrier"}};
    return route;
  }
};

TEST_F(RoutingNumbers, AreMatchedAsE164AndWrittenAsTheTargetDials) {
  const RouteQuery local{"core", "123456", "sallyport.test"};
  for (const auto& [form, user] :
       std::map<config::NumberForm, std::string>{{config::NumberForm::asIs, "123456"},
                                                 {config::NumberForm::e164, "+4930123456"},
                                                 {config::NumberForm::national, "030123456"}}) {
    const auto decision = route(*policy(form, {toCarrier("+4930*")}), local);
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->called.e164, "+4930123456");
    EXPECT_EQ(decision->first().user, user);
  }
}

TEST_F(RoutingNumbers, ARewrittenNumberIsReadAnewAndItsTollIsWhatCounts) {
  const auto decision = route(*policy(config::NumberForm::e164, {toCarrier("+4930*", "0900{rest}")}),
                              {"core", "030123456", "sallyport.test"});
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->called.toll, TollClass::national);
  EXPECT_EQ(decision->onward.toll, TollClass::premium);
  EXPECT_EQ(decision->first().user, "+49900123456");
}

TEST_F(RoutingNumbers, EmergencyNumbersGoAsDialled) {
  auto emergency = rule("112", "carrier");
  const auto rules = policy(config::NumberForm::e164, {emergency});
  const auto decision = route(*rules, {"core", "112", "sallyport.test"});
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->called.kind, NumberKind::emergency);
  EXPECT_EQ(decision->first().uri(), "sip:112@sbc.carrier.test");
}

TEST_F(RoutingNumbers, ANumberIsMarkedAsOneWhereTheTargetWantsThat) {
  const auto rules = policyWith([](config::Config& config) {
    peer(config, "carrier").user_phone = true;
    config.routes = {rule("*", "carrier")};
  });
  for (const auto& [user, uri] : std::map<std::string, std::string>{
           {"+4930123456", "sip:+4930123456@sbc.carrier.test;user=phone"},
           {"115", "sip:115@sbc.carrier.test;user=phone"},  // not known world-wide, a number all the same
           {"bob", "sip:bob@sbc.carrier.test"}}) {
    const auto decision = route(*rules, {"core", user, "sallyport.test"});
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->first().uri(), uri);
  }
}

TEST_F(RoutingNumbers, WhatMayNotStandInAUriIsEscaped) {
  const auto policy = policyOf({rule("*", "core")});
  const auto decision = route(*policy, {"device", "a b@c\x7F%", "sallyport.test"});
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->first().uri(), "sip:a%20b%40c%7F%25@core.inner.test");
}

TEST_F(RoutingNumbers, ACallerMayBeAskedFor) {
  auto by_caller = toCarrier("+*");
  by_caller.caller = "+4930*";
  const auto rules = policy(config::NumberForm::e164, {by_caller});
  Caller caller;
  caller.uri = "sip:+49305555@sallyport.test;user=phone";
  caller.number = NumberPlan{}.read("+49305555");
  EXPECT_EQ(outcome(rules, {"core", "+4989123", "sallyport.test", &caller}), "carrier");
  EXPECT_EQ(outcome(rules, {"core", "+4989123", "sallyport.test"}), "call.route.none");
  EXPECT_EQ(route(*rules, {"core", "+4989123", "sallyport.test", &caller})->first().presented.from_uri, caller.uri);
}

// --- who is called -----------------------------------------------------------------------------------------------

TEST_F(RoutingNumbers, TheCalledIsReadFromEverySchemeWeKnow) {
  const auto rules = policy(config::NumberForm::e164, {toCarrier("+*")});
  const auto called = [&](std::string_view uri) {
    const auto party = calledParty(*rules, "core", uri);
    if (!party) return std::string{party.error().code};
    return party->user + " " + party->host + " " + party->number.e164;
  };
  EXPECT_EQ(called("sip:bob@sallyport.test"), "bob sallyport.test ");
  EXPECT_EQ(called("sips:030123456@sallyport.test"), "030123456 sallyport.test +4930123456");
  EXPECT_EQ(called("tel:+49-30-123456"), "+4930123456 sallyport.test +4930123456");
  EXPECT_EQ(called("tel:123456;phone-context=+4930"), "123456 sallyport.test +4930123456");
  EXPECT_EQ(called("sip:+49-30-123456;isub=1@sallyport.test;user=phone"), "+4930123456 sallyport.test +4930123456");
  EXPECT_EQ(called("sip:a%20b@sallyport.test"), "a b sallyport.test ");
  EXPECT_EQ(called("sip:sallyport.test"), "call.request_uri.user");
  EXPECT_EQ(called("sip:%00@sallyport.test"), "call.request_uri.user");
  EXPECT_EQ(called("mailto:bob@sallyport.test"), "call.request_uri.scheme");
  EXPECT_EQ(called("tel:123"), "call.number.context");
  EXPECT_EQ(called("sip:@"), "sip.uri.user");
}

// --- what crosses -------------------------------------------------------------------------------------

TEST_F(Routing, WhatCrossesIsWhatBothPeersNameOrTheRouteSays) {
  const auto policy = policyWith([](config::Config& config) {
    config.header_policies = {{"own@2026", "core@2026", {"X-Tenant"}, {}}};
    peer(config, "core").policy.header_policy = "own@2026";
    auto special = rule("special", "carrier");
    special.header_policy = "own@2026";
    config.routes = {special, rule("*", "carrier")};
  });
  const auto crossing = [&](std::string_view user) {
    return route(*policy, {"core", user, "sallyport.test"})->first().headers.allowed();
  };
  EXPECT_THAT(crossing("bob"), ElementsAre("Accept-Language", "Diversion", "P-Early-Media", "Priority", "Reason"));
  EXPECT_THAT(crossing("special"), ::testing::Contains("x-tenant"));
}

TEST_F(Routing, APolicyThatIsNotThereIsRefusedAtLoad) {
  const auto refusal = [](const std::function<void(config::Config&)>& change) {
    auto config = plain();
    config.routes = {rule("*", "core")};
    change(config);
    const auto policy = compile(std::make_shared<const config::Config>(std::move(config)));
    return policy ? "taken" : std::string{policy.error().code};
  };
  EXPECT_EQ(refusal([](auto& config) { config.peers[0].policy.header_policy = "none@2026"; }),
            "call.header_policy.reference");
  EXPECT_EQ(refusal([](auto& config) { config.devices->policy.header_policy = "none@2026"; }),
            "call.header_policy.reference");
  EXPECT_EQ(refusal([](auto& config) { config.routes[0].header_policy = "none@2026"; }),
            "call.header_policy.reference");
  EXPECT_EQ(refusal([](auto& config) { config.routes[0].to[0].peer = "nobody"; }), "call.route.to");
  EXPECT_EQ(refusal([](auto& config) { config.peers[0].numbers.country = "XX"; }), "call.numbers.country");
  EXPECT_EQ(refusal([](auto& config) { config.routes[0].user_regex = "("; }), "call.route.regex");
  EXPECT_EQ(refusal([](auto& config) {
              config.header_policies = {{"a@1", "", {"Via"}, {}}};
            }),
            "call.header_policy.never");
}

// --- order --------------------------------------------------------------------------------------------

class FailoverOrder : public Routing {
 protected:
  static RouteDecision decisionOf(const std::vector<config::RouteTarget>& to) {
    auto spread = rule("*", "core");
    spread.to = to;
    static EdgePolicyPtr policy;  // outlives the decision
    policy = policyOf({spread});
    auto decision = route(*policy, {"device", "bob", "sallyport.test"});
    SP_CHECK(decision.ok());
    return *std::move(decision);
  }
};

TEST_F(FailoverOrder, ALowerPriorityComesFirst) {
  const auto decision = decisionOf({{"core", 2, 100}, {"carrier", 1, 0}});
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    EXPECT_EQ(failoverOrder(decision, draw).front()->peer->name, "carrier");
    EXPECT_EQ(failoverOrder(decision, draw).back()->peer->name, "core");
  }
}

TEST_F(FailoverOrder, AmongEqualsTheWeightIsTheShareOfFirstPlaces) {
  const auto decision = decisionOf({{"core", 1, 3}, {"carrier", 1, 1}});
  int core = 0;
  for (std::uint64_t draw = 1; draw <= 4'000; ++draw)
    core += failoverOrder(decision, draw * 0x9E3779B97F4A7C15U).front()->peer->name == "core" ? 1 : 0;
  EXPECT_NEAR(core, 3'000, 150);
}

TEST_F(FailoverOrder, WithoutWeightsItIsAsConfigured) {
  const auto decision = decisionOf({{"core", 1, 0}, {"carrier", 1, 0}});
  EXPECT_EQ(failoverOrder(decision, 7).front()->peer->name, "core");
  EXPECT_EQ(failoverOrder(decision, 7).size(), 2u);
}

TEST_F(Routing, EveryRuleSaysWhyItDoesNotFit) {
  const auto policy = policyOf({rule("bob", "core"), rule("b*", "carrier")});
  const auto verdicts = explainRules(*policy, {"device", "bill", "sallyport.test"});
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].mismatch, "the user is 'bill', not 'bob'");
  EXPECT_EQ(verdicts[1].rule, "2: b* -> carrier");
  EXPECT_EQ(verdicts[1].mismatch, "");
}

}  // namespace
}  // namespace sallyport::call
