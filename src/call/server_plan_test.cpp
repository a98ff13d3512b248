// SPDX-License-Identifier: Apache-2.0
#include "call/server_plan.h"

#include <gmock/gmock.h>

#include "telemetry/recording_sink.h"

namespace sallyport::call {
namespace {

using testing::ElementsAre;

class NoNames final : public Names {
  void ask(const DnsQuestion&, Answered) override {}
};
class NoProbes final : public Probes {
  void probe(const std::string&, const Endpoint&, Done) override {}
};

struct ServerPlanTest : testing::Test {
  ServerPlanTest() {
    core.name = "core";
    carrier.name = "carrier";
    phones.name = "phones";
    targets.adopt({peer("core", {"1.0.0.1", "1.0.0.2"}), peer("carrier", {"2.0.0.1"})});
  }
  static PeerServers peer(const std::string& name, const std::vector<std::string>& addresses) {
    PeerServers servers;
    servers.peer = name;
    std::uint16_t priority = 0;
    for (const auto& address : addresses)
      servers.sources.push_back({Endpoint{*IpAddress::parse(address), 5061}, {++priority, 1}});
    return servers;
  }
  static Target to(const PeerPolicy& policy) { return {.peer = &policy, .label = policy.name}; }
  std::vector<std::vector<std::string>> labels(const std::vector<TargetGroup>& groups) const {
    TargetPlan plan;
    plan.groups = groups;
    const auto over = overServers(plan, targets);
    if (!over) return {{over.error().code}};
    std::vector<std::vector<std::string>> all;
    for (const auto& group : over->groups) {
      auto& said = all.emplace_back();
      for (const auto& target : group) said.push_back(target.label);
    }
    return all;
  }
  PeerPolicy core, carrier, phones;
  FakeClock clock;
  telemetry::RecordingSink log;
  NoNames names;
  NoProbes probes;
  PeerTargets targets{{names, probes, log, clock, [](std::uint32_t) { return 0u; }}};
};

TEST_F(ServerPlanTest, APeerBecomesItsServersOneAfterTheOther) {
  EXPECT_THAT(labels({{to(core)}, {to(carrier)}}),
              ElementsAre(ElementsAre("core 1.0.0.1:5061"), ElementsAre("core 1.0.0.2:5061"),
                          ElementsAre("carrier 2.0.0.1:5061")));
}

TEST_F(ServerPlanTest, WhatRingsTogetherStillDoes) {
  auto phone = to(phones);
  phone.flow = sip::FlowId{7};
  EXPECT_THAT(labels({{to(core), phone, to(carrier)}}),
              ElementsAre(ElementsAre("core 1.0.0.1:5061", "phones", "carrier 2.0.0.1:5061"),
                          ElementsAre("core 1.0.0.2:5061")));
}

TEST_F(ServerPlanTest, APeerThatConnectsToUsAndAServerThatIsNamedStayAsTheyAre) {
  auto named = to(core);
  named.address = Endpoint::parse("9.0.0.1:5061");
  EXPECT_THAT(labels({{to(phones)}, {named}}), ElementsAre(ElementsAre("phones"), ElementsAre("core")));
}

TEST_F(ServerPlanTest, APeerWithoutAServerToTryIsLeftOutAndToldWhenItWasTheLast) {
  targets.drain("core", {});
  EXPECT_THAT(labels({{to(core)}, {to(carrier)}}), ElementsAre(ElementsAre("carrier 2.0.0.1:5061")));
  EXPECT_THAT(labels({{to(core)}}), ElementsAre(ElementsAre("call.target.drained")));
}

TEST_F(ServerPlanTest, NoMoreThanEightServersOfAPeerAreTried) {
  std::vector<std::string> many;
  for (int i = 1; i <= 20; ++i) many.push_back("1.0.0." + std::to_string(i));
  targets.adopt({peer("core", many)});
  EXPECT_EQ(labels({{to(core)}}).size(), kMostServersTried);
}

}  // namespace
}  // namespace sallyport::call
