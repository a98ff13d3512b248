// SPDX-License-Identifier: Apache-2.0
#include "call/sips.h"

#include <gtest/gtest.h>

#include "call/status_map.h"

namespace sallyport::call {
namespace {

using enum SipsMode;
using enum HopSecurity;

std::string outcome(const SipsQuery& query) {
  const auto decision = decideSips(query);
  if (!decision) return decision.error().code;
  return std::string{toString(decision->near_contact)} + " " + std::string{toString(decision->far)};
}

TEST(Sips, IsCarriedOnWhereBothHopsAreTls) { EXPECT_EQ(outcome({.request = UriScheme::sips}), "sips: sips:"); }

TEST(Sips, ASipCallStaysOneUnlessTheTargetRequiresMore) {
  EXPECT_EQ(outcome({.request = UriScheme::sip}), "sip: sip:");
  EXPECT_EQ(outcome({.request = UriScheme::sip, .target = require}), "sip: sips:");
  EXPECT_EQ(outcome({.request = UriScheme::sip, .source = never, .target = never}), "sip: sip:");
  EXPECT_EQ(outcome({.request = UriScheme::sip, .source_hop = plain, .target_hop = plain}), "sip: sip:");
}

TEST(SipsRefused, WhenTheSourceMayNotOrMust) {
  EXPECT_EQ(outcome({.request = UriScheme::sips, .source = never}), "call.sips.scheme");
  EXPECT_EQ(outcome({.request = UriScheme::sip, .source = require}), "call.sips.required");
  EXPECT_EQ(outcome({.request = UriScheme::sips, .source_hop = plain}), "call.sips.scheme");
}

TEST(SipsRefused, RatherThanDowngradedOnTheNextHop) {
  EXPECT_EQ(outcome({.request = UriScheme::sips, .target = never}), "call.sips.hop");
  EXPECT_EQ(outcome({.request = UriScheme::sips, .target_hop = plain}), "call.sips.hop");
  EXPECT_EQ(outcome({.request = UriScheme::sip, .target = require, .target_hop = plain}), "call.sips.hop");
}

struct Answer {
  SipsQuery query;
  int status;
  const char* warning;
};

TEST(SipsRefused, SaysSoOnTheWire) {
  const Answer kAnswers[] = {
      {{.request = UriScheme::sips, .source = never}, 416, ""},
      {{.request = UriScheme::sip, .source = require}, 480, "381 edge.test \"SIPS Required\""},
      {{.request = UriScheme::sips, .target = never}, 480, "380 edge.test \"SIPS Not Allowed\""},
  };
  for (const auto& [query, status, warning] : kAnswers) {
    const auto refused = decideSips(query);
    EXPECT_EQ(statusTowardsPeer(refused.error()), status);
    EXPECT_EQ(sipsWarning(refused.error(), "edge.test"), warning);
  }
}

}  // namespace
}  // namespace sallyport::call
