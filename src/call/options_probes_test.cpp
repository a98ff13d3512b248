// SPDX-License-Identifier: Apache-2.0
#include "call/options_probes.h"

#include <gtest/gtest.h>

#include "call/call_test_border.h"

namespace sallyport::call::test {
namespace {

class OptionsProbesTest : public ::testing::Test {
 protected:
  OptionsProbesTest() { probes.setRequester(border.server.requester()); }
  void probe(const std::string& peer = "core") {
    probes.probe(peer, *Endpoint::parse("10.20.30.40:5061"),
                 [this](const TargetOutcome& outcome) { outcomes.push_back(outcome); });
  }
  sip::Message asked() {
    auto request = border.flows.take(*border.flows.of("core"), [](const sip::Message& m) { return m.isRequest(); });
    SP_CHECK(request.has_value());
    return *std::move(request);
  }
  TargetOutcome answered(int status, const std::string& retry_after = {}) {
    probe();
    auto reply = sip::responseTo(asked(), status, {}, "there");
    if (!retry_after.empty()) reply.header(sip::HeaderId::retryAfter, retry_after);
    border.receive(*border.flows.of("core"), reply.finish());
    SP_CHECK(outcomes.size() == 1);
    return std::exchange(outcomes, {}).front();
  }

  Border border;
  OptionsProbes probes{{0, border.flows, border.clock}, border.policy};
  std::vector<TargetOutcome> outcomes;
};

TEST_F(OptionsProbesTest, AsksThePeerByItsNameOnAConnectionVerifiedAsThatPeer) {
  probe();
  const auto request = asked();
  EXPECT_EQ(request.methodName(), "OPTIONS");
  EXPECT_EQ(request.requestUri(), "sip:core.inner.test");
  EXPECT_TRUE(request.has(sip::HeaderId::contact));
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(OptionsProbesTest, AnyAnswerIsALifeSignAndTakesItsTime) {
  probe();
  const auto request = asked();
  border.clock.advance(12ms);
  border.receive(*border.flows.of("core"), sip::responseTo(request, 200, {}, "there").finish());
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_FALSE(outcomes[0].fault);
  EXPECT_EQ(outcomes[0].round_trip, 12ms);
  outcomes.clear();
  for (const int status : {401, 403, 404, 405, 483, 501}) EXPECT_FALSE(answered(status).fault) << status;
}

TEST_F(OptionsProbesTest, A503IsNoneAndMayAskForAPause) {
  EXPECT_EQ(answered(503).fault, TargetFault::unavailable);
  EXPECT_EQ(answered(503, "120").retry_after, 120s);
  EXPECT_EQ(answered(408).fault, TargetFault::timeout);
}

TEST_F(OptionsProbesTest, SilenceIsATimeout) {
  probe();
  border.pass(33s);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].fault, TargetFault::timeout);
  EXPECT_FALSE(outcomes[0].round_trip);
}

TEST_F(OptionsProbesTest, WithoutAConnectionTheServerIsNotThere) {
  border.flows.dialing = FakeFlows::Dialing::fails;
  probe();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].fault, TargetFault::connect);
}

TEST_F(OptionsProbesTest, AnUnknownPeerIsNotAsked) {
  probe("stranger");
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].fault, TargetFault::connect);
}

}  // namespace
}  // namespace sallyport::call::test
