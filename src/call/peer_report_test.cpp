// SPDX-License-Identifier: Apache-2.0
#include "call/peer_report.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using Proof = config::Proof;

struct PeerReportTest : testing::Test {
  PeerReportTest() { config.peers.emplace_back().name = "carrier"; }
  static PeerSnapshot snapshot(TargetState state, std::optional<std::chrono::milliseconds> round_trip = {},
                               std::optional<TargetFault> fault = {}) {
    return {
        "carrier", {{*Endpoint::parse("1.0.0.1:5061"), "a.carrier.example", {10, 5}, state, fault, round_trip}}, {}};
  }
  PeerReport report(const std::vector<std::vector<PeerSnapshot>>& snapshots) const {
    return peerReports(config, snapshots, {}).at(0);
  }
  config::Config config;
};

TEST_F(PeerReportTest, WorkersThatAgreeAreOneState) {
  for (const auto state : {TargetState::healthy, TargetState::suspect, TargetState::down, TargetState::drained}) {
    const auto told = report({{snapshot(state)}, {snapshot(state)}});
    ASSERT_EQ(told.targets.size(), 1u);
    EXPECT_EQ(told.targets[0].state(), toString(state));
    EXPECT_EQ(told.targets[0].workers, 2u);
  }
}

TEST_F(PeerReportTest, WorkersThatDoNotAgreeAreToldWithTheFaultAndTheSlowestAnswer) {
  const auto told = report({{snapshot(TargetState::healthy, 7ms)},
                            {snapshot(TargetState::down, {}, TargetFault::timeout)},
                            {snapshot(TargetState::healthy, 9ms)}});
  ASSERT_EQ(told.targets.size(), 1u);
  const auto& target = told.targets[0];
  EXPECT_EQ(target.state(), "mixed");
  EXPECT_EQ(target.down, 1u);
  EXPECT_EQ(target.fault, "timeout");
  EXPECT_EQ(target.round_trip, 9ms);
  EXPECT_EQ(target.host, "a.carrier.example");
}

TEST_F(PeerReportTest, APeerThatConnectsToUsHasNoTargets) {
  EXPECT_TRUE(report({{}, {}}).targets.empty());
  EXPECT_EQ(report({}).authentication, "certificate");
  EXPECT_EQ(report({}).tier, "strict");
}

TEST_F(PeerReportTest, WhatAPeerMustProveIsToldInWords) {
  config.peers[0].policy.authentication = {{Proof::certificate, Proof::digest}, {Proof::token}};
  EXPECT_EQ(report({}).authentication, "certificate and digest, or token");
}

TEST_F(PeerReportTest, CallsAreCountedOnceOnEitherSide) {
  telemetry::CallRecord both, none;
  both.legs[0].peer = both.legs[1].peer = "carrier";
  none.legs[0].peer = none.legs[1].peer = "core";
  EXPECT_EQ(peerReports(config, {}, {both, none}).at(0).calls, 1u);
}

}  // namespace
}  // namespace sallyport::call
