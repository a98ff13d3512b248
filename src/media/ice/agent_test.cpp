// SPDX-License-Identifier: Apache-2.0
// Full agents against each other, and against the lite one, over a simulated network.
#include "media/ice/agent.h"

#include <gtest/gtest.h>

#include "media/ice/test_network.h"

namespace sallyport::media::ice {
namespace {

using namespace std::chrono_literals;
using State = IceAgent::State;
using testing::at;
using testing::credentials;
using testing::FullNode;
using testing::host;
using testing::kStart;
using testing::LiteNode;
using testing::Nat;
using testing::Network;

const std::string kAlicePassword = "alicealicealicealicealice", kBobPassword = "bobbobbobbobbobbobbobbob";

AgentConfig configOf(Role role, std::string_view name, std::uint64_t tie_breaker, Component components = 1) {
  AgentConfig config;
  config.role = role;
  config.local = credentials(name, name == "alice" ? kAlicePassword : kBobPassword);
  config.tie_breaker = tie_breaker;
  config.components = components;
  return config;
}

class TwoAgents : public ::testing::Test {
 protected:
  void SetUp() override {
    network_.add(*alice_);
    network_.add(*bob_);
  }
  void TearDown() override {
    for (const auto* node : {alice_.get(), bob_.get()}) EXPECT_LE(node->agent.checkList().pairs().size(), 100U);
  }

  static Candidate addHost(FullNode& node, std::string_view endpoint, Component component = kRtp,
                           std::uint16_t preference = 65'535) {
    auto candidate = host(endpoint, component);
    candidate.priority = candidatePriority(CandidateType::host, preference, component);
    EXPECT_TRUE(node.agent.addLocal(candidate));
    node.sockets.push_back(candidate.endpoint);
    return candidate;
  }
  static Candidate reflexive(std::string_view endpoint) {
    return {CandidateType::serverReflexive, kRtp, at(endpoint),
            candidatePriority(CandidateType::serverReflexive, 65'535, kRtp), "2"};
  }
  void tell(FullNode& node, const std::vector<Candidate>& candidates) {
    for (const auto& candidate : candidates) EXPECT_TRUE(node.agent.addRemote(candidate, network_.now));
  }
  void begin(const std::vector<Candidate>& of_alice, const std::vector<Candidate>& of_bob) {
    tell(*bob_, of_alice);
    tell(*alice_, of_bob);
    ASSERT_TRUE(alice_->agent.setRemote(credentials("bob", kBobPassword), RemoteMode::full, network_.now));
    ASSERT_TRUE(bob_->agent.setRemote(credentials("alice", kAlicePassword), RemoteMode::full, network_.now));
  }
  bool bothCompleted() {
    return alice_->agent.state(network_.now) == State::completed && bob_->agent.state(network_.now) == State::completed;
  }
  bool complete(std::chrono::milliseconds limit = 10s) {
    return network_.run(limit, [this] { return bothCompleted(); });
  }
  std::optional<Endpoint> sendsTo(const FullNode& node, Component component = kRtp) const {
    const auto pair = node.agent.selected(component, network_.now);
    return pair ? std::optional{pair->remote()} : std::nullopt;
  }
  // The everyday case, completed.
  void connect() {
    const auto of_alice = addHost(*alice_, "93.184.216.1:1000"), of_bob = addHost(*bob_, "93.184.216.2:2000");
    begin({of_alice}, {of_bob});
    ASSERT_TRUE(complete());
  }

  Network network_;
  std::unique_ptr<FullNode> alice_ = std::make_unique<FullNode>(configOf(Role::controlling, "alice", 9));
  std::unique_ptr<FullNode> bob_ = std::make_unique<FullNode>(configOf(Role::controlled, "bob", 5));
};

TEST_F(TwoAgents, FindEachOtherAndAgreeOnAPair) {
  connect();
  EXPECT_EQ(sendsTo(*alice_), at("93.184.216.2:2000"));
  EXPECT_EQ(sendsTo(*bob_), at("93.184.216.1:1000"));
  EXPECT_LT(network_.now - kStart, 500ms);
}

TEST_F(TwoAgents, NominateTheBestOfSeveralPairs) {
  const auto low = addHost(*alice_, "93.184.216.1:1000", kRtp, 10),
             high = addHost(*alice_, "93.184.217.1:1000", kRtp, 20);
  const auto of_bob = addHost(*bob_, "93.184.216.2:2000");
  begin({low, high}, {of_bob});
  ASSERT_TRUE(complete());
  EXPECT_EQ(sendsTo(*bob_), high.endpoint);
  EXPECT_EQ(alice_->agent.selected(kRtp, network_.now)->local(), 1);
}

TEST_F(TwoAgents, TakeTheNextBestWhereTheBestIsDead) {
  const auto good = addHost(*alice_, "93.184.216.1:1000", kRtp, 10),
             dead = addHost(*alice_, "93.184.217.1:1000", kRtp, 20);
  const auto of_bob = addHost(*bob_, "93.184.216.2:2000");
  network_.silent.insert(dead.endpoint);
  begin({good, dead}, {of_bob});
  ASSERT_TRUE(complete());
  EXPECT_EQ(sendsTo(*bob_), good.endpoint);
  EXPECT_LT(network_.now - kStart, 1s);  // without waiting for all of the dead one's checks
}

TEST_F(TwoAgents, FindEachOtherThroughHeavyLoss) {
  network_.loss_percent = 40;
  network_.delay = 150ms;
  const auto of_alice = addHost(*alice_, "93.184.216.1:1000"), of_bob = addHost(*bob_, "93.184.216.2:2000");
  begin({of_alice}, {of_bob});
  EXPECT_TRUE(complete(40s));
}

TEST_F(TwoAgents, FindEveryComponent) {
  network_ = {};
  alice_ = std::make_unique<FullNode>(configOf(Role::controlling, "alice", 9, 2));
  bob_ = std::make_unique<FullNode>(configOf(Role::controlled, "bob", 5, 2));
  SetUp();
  std::vector<Candidate> of_alice{addHost(*alice_, "93.184.216.1:1000", kRtp),
                                  addHost(*alice_, "93.184.216.1:1001", kRtcp)};
  std::vector<Candidate> of_bob{addHost(*bob_, "93.184.216.2:2000", kRtp), addHost(*bob_, "93.184.216.2:2001", kRtcp)};
  begin(of_alice, of_bob);
  ASSERT_TRUE(complete());
  EXPECT_EQ(sendsTo(*alice_, kRtp), at("93.184.216.2:2000"));
  EXPECT_EQ(sendsTo(*alice_, kRtcp), at("93.184.216.2:2001"));
}

// --- NATs ------------------------------------------------------------------------------------------

TEST_F(TwoAgents, DiscoverAnAddressThatANatHasMade) {
  alice_->nat = Nat{at("203.0.114.9:1").address, Nat::Mapping::perDestination};
  const auto of_alice = addHost(*alice_, "10.0.0.5:1000"), of_bob = addHost(*bob_, "93.184.216.2:2000");
  EXPECT_FALSE(bob_->agent.addRemote(of_alice, network_.now));  // nobody of ours sends to 10.0.0.5
  begin({}, {of_bob});
  ASSERT_TRUE(complete());
  EXPECT_EQ(sendsTo(*bob_)->address, alice_->nat->outside);
  EXPECT_EQ(sendsTo(*alice_), of_bob.endpoint);
}

TEST_F(TwoAgents, BehindANatEachMeetAtTheirReflexiveAddresses) {
  alice_->nat = Nat{at("203.0.114.9:1").address};
  bob_->nat = Nat{at("203.0.115.9:1").address};
  addHost(*alice_, "10.0.0.5:1000");
  addHost(*bob_, "10.0.0.6:2000");
  begin({reflexive("203.0.114.9:20000")}, {reflexive("203.0.115.9:20001")});  // the first ports that the NATs give
  ASSERT_TRUE(complete());
  EXPECT_EQ(sendsTo(*alice_), at("203.0.115.9:20001"));
  EXPECT_EQ(sendsTo(*bob_), at("203.0.114.9:20000"));
}

// --- trickle ---------------------------------------------------------------------------------------

TEST_F(TwoAgents, GoOnWithCandidatesThatComeLater) {
  const auto of_alice = addHost(*alice_, "93.184.216.1:1000"), of_bob = addHost(*bob_, "93.184.216.2:2000");
  begin({}, {});
  network_.run(5s);
  EXPECT_EQ(alice_->agent.state(network_.now), State::checking);
  tell(*alice_, {of_bob});
  EXPECT_TRUE(complete());
}

TEST_F(TwoAgents, UseASocketThatIsOpenedLater) {
  const auto of_bob = addHost(*bob_, "93.184.216.2:2000");
  begin({}, {of_bob});
  network_.run(1s);
  addHost(*alice_, "93.184.216.1:1000");
  EXPECT_TRUE(complete());
}

TEST_F(TwoAgents, AnswerChecksThatComeBeforeThePeersDescription) {
  const auto of_alice = addHost(*alice_, "93.184.216.1:1000"), of_bob = addHost(*bob_, "93.184.216.2:2000");
  tell(*bob_, {of_alice});
  ASSERT_TRUE(bob_->agent.setRemote(credentials("alice", kAlicePassword), RemoteMode::full, network_.now));
  network_.run(2s);
  EXPECT_GT(alice_->agent.counters().of(StunOutcome::answered), 0U);
  EXPECT_EQ(alice_->agent.state(network_.now), State::idle);
  ASSERT_TRUE(alice_->agent.setRemote(credentials("bob", kBobPassword), RemoteMode::full, network_.now));
  EXPECT_TRUE(complete());  // without a candidate having been told
}

TEST_F(TwoAgents, FailOnlyOncePatienceIsOver) {
  const auto of_alice = addHost(*alice_, "93.184.216.1:1000"), of_bob = addHost(*bob_, "93.184.216.2:2000");
  network_.silent = {of_alice.endpoint, of_bob.endpoint};
  begin({of_alice}, {of_bob});
  alice_->agent.endOfRemoteCandidates();
  network_.run(39s);
  EXPECT_EQ(alice_->agent.state(network_.now), State::checking);
  network_.run(2s);
  EXPECT_EQ(alice_->agent.state(network_.now), State::failed);
  EXPECT_FALSE(sendsTo(*alice_));
}

// --- roles -----------------------------------------------------------------------------------------

TEST_F(TwoAgents, SettleARoleConflictByTheirTieBreakers) {
  for (const auto role : {Role::controlling, Role::controlled}) {
    for (const auto& [for_alice, for_bob] : {std::pair{9, 5}, std::pair{5, 9}}) {
      network_ = {};
      alice_ = std::make_unique<FullNode>(configOf(role, "alice", static_cast<std::uint64_t>(for_alice)));
      bob_ = std::make_unique<FullNode>(configOf(role, "bob", static_cast<std::uint64_t>(for_bob)));
      SetUp();
      connect();
      EXPECT_NE(alice_->agent.role(), bob_->agent.role());
      EXPECT_EQ(alice_->agent.role() == Role::controlling, for_alice > for_bob);
    }
  }
}

// --- consent and restart ---------------------------------------------------------------------------

TEST_F(TwoAgents, KeepEachOthersConsentForHoursAtFiveSecondsACheck) {
  connect();
  const auto before = network_.sent;
  network_.loss_percent = 5;
  network_.run(1h, [this] { return !bothCompleted(); });
  EXPECT_TRUE(bothCompleted());
  EXPECT_NEAR(static_cast<double>(network_.sent - before), 2 * 720 * 1.95, 150);  // checks, and answers to most
}

TEST_F(TwoAgents, StopSendingThirtySecondsAfterThePeerFallsSilent) {
  connect();
  network_.silent = {at("93.184.216.2:2000")};
  network_.run(24s);
  EXPECT_TRUE(sendsTo(*alice_));
  network_.run(8s);
  EXPECT_FALSE(sendsTo(*alice_));
  EXPECT_FALSE(alice_->agent.validated(0, at("93.184.216.3:2000"), network_.now));
  EXPECT_EQ(alice_->agent.state(network_.now), State::disconnected);
  const auto before = network_.sent;
  network_.run(60s);
  EXPECT_EQ(network_.sent, before);  // not one more packet, from either
}

TEST_F(TwoAgents, RestartWithoutLosingThePairTheyHave) {
  connect();
  const auto of_alice = alice_->sockets[0], of_bob = bob_->sockets[0];
  alice_->agent.restart(credentials("alice2", "alice2alice2alice2alice2"));
  bob_->agent.restart(credentials("bob2", "bob2bob2bob2bob2bob2bob2"));
  EXPECT_EQ(sendsTo(*alice_), of_bob);
  network_.run(60s);  // the descriptions take their time; the former session keeps consent
  EXPECT_EQ(sendsTo(*alice_), of_bob);
  EXPECT_EQ(sendsTo(*bob_), of_alice);

  const auto moved = addHost(*bob_, "93.184.216.2:3000", kRtp, 65'535);
  ASSERT_TRUE(alice_->agent.addRemote(moved, network_.now));
  ASSERT_TRUE(alice_->agent.setRemote(credentials("bob2", "bob2bob2bob2bob2bob2bob2"), RemoteMode::full, network_.now));
  ASSERT_TRUE(bob_->agent.setRemote(credentials("alice2", "alice2alice2alice2alice2"), RemoteMode::full, network_.now));
  EXPECT_EQ(alice_->agent.state(network_.now), State::checking);
  ASSERT_TRUE(complete());
  EXPECT_EQ(sendsTo(*alice_), moved.endpoint);
}

TEST_F(TwoAgents, ComeBackByARestartAfterConsentWasLost) {
  connect();
  network_.silent = {alice_->sockets[0], bob_->sockets[0]};
  network_.run(40s);
  EXPECT_EQ(alice_->agent.state(network_.now), State::disconnected);
  network_.silent.clear();
  alice_->agent.restart(credentials("alice2", kAlicePassword));
  bob_->agent.restart(credentials("bob2", kBobPassword));
  EXPECT_EQ(alice_->agent.state(network_.now), State::idle);
  ASSERT_TRUE(alice_->agent.setRemote(credentials("bob2", kBobPassword), RemoteMode::full, network_.now));
  ASSERT_TRUE(bob_->agent.setRemote(credentials("alice2", kAlicePassword), RemoteMode::full, network_.now));
  tell(*alice_, {host("93.184.216.2:2000")});
  EXPECT_TRUE(complete());
}

// --- with the lite agent ---------------------------------------------------------------------------

class FullAndLite : public ::testing::Test {
 protected:
  static LiteConfig edge() {
    LiteConfig config;
    config.local = credentials("edge", kBobPassword);
    config.candidates = {host("93.184.216.2:30000")};
    return config;
  }
  void SetUp() override {
    edge_.sockets = {at("93.184.216.2:30000")};
    network_.add(phone_);
    network_.add(edge_);
    phone_.nat = Nat{at("203.0.114.9:1").address, Nat::Mapping::perDestination};
    phone_.sockets = {at("10.0.0.5:1000")};
    ASSERT_TRUE(phone_.agent.addLocal(host("10.0.0.5:1000")));
    ASSERT_TRUE(phone_.agent.addRemote(host("93.184.216.2:30000"), network_.now));
    ASSERT_TRUE(phone_.agent.setRemote(credentials("edge", kBobPassword), RemoteMode::lite, network_.now));
  }
  bool completed() {
    return phone_.agent.state(network_.now) == State::completed && edge_.agent.selected(kRtp, network_.now);
  }

  Network network_;
  FullNode phone_{configOf(Role::controlled, "alice", 9)};  // whatever was believed: a full agent controls a lite one
  LiteNode edge_{edge()};
};

TEST_F(FullAndLite, AgreeOnThePairThatThePhoneNominates) {
  network_.loss_percent = 20;
  ASSERT_TRUE(network_.run(20s, [this] { return completed(); }));
  EXPECT_EQ(phone_.agent.role(), Role::controlling);
  EXPECT_EQ(edge_.agent.selected(kRtp, network_.now)->remote().address, phone_.nat->outside);
}

TEST_F(FullAndLite, StayTogetherAsLongAsThePhoneChecks) {
  ASSERT_TRUE(network_.run(20s, [this] { return completed(); }));
  network_.run(30min, [this] { return !completed(); });
  EXPECT_TRUE(completed());
  network_.silent = {at("93.184.216.2:30000")};
  network_.run(31s);
  EXPECT_FALSE(edge_.agent.selected(kRtp, network_.now));
}

}  // namespace
}  // namespace sallyport::media::ice
