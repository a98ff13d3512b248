// SPDX-License-Identifier: Apache-2.0
#include "call/peer_targets.h"

#include <gmock/gmock.h>

#include <map>

#include "telemetry/recording_sink.h"

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Endpoint at(const std::string& address) { return *Endpoint::parse(address + ":5061"); }

class ScriptedNames final : public Names {
 public:
  void ask(const DnsQuestion& question, Answered answered) override {
    asked.push_back(question.toString());
    if (held) {
      later.emplace_back(question, std::move(answered));
      return;
    }
    answered(answerTo(question));
  }
  void answerAll() {
    while (!later.empty()) {
      auto [question, answered] = std::move(later.front());
      later.erase(later.begin());
      answered(answerTo(question));
    }
  }
  Result<DnsAnswer> answerTo(const DnsQuestion& question) const {
    if (silent) return Error{ErrorKind::unavailable, "net.dns.timeout", question.toString()};
    DnsAnswer answer;
    answer.ttl = ttl;
    if (question.type == DnsType::srv) answer.services = services;
    if (question.type == DnsType::a) {
      const auto found = hosts.find(question.name);
      if (found != hosts.end()) answer.addresses = found->second;
    }
    return answer;
  }
  void host(const std::string& name, std::vector<std::string> addresses) {
    auto& all = hosts[name];
    all.clear();
    for (const auto& address : addresses) all.push_back(*IpAddress::parse(address));
  }

  std::vector<SrvRecord> services;
  std::map<std::string, std::vector<IpAddress>> hosts;
  std::chrono::seconds ttl{60};
  bool silent = false, held = false;
  std::vector<std::string> asked;
  std::vector<std::pair<DnsQuestion, Answered>> later;
};

class ScriptedProbes final : public Probes {
 public:
  void probe(const std::string& peer, const Endpoint& server, Done done) override {
    sent.push_back(peer + " " + server.address.toString());
    waiting.emplace_back(server, std::move(done));
  }
  void answerAll(const TargetOutcome& outcome) {
    for (auto& [server, done] : std::exchange(waiting, {})) done(outcome);
  }
  std::vector<std::string> sent;
  std::vector<std::pair<Endpoint, Done>> waiting;
};

const TargetOutcome kAnswered{.round_trip = 7ms};
const TargetOutcome kRefused{.fault = TargetFault::connect};
const TargetOutcome kTimedOut{.fault = TargetFault::timeout};

struct PeerTargetsTest : testing::Test {
  static PeerServers configured(std::vector<ServerSource> servers) {
    PeerServers peer;
    peer.peer = "carrier";
    peer.sources = std::move(servers);
    return peer;
  }
  static ServerSource sourceAt(const std::string& host, sip::ServerRank rank) {
    sip::ServerQuery query;
    query.host = host;
    return {std::move(query), rank};
  }
  static PeerServers named(const std::string& host) {
    PeerServers peer;
    peer.peer = "carrier";
    peer.sources = {sourceAt(host, {1, 1})};
    return peer;
  }
  void pass(std::chrono::seconds time) {
    for (auto step = 0s; step < time; step += 1s) {
      clock.advance(1s);
      targets.advance();
    }
  }
  std::vector<std::string> order() const {
    const auto choices = targets.order("carrier");
    if (!choices) return {choices.error().code};
    std::vector<std::string> all;
    for (const auto& choice : *choices) all.push_back(choice.address.address.toString());
    return all;
  }
  void failTwice(const std::string& server) {
    targets.report("carrier", at(server), kRefused);
    targets.report("carrier", at(server), kTimedOut);
  }
  std::vector<std::pair<std::string, std::string>> states() const {
    std::vector<std::pair<std::string, std::string>> all;
    const auto peers = targets.snapshot();
    for (const auto& target : peers.at(0).targets)
      all.emplace_back(target.address.address.toString(), toString(target.state));
    return all;
  }

  FakeClock clock;
  telemetry::RecordingSink log;
  ScriptedNames names;
  ScriptedProbes probes;
  std::uint32_t draw = 0;
  PeerTargets targets{{names, probes, log, clock, [this](std::uint32_t bound) { return draw % bound; }}};
};

// --- order -----------------------------------------------------------------------------------------------------

TEST_F(PeerTargetsTest, ServersAreTriedByPriorityAndWeightedWithinOne) {
  targets.adopt({configured({{at("1.0.0.9"), {2, 1}}, {at("1.0.0.1"), {1, 30}}, {at("1.0.0.2"), {1, 70}}})});
  draw = 10;
  EXPECT_THAT(order(), ElementsAre("1.0.0.1", "1.0.0.2", "1.0.0.9"));
  draw = 60;
  EXPECT_THAT(order(), ElementsAre("1.0.0.2", "1.0.0.1", "1.0.0.9"));
}

TEST_F(PeerTargetsTest, ASuspectServerComesAfterTheHealthyOnesOfItsPriority) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}, {at("1.0.0.2"), {1, 1}}, {at("1.0.0.9"), {2, 1}}})});
  targets.report("carrier", at("1.0.0.1"), kTimedOut);
  EXPECT_THAT(order(), ElementsAre("1.0.0.2", "1.0.0.1", "1.0.0.9"));
}

TEST_F(PeerTargetsTest, AServerThatIsDownComesLastOfAll) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}, {at("1.0.0.9"), {2, 1}}})});
  failTwice("1.0.0.1");
  EXPECT_THAT(order(), ElementsAre("1.0.0.9", "1.0.0.1"));
}

TEST_F(PeerTargetsTest, WhenAllAreDownTheyAreTriedAsALastResortOrRefused) {
  auto peer = configured({{at("1.0.0.1"), {1, 1}}});
  targets.adopt({peer});
  failTwice("1.0.0.1");
  EXPECT_THAT(order(), ElementsAre("1.0.0.1"));
  peer.when_all_down = WhenAllDown::refuse;
  targets.adopt({peer});
  EXPECT_THAT(order(), ElementsAre("call.target.down"));
}

TEST_F(PeerTargetsTest, APeerThatWeKnowNoServerOfIsTold) {
  targets.adopt({configured({})});
  EXPECT_THAT(order(), ElementsAre("call.target.none"));
  EXPECT_STREQ(targets.order("stranger").error().code, "call.target.none");
}

// --- what calls meet ---------------------------------------------------------------------------------------------

TEST_F(PeerTargetsTest, DownAndUpAreEventsWithTheirReason) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}})});
  failTwice("1.0.0.1");
  targets.report("carrier", at("1.0.0.1"), kTimedOut);
  ASSERT_EQ(log.events("peer.target.down").size(), 1u);
  EXPECT_EQ(log.events("peer.target.down")[0].fields.at("reason"), "timeout");
  EXPECT_EQ(log.events("peer.target.down")[0].fields.at("target"), "1.0.0.1:5061");
  targets.report("carrier", at("1.0.0.1"), {});
  EXPECT_EQ(log.events("peer.target.up").size(), 1u);
}

TEST_F(PeerTargetsTest, AServerThatAsksForAPauseIsNotTriedNotEvenAsALastResort) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}})});
  targets.report("carrier", at("1.0.0.1"), {TargetFault::unavailable, 120s, {}});
  EXPECT_THAT(order(), ElementsAre("call.target.down"));
  pass(119s);
  EXPECT_THAT(order(), ElementsAre("call.target.down"));
  pass(1s);
  EXPECT_THAT(order(), ElementsAre("1.0.0.1"));
}

TEST_F(PeerTargetsTest, ACallSaysWhatItMetAndOnlyTheServersOwnFaultsCount) {
  PeerPolicy peer;
  peer.name = "carrier";
  Target target;
  target.peer = &peer;
  target.address = at("1.0.0.1");
  const auto afterTwo = [&](const Error& reason) {
    targets.adopt({});
    targets.adopt({configured({{at("1.0.0.1"), {1, 1}}})});
    targets.onFailure(target, reason, {});
    targets.onFailure(target, reason, {});
    return states()[0].second;
  };
  const auto error = [](const char* code, const char* detail = "") {
    return Error{ErrorKind::unavailable, code, detail};
  };
  EXPECT_EQ(afterTwo(error("net.connect.refused")), "down");
  EXPECT_EQ(afterTwo(error("tls.handshake.timeout")), "down");
  EXPECT_EQ(afterTwo(error("tls.peer.unknown")), "down");
  EXPECT_EQ(afterTwo(error("sip.transaction.timeout")), "down");
  EXPECT_EQ(afterTwo(error("sip.transaction.transport")), "down");
  EXPECT_EQ(afterTwo(error("call.attempt.timeout")), "down");
  EXPECT_EQ(afterTwo(error("call.rejected", "503")), "down");
  EXPECT_EQ(afterTwo(error("call.rejected", "408")), "healthy");
  EXPECT_EQ(afterTwo(error("call.rejected", "500")), "healthy");
  targets.onFailure(target, error("net.connect.refused"), {});
  targets.onSuccess(target);
  EXPECT_EQ(states()[0].second, "healthy");
}

TEST_F(PeerTargetsTest, WhatIsSaidOfAnUnknownServerIsIgnored) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}})});
  targets.report("carrier", at("6.6.6.6"), kRefused);
  targets.report("stranger", at("1.0.0.1"), kRefused);
  EXPECT_THAT(states(), ElementsAre(Pair("1.0.0.1", "healthy")));
}

// --- OPTIONS -----------------------------------------------------------------------------------------------------

TEST_F(PeerTargetsTest, OptionsAreSentToEveryServerAtItsIntervalAndOneAtATime) {
  auto peer = configured({{at("1.0.0.1"), {1, 1}}, {at("1.0.0.2"), {2, 1}}});
  peer.options_interval = 60s;
  targets.adopt({peer});
  EXPECT_THAT(probes.sent, ElementsAre("carrier 1.0.0.1", "carrier 1.0.0.2"));
  pass(120s);
  EXPECT_EQ(probes.sent.size(), 2u);  // no answer yet
  probes.answerAll(kAnswered);
  EXPECT_EQ(targets.snapshot()[0].targets[0].round_trip, 7ms);
  pass(1s);
  EXPECT_EQ(probes.sent.size(), 4u);
  probes.answerAll(kAnswered);
  pass(59s);
  EXPECT_EQ(probes.sent.size(), 4u);
  pass(1s);
  EXPECT_EQ(probes.sent.size(), 6u);
}

TEST_F(PeerTargetsTest, APeerWithoutAnIntervalIsNeverAsked) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}})});
  pass(300s);
  EXPECT_THAT(probes.sent, IsEmpty());
}

TEST_F(PeerTargetsTest, OptionsAreSpreadSoThatPeersDoNotMarchInStep) {
  auto peer = configured({{at("1.0.0.1"), {1, 1}}});
  peer.options_interval = 60s;
  draw = 4;
  targets.adopt({peer});
  pass(3s);
  EXPECT_THAT(probes.sent, IsEmpty());
  pass(1s);
  EXPECT_EQ(probes.sent.size(), 1u);
  probes.answerAll(kAnswered);
  draw = 6'000;  // the longest there is: a tenth
  pass(60s);
  probes.answerAll(kAnswered);
  const auto before = probes.sent.size();
  pass(53s);
  EXPECT_EQ(probes.sent.size(), before);
  pass(1s);
  EXPECT_EQ(probes.sent.size(), before + 1);
}

TEST_F(PeerTargetsTest, TwoOptionsWithoutAnAnswerTakeAServerDownAndOneAnswerBringsItBack) {
  auto peer = configured({{at("1.0.0.1"), {1, 1}}, {at("1.0.0.9"), {2, 1}}});
  peer.options_interval = 60s;
  targets.adopt({peer});
  const auto firstFails = [&] {
    for (auto& [server, done] : std::exchange(probes.waiting, {}))
      done(server == at("1.0.0.1") ? kTimedOut : kAnswered);
  };
  firstFails();
  EXPECT_THAT(states(), ElementsAre(Pair("1.0.0.1", "suspect"), Pair("1.0.0.9", "healthy")));
  pass(60s);
  firstFails();
  EXPECT_THAT(order(), ElementsAre("1.0.0.9", "1.0.0.1"));
  pass(59s);  // it stays down until it answers
  EXPECT_THAT(states(), ElementsAre(Pair("1.0.0.1", "down"), Pair("1.0.0.9", "healthy")));
  pass(1s);
  probes.answerAll(kAnswered);
  EXPECT_THAT(order(), ElementsAre("1.0.0.1", "1.0.0.9"));
}

TEST_F(PeerTargetsTest, APausedServerIsNotAskedByOptions) {
  auto peer = configured({{at("1.0.0.1"), {1, 1}}});
  peer.options_interval = 60s;
  targets.adopt({peer});
  probes.answerAll({TargetFault::unavailable, 200s, {}});
  pass(199s);
  EXPECT_EQ(probes.sent.size(), 1u);
  pass(1s);
  EXPECT_EQ(probes.sent.size(), 2u);
}

TEST_F(PeerTargetsTest, AnAnswerForAPeerThatIsGoneIsIgnored) {
  auto peer = configured({{at("1.0.0.1"), {1, 1}}});
  peer.options_interval = 60s;
  targets.adopt({peer});
  targets.adopt({});
  probes.answerAll(kRefused);
  EXPECT_THAT(targets.snapshot(), IsEmpty());
}

// --- location ------------------------------------------------------------------------------------------------------

TEST_F(PeerTargetsTest, APeerWithANameIsLocatedAndAgainWhenItsRecordsExpire) {
  names.services = {{10, 1, 5061, "a.carrier.example"}, {20, 1, 5061, "b.carrier.example"}};
  names.host("a.carrier.example", {"1.0.0.1", "1.0.0.2"});
  names.host("b.carrier.example", {"1.0.0.9"});
  targets.adopt({named("carrier.example")});
  EXPECT_THAT(order(), ElementsAre("1.0.0.1", "1.0.0.2", "1.0.0.9"));
  EXPECT_EQ(targets.order("carrier")->back().host, "b.carrier.example");
  names.host("a.carrier.example", {"1.0.0.7"});
  pass(59s);
  EXPECT_THAT(order(), ElementsAre("1.0.0.1", "1.0.0.2", "1.0.0.9"));
  pass(1s);
  EXPECT_THAT(order(), ElementsAre("1.0.0.7", "1.0.0.9"));
}

TEST_F(PeerTargetsTest, WhatIsKnownOfAServerOutlivesARefreshAndAReload) {
  names.services = {{10, 1, 5061, "a.carrier.example"}};
  names.host("a.carrier.example", {"1.0.0.1", "1.0.0.2"});
  targets.adopt({named("carrier.example")});
  targets.report("carrier", at("1.0.0.1"), kRefused);
  pass(60s);
  EXPECT_THAT(states(), ElementsAre(Pair("1.0.0.1", "suspect"), Pair("1.0.0.2", "healthy")));
  targets.adopt({named("carrier.example")});
  EXPECT_THAT(states(), ElementsAre(Pair("1.0.0.1", "suspect"), Pair("1.0.0.2", "healthy")));
}

TEST_F(PeerTargetsTest, BeforeTheDnsHasAnsweredThePeerIsUnlocated) {
  names.held = true;
  names.host("carrier.example", {"1.0.0.1"});
  targets.adopt({named("carrier.example")});
  EXPECT_THAT(order(), ElementsAre("call.target.unlocated"));
  names.answerAll();
  EXPECT_THAT(order(), ElementsAre("1.0.0.1"));
}

TEST_F(PeerTargetsTest, AReloadKeepsTheServersWhileTheNameIsLocatedAnew) {
  names.host("carrier.example", {"1.0.0.1"});
  targets.adopt({named("carrier.example")});
  names.held = true;
  targets.adopt({named("carrier.example")});
  EXPECT_THAT(order(), ElementsAre("1.0.0.1"));
  targets.adopt({named("other.example")});
  EXPECT_THAT(order(), ElementsAre("call.target.unlocated"));
}

TEST_F(PeerTargetsTest, ADnsThatDoesNotAnswerTakesNoServerAway) {
  names.host("carrier.example", {"1.0.0.1"});
  targets.adopt({named("carrier.example")});
  names.silent = true;
  pass(61s);
  EXPECT_THAT(order(), ElementsAre("1.0.0.1"));
  EXPECT_THAT(targets.snapshot()[0].location_error, testing::HasSubstr("sip.location.unavailable"));
  EXPECT_EQ(log.events("peer.location.failed").at(0).fields.at("reason"), "sip.location.unavailable");
  names.silent = false;
  names.host("carrier.example", {"1.0.0.2"});
  pass(30s);
  EXPECT_THAT(order(), ElementsAre("1.0.0.2"));
  EXPECT_EQ(targets.snapshot()[0].location_error, "");
}

TEST_F(PeerTargetsTest, ADomainThatSaysItHasNoSuchServiceHasNoServersAnyMore) {
  names.services = {{10, 1, 5061, "a.carrier.example"}};
  names.host("a.carrier.example", {"1.0.0.1"});
  targets.adopt({named("carrier.example")});
  names.services = {{0, 0, 0, "."}};
  pass(60s);
  EXPECT_THAT(order(), ElementsAre("call.target.unlocated"));
  EXPECT_EQ(log.events("peer.location.failed").at(0).fields.at("reason"), "sip.location.not_offered");
}

TEST_F(PeerTargetsTest, ASpecialPurposeAddressIsToldAndNotUsed) {
  names.host("carrier.example", {"127.0.0.1", "1.0.0.1"});
  targets.adopt({named("carrier.example")});
  EXPECT_THAT(order(), ElementsAre("1.0.0.1"));
  EXPECT_EQ(log.events("peer.location.special_purpose").at(0).fields.at("addresses"), "1");
}

TEST_F(PeerTargetsTest, ANameThatIsNoneIsToldOnceAndNotAskedFor) {
  targets.adopt({named("bad name")});
  pass(300s);
  EXPECT_THAT(order(), ElementsAre("call.target.unlocated"));
  EXPECT_EQ(log.events("peer.location.failed").size(), 1u);
  EXPECT_THAT(names.asked, IsEmpty());
}

TEST_F(PeerTargetsTest, SeveralNamesOfAPeerAreTriedByTheirOwnRankAndFailApart) {
  names.host("one.example", {"1.0.0.1", "1.0.0.2"});
  names.host("two.example", {"1.0.0.3"});
  auto peer = configured({sourceAt("two.example", {2, 1}),
                          sourceAt("one.example", {1, 1}),
                          sourceAt("gone.example", {3, 1}),
                          {at("1.0.0.9"), {4, 1}}});
  targets.adopt({peer});
  EXPECT_THAT(order(), ElementsAre("1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.9"));
  EXPECT_THAT(targets.snapshot()[0].location_error, testing::HasSubstr("gone.example"));
  names.silent = true;
  pass(60s);
  EXPECT_THAT(order(), ElementsAre("1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.9"));
}

TEST_F(PeerTargetsTest, HostsThatShareAnAddressAreOneServer) {
  names.services = {
      {10, 1, 5061, "a.carrier.example"}, {10, 1, 5061, "b.carrier.example"}, {20, 1, 5061, "c.carrier.example"}};
  names.host("a.carrier.example", {"1.0.0.1"});
  names.host("b.carrier.example", {"1.0.0.1"});
  names.host("c.carrier.example", {"1.0.0.1", "1.0.0.3"});
  targets.adopt({named("carrier.example")});
  EXPECT_THAT(order(), ElementsAre("1.0.0.1", "1.0.0.3"));
}

// --- the operator -------------------------------------------------------------------------------------------------

TEST_F(PeerTargetsTest, ADrainedServerIsNeverTriedUntilItIsEnabled) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}, {at("1.0.0.9"), {2, 1}}})});
  EXPECT_TRUE(targets.drain("carrier", at("1.0.0.1")));
  EXPECT_THAT(order(), ElementsAre("1.0.0.9"));
  EXPECT_TRUE(targets.drain("carrier", at("1.0.0.9")));
  EXPECT_THAT(order(), ElementsAre("call.target.drained"));
  EXPECT_TRUE(targets.enable("carrier", at("1.0.0.9")));
  EXPECT_THAT(order(), ElementsAre("1.0.0.9"));
}

TEST_F(PeerTargetsTest, ADrainedPeerStaysSoAcrossAReloadAndIsNotAsked) {
  auto peer = configured({{at("1.0.0.1"), {1, 1}}});
  peer.options_interval = 60s;
  draw = 9;
  targets.adopt({peer});
  EXPECT_TRUE(targets.drain("carrier", {}));
  targets.adopt({peer});
  pass(120s);
  EXPECT_THAT(probes.sent, IsEmpty());
  EXPECT_THAT(states(), ElementsAre(Pair("1.0.0.1", "drained")));
  EXPECT_TRUE(targets.enable("carrier", {}));
  pass(1s);
  EXPECT_EQ(probes.sent.size(), 1u);
}

TEST_F(PeerTargetsTest, WhatIsNotKnownCanNotBeDrained) {
  targets.adopt({configured({{at("1.0.0.1"), {1, 1}}})});
  EXPECT_FALSE(targets.drain("stranger", {}));
  EXPECT_FALSE(targets.drain("carrier", at("6.6.6.6")));
  EXPECT_FALSE(targets.enable("stranger", {}));
  EXPECT_FALSE(targets.enable("carrier", at("6.6.6.6")));
}

}  // namespace
}  // namespace sallyport::call
