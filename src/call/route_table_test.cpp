// SPDX-License-Identifier: Apache-2.0
#include "call/route_table.h"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using config::PatternKind;
using config::UserPattern;
using RouteRule = config::Route;

UserPattern exact(std::string text) { return {PatternKind::exact, std::move(text)}; }
UserPattern prefix(std::string text) { return {PatternKind::prefix, std::move(text)}; }

RouteRule to(std::string peer) {
  RouteRule rule;
  rule.to = {{std::move(peer)}};
  return rule;
}

RouteTable tableOf(std::vector<RouteRule> rules) {
  auto table = RouteTable::make(std::move(rules));
  SP_CHECK(table.ok());
  return *std::move(table);
}

std::string refusal(RouteRule rule) {
  const auto table = RouteTable::make({std::move(rule)});
  return table ? "taken" : table.error().code;
}

RouteFacts calling(std::string_view user, std::string_view number = {}) {
  return {.from_peer = "device", .user = user, .number = number, .host = "sallyport.test", .caller = "alice", .at = {}};
}

TEST(RouteTable, TheFirstRuleThatFitsIsFoundWhereverItIsFiled) {
  auto by_number = to("a");
  by_number.number = "+4930*";
  auto by_user = to("b");
  by_user.user = exact("0301234");
  auto by_domain = to("c");
  by_domain.domain = "Sallyport.TEST";
  auto by_peer = to("d");
  by_peer.from_peer = "device";
  const auto table = tableOf({by_number, by_user, by_domain, by_peer, to("e")});
  EXPECT_EQ(table.find(calling("0301234", "+49301234")), 0u);
  EXPECT_EQ(table.find(calling("0301234")), 1u);
  EXPECT_EQ(table.find(calling("bob")), 2u);
  auto elsewhere = calling("bob");
  elsewhere.host = "192.0.2.1";
  EXPECT_EQ(table.find(elsewhere), 3u);
  elsewhere.from_peer = "core";
  EXPECT_EQ(table.find(elsewhere), 4u);
}

TEST(RouteTable, NothingFitsIsAnAnswer) {
  auto rule = to("core");
  rule.user = exact("bob");
  EXPECT_EQ(tableOf({rule}).find(calling("carol")), RouteTable::kNone);
  EXPECT_EQ(RouteTable{}.find(calling("carol")), RouteTable::kNone);
}

TEST(RouteTable, AllThatARuleAsksMustFit) {
  auto rule = to("core");
  rule.user = prefix("0");
  rule.user_regex = "0[1-9][0-9]+";
  rule.caller = "ali*";
  rule.number = "+49*";
  const auto table = tableOf({rule});
  EXPECT_EQ(table.find(calling("0301", "+49301")), 0u);
  EXPECT_EQ(table.mismatch(0, calling("0301", "+49301")), "");
  EXPECT_EQ(table.mismatch(0, calling("1301", "+49301")), "the user is '1301', not '0*'");
  EXPECT_EQ(table.mismatch(0, calling("0001", "+49301")), "the user is '0001', not '/0[1-9][0-9]+/'");
  EXPECT_EQ(table.mismatch(0, calling("0301", "+1301")), "the number is '+1301', not '+49*'");
  EXPECT_EQ(table.mismatch(0, calling("0301")), "the number is 'unknown', not '+49*'");
  auto stranger = calling("0301", "+49301");
  stranger.caller = "bob";
  EXPECT_EQ(table.mismatch(0, stranger), "the caller is 'bob', not 'ali*'");
}

TEST(RouteTable, AnyKnownNumberCanBeAskedFor) {
  auto rule = to("core");
  rule.number = "+*";
  const auto table = tableOf({rule});
  EXPECT_EQ(table.find(calling("x", "+1")), 0u);
  EXPECT_EQ(table.find(calling("x")), RouteTable::kNone);
}

TEST(RouteTable, SaysItselfInWords) {
  auto rule = to("core");
  rule.to.push_back({"carrier", 1});
  rule.number = "+49*";
  rule.user_regex = "0+";
  auto refusing = RouteRule{};
  refusing.user = exact("900");
  refusing.refuse = 403;
  const auto table = tableOf({rule, refusing, to("core")});
  EXPECT_EQ(table.describe(0), "1: regex 0+ and number +49* -> core, carrier");
  EXPECT_EQ(table.describe(1), "2: 900 -> refuse 403");
  EXPECT_EQ(table.describe(2), "3: * -> core");
}

TEST(RouteTable, FindsWhatReadingAllRulesFinds) {
  std::mt19937 random{7};
  const auto pick = [&random](unsigned most) { return static_cast<unsigned>(random() % most); };
  const auto digits = [&](unsigned most) {
    std::string text;
    for (unsigned i = pick(most); i > 0; --i) text += static_cast<char>('0' + pick(3));
    return text;
  };
  std::vector<RouteRule> rules;
  for (int i = 0; i < 300; ++i) {
    auto rule = to("p");
    if (pick(2) == 0) rule.user = pick(2) == 0 ? exact(digits(4)) : prefix(digits(4));
    if (pick(3) == 0) rule.number = "+" + digits(3) + (pick(2) == 0 ? "1" : "*");
    if (pick(3) == 0) rule.domain = pick(2) == 0 ? "a.test" : "B.test";
    if (pick(3) == 0) rule.from_peer = pick(2) == 0 ? "x" : "y";
    if (pick(4) == 0) rule.caller = digits(2) + "*";
    rules.push_back(rule);
    const auto table = tableOf(rules);
    const auto user = digits(5), number = pick(2) == 0 ? "" : "+" + digits(5), caller = digits(3);
    const RouteFacts facts{pick(2) == 0 ? "x" : "z", user, number, pick(2) == 0 ? "A.test" : "b.TEST", caller, {}};
    std::size_t first = 0;
    while (first < table.size() && !table.mismatch(first, facts).empty()) ++first;
    EXPECT_EQ(table.find(facts), first == table.size() ? RouteTable::kNone : first);
  }
}

TEST(RouteTable, RewritesTheUserByWhatFitted) {
  const auto rewritten = [](RouteRule rule, const char* rewrite, const RouteFacts& facts) {
    rule.rewrite = rewrite;
    return tableOf({rule}).rewritten(0, facts).value_or("nothing");
  };
  auto by_user = to("core");
  by_user.user = prefix("9");
  EXPECT_EQ(rewritten(by_user, "", calling("90301")), "nothing");
  EXPECT_EQ(rewritten(by_user, "+49{rest}", calling("9301")), "+49301");
  EXPECT_EQ(rewritten(by_user, "{user}-{number}", calling("9301", "+49301")), "9301-+49301");
  EXPECT_EQ(rewritten(by_user, "reception", calling("9")), "reception");
  auto by_number = to("core");
  by_number.number = "+4930*";
  EXPECT_EQ(rewritten(by_number, "1{rest}", calling("03012", "+493012")), "112");
  EXPECT_EQ(rewritten(to("core"), "{rest}{number}", calling("bob")), "bobbob");
}

TEST(RouteTable, ARuleOutsideItsHoursSaysSo) {
  auto rule = to("core");
  rule.time = {{"Mon-Fri 08:00-18:30"}, 60min};
  const auto table = tableOf({rule});
  auto facts = calling("bob");
  facts.at = WallTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}} + 19h;
  EXPECT_EQ(table.find(facts), RouteTable::kNone);
  EXPECT_EQ(table.mismatch(0, facts), "it holds only Mon-Fri 08:00-18:30 at +01:00");
  facts.at -= 2h;
  EXPECT_EQ(table.find(facts), 0u);
}

TEST(RouteRefused, WithItsReason) {
  auto regex = to("core");
  regex.user_regex = "(";
  EXPECT_EQ(refusal(regex), "call.route.regex");
  for (const auto* number : {"49*", "+49x", "+", "*", "+1234567890123456", "+49**"}) {
    auto rule = to("core");
    rule.number = number;
    EXPECT_EQ(refusal(rule), "call.route.number") << number;
  }
  auto time = to("core");
  time.time.spans = {"Mon-Fri"};
  EXPECT_EQ(refusal(time), "call.route.time");
  for (const unsigned status : {0u, 200u, 302u, 401u, 407u, 500u, 700u}) {
    RouteRule rule;
    rule.refuse = status;
    EXPECT_EQ(refusal(rule), "call.route.refuse") << status;
  }
  EXPECT_EQ(refusal(RouteRule{}), "call.route.to");
  for (const auto* rewrite : {"{name}", "{user", "user}", "{}"}) {
    auto rule = to("core");
    rule.rewrite = rewrite;
    EXPECT_EQ(refusal(rule), "call.route.rewrite") << rewrite;
  }
}

TEST(RouteRefusalCode, NamesItsStatus) {
  EXPECT_STREQ(refusalCode(403), "call.route.denied");
  EXPECT_STREQ(refusalCode(404), "call.route.denied.404");
  EXPECT_EQ(refusalCode(200), nullptr);
  EXPECT_EQ(refusalStatus("call.route.denied"), 403);
  EXPECT_EQ(refusalStatus("call.route.denied.608"), 608);
  EXPECT_EQ(refusalStatus("call.route.none"), 0);
}

}  // namespace
}  // namespace sallyport::call
