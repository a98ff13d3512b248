// SPDX-License-Identifier: Apache-2.0
#include "call/routing.h"

#include <gtest/gtest.h>

#include "call/call_test_border.h"

namespace sallyport::call {
namespace {

class Routing : public ::testing::Test {
 protected:
  static std::string outcome(const EdgePolicyPtr& policy, const RouteQuery& query) {
    const auto decision = route(*policy, query);
    return decision ? decision->target->name : decision.error().code;
  }
  static EdgePolicyPtr policyWith(const std::string& routes) {
    test::BorderConfig config;
    config.routes = routes;
    return test::policyOf(config);
  }
  static std::string rule(const char* user, const char* to, const std::string& more = "") {
    return std::string{"[[route]]\nuser = \""} + user + "\"\nto = \"" + to + "\"\n" + more;
  }
};

TEST_F(Routing, TheFirstRuleThatFitsDecides) {
  const auto policy = policyWith(rule("bob", "core") + rule("b*", "carrier") + rule("*", "core"));
  EXPECT_EQ(outcome(policy, {"device", "bob", "sallyport.test"}), "core");
  EXPECT_EQ(outcome(policy, {"device", "bill", "sallyport.test"}), "carrier");
  EXPECT_EQ(outcome(policy, {"device", "carol", "sallyport.test"}), "core");
}

TEST_F(Routing, SaysWhichRuleItWas) {
  const auto policy = policyWith(rule("bob", "core") + rule("+49*", "carrier"));
  EXPECT_EQ(route(*policy, {"device", "+4930", "sallyport.test"})->rule, "2: +49* -> carrier");
}

TEST_F(Routing, NobodyToGoToIsAnAnswer) {
  const auto policy = policyWith(rule("bob", "core"));
  EXPECT_EQ(outcome(policy, {"device", "carol", "sallyport.test"}), "call.route.none");
}

TEST_F(Routing, UsersAreTextAndCaseMatters) {
  const auto policy = policyWith(rule("bob", "core") + rule("+49*", "carrier"));
  EXPECT_EQ(outcome(policy, {"device", "Bob", "sallyport.test"}), "call.route.none");
  EXPECT_EQ(outcome(policy, {"device", "0049", "sallyport.test"}), "call.route.none");
}

TEST_F(Routing, ADomainIsComparedWithoutCase) {
  const auto policy = policyWith(rule("*", "core", "domain = \"sallyport.test\"\n"));
  EXPECT_EQ(outcome(policy, {"device", "bob", "SallyPort.TEST"}), "core");
  EXPECT_EQ(outcome(policy, {"device", "bob", "192.0.2.1"}), "call.route.none");
}

TEST_F(Routing, ARuleMayBeForOnePeersCallsOnly) {
  const auto policy =
      policyWith(rule("*", "carrier", "from_peer = \"core\"\n") + rule("*", "core", "from_peer = \"device\"\n"));
  EXPECT_EQ(outcome(policy, {"core", "bob", "sallyport.test"}), "carrier");
  EXPECT_EQ(outcome(policy, {"device", "bob", "sallyport.test"}), "core");
  EXPECT_EQ(outcome(policy, {"carrier", "bob", "sallyport.test"}), "call.route.none");
}

TEST_F(Routing, NothingGoesBackWhereItCameFrom) {
  const auto policy = policyWith(rule("*", "core"));
  EXPECT_EQ(outcome(policy, {"core", "bob", "sallyport.test"}), "call.route.to_origin");
}

}  // namespace
}  // namespace sallyport::call
