// SPDX-License-Identifier: Apache-2.0
// What a full agent refuses: a stranger's datagrams, and what a peer does or describes wrongly.
#include <gtest/gtest.h>

#include "media/ice/agent.h"
#include "media/ice/ice_test_support.h"

namespace sallyport::media::ice {
namespace {

using namespace std::chrono_literals;
using State = IceAgent::State;
using testing::at;
using testing::Check;
using testing::check;
using testing::credentials;
using testing::Datagram;
using testing::host;
using testing::kPassword;
using testing::kStart;
using testing::statusOf;

const Endpoint kPeer = at("93.184.216.2:2000"), kStranger = at("93.184.216.66:6666");
const std::string kPeerPassword = "peerpeerpeerpeerpeerpeer";

class FullAgent : public ::testing::Test {
 protected:
  static AgentConfig config(Role role = Role::controlling) {
    AgentConfig config;
    config.role = role;
    config.local = credentials("edge");
    config.tie_breaker = 100;
    return config;
  }

  void start(Role role = Role::controlling) {
    agent_.emplace(config(role));
    ASSERT_TRUE(agent_->addLocal(host("93.184.216.1:1000")));
    ASSERT_TRUE(agent_->addRemote(host("93.184.216.2:2000"), now_));
    ASSERT_TRUE(agent_->setRemote(credentials("peer", kPeerPassword), RemoteMode::full, now_));
  }

  // What the agent asks next.
  stun::TransactionId asked() {
    agent_->advance(now_);
    auto sent = agent_->takeTransmissions();
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? stun::TransactionId{} : stun::Message::parse(sent.front().datagram)->transaction();
  }

  static Datagram answer(const stun::TransactionId& transaction, std::string_view password = kPeerPassword,
                         std::optional<int> error = {}) {
    std::array<std::uint8_t, 256> buffer;
    stun::MessageWriter writer{buffer, error ? stun::Class::error : stun::Class::success, stun::kBinding, transaction};
    if (error) {
      writer.errorCode({*error, "no"});
    } else {
      writer.xorMappedAddress(at("93.184.216.1:1000"));
    }
    if (!password.empty()) writer.integrity(stun::IntegrityKey{bytesOf(password)}, stun::Integrity::sha1);
    writer.fingerprint();
    return {writer.written().begin(), writer.written().end()};
  }

  StunOutcome receive(const Datagram& datagram, const Endpoint& source = kPeer) {
    return agent_->onStun(0, source, datagram, now_);
  }
  PairState pairState() const { return agent_->checkList().pairs().front().state; }
  void expectSilence() { EXPECT_TRUE(agent_->takeTransmissions().empty()); }

  std::optional<IceAgent> agent_;
  TimePoint now_ = kStart;
};

// --- a stranger's datagrams --------------------------------------------------------------------------

TEST_F(FullAgent, BelievesNoAnswerWithoutThePeersPassword) {
  start();
  const auto transaction = asked();
  EXPECT_EQ(receive(answer(transaction, "guessedguessedguessedgu")), StunOutcome::wrongIntegrity);
  EXPECT_EQ(receive(answer(transaction, "")), StunOutcome::wrongIntegrity);
  EXPECT_EQ(receive(answer(transaction, kPassword)), StunOutcome::wrongIntegrity);  // ours, reflected
  EXPECT_EQ(receive(answer(transaction, "guessedguessedguessedgu", 487)), StunOutcome::wrongIntegrity);
  EXPECT_EQ(receive(answer(transaction, "", 400)), StunOutcome::wrongIntegrity);
  EXPECT_EQ(pairState(), PairState::inProgress);
  EXPECT_EQ(agent_->role(), Role::controlling);
  EXPECT_EQ(receive(answer(transaction)), StunOutcome::taken);  // the true one still counts
  EXPECT_EQ(pairState(), PairState::succeeded);
}

TEST_F(FullAgent, BelievesNoAnswerFromElsewhere) {
  start();
  const auto transaction = asked();
  EXPECT_EQ(receive(answer(transaction), kStranger), StunOutcome::unexpectedResponse);
  EXPECT_EQ(pairState(), PairState::inProgress);
  EXPECT_EQ(receive(answer(transaction)), StunOutcome::taken);
}

TEST_F(FullAgent, BelievesNoAnswerThatNobodyAskedForOrTwice) {
  start();
  const auto transaction = asked();
  EXPECT_EQ(receive(answer(stun::newTransactionId())), StunOutcome::unexpectedResponse);
  EXPECT_EQ(receive(answer(transaction)), StunOutcome::taken);
  EXPECT_EQ(receive(answer(transaction)), StunOutcome::unexpectedResponse);
}

TEST_F(FullAgent, BelievesNoAnswerThatSaysNothing) {
  start();
  const auto transaction = asked();
  std::array<std::uint8_t, 256> buffer;
  for (const auto message_class : {stun::Class::success, stun::Class::error}) {
    stun::MessageWriter writer{buffer, message_class, stun::kBinding, transaction};
    writer.integrity(stun::IntegrityKey{bytesOf(kPeerPassword)}, stun::Integrity::sha1);
    writer.fingerprint();
    EXPECT_EQ(receive({writer.written().begin(), writer.written().end()}), StunOutcome::unexpectedResponse);
  }
  EXPECT_EQ(pairState(), PairState::inProgress);
}

TEST_F(FullAgent, IsSilentToStrangers) {
  start(Role::controlled);
  asked();
  const auto forged = [&](const std::function<void(Check&)>& change) {
    return receive(check([&](Check& c) {
                     c.use_candidate = true;
                     change(c);
                   }),
                   kStranger);
  };
  EXPECT_EQ(forged([](Check& c) { c.password = "guessedguessedguessedgu"; }), StunOutcome::wrongIntegrity);
  EXPECT_EQ(forged([](Check& c) { c.password = ""; }), StunOutcome::wrongIntegrity);
  EXPECT_EQ(forged([](Check& c) { c.username = "edge:other"; }), StunOutcome::unknownUser);
  EXPECT_EQ(forged([](Check& c) { c.fingerprint = false; }), StunOutcome::notACheck);
  EXPECT_EQ(forged([](Check& c) { c.message_class = stun::Class::indication; }), StunOutcome::notACheck);
  EXPECT_EQ(receive({0, 1, 0}), StunOutcome::malformed);
  EXPECT_EQ(agent_->onStun(7, kPeer, check(), now_), StunOutcome::malformed);
  expectSilence();
  EXPECT_EQ(agent_->checkList().pairs().size(), 1U);
  EXPECT_FALSE(agent_->validated(0, kStranger, now_));
  EXPECT_FALSE(agent_->selected(kRtp, now_));
}

TEST_F(FullAgent, TakesACheckFromWhereNobodyMayBeForNone) {
  start();
  EXPECT_EQ(receive(check(), at("10.0.0.1:5000")), StunOutcome::forbiddenSource);
  EXPECT_EQ(receive(check(), at("169.254.169.254:80")), StunOutcome::forbiddenSource);
  expectSilence();
}

TEST_F(FullAgent, KeepsConsentOnlyByThePeersOwnAnswers) {
  start();
  EXPECT_EQ(receive(answer(asked())), StunOutcome::taken);
  now_ += 50ms;
  EXPECT_EQ(receive(answer(asked())), StunOutcome::taken);  // the nomination
  ASSERT_TRUE(agent_->selected(kRtp, now_));
  now_ += 6s;
  const auto consent = asked();
  now_ += 20s;
  EXPECT_EQ(receive(answer(consent, "guessedguessedguessedgu")), StunOutcome::unexpectedResponse);
  EXPECT_EQ(receive(answer(consent), kStranger), StunOutcome::unexpectedResponse);
  EXPECT_EQ(receive(answer(consent, kPeerPassword, 403)), StunOutcome::unexpectedResponse);
  EXPECT_EQ(receive(check([](Check& c) {
              c.controlling.reset();
              c.controlled = 1;
            })),
            StunOutcome::answered);  // a check of the peer's is no answer of the peer's
  now_ += 4s;
  EXPECT_FALSE(agent_->selected(kRtp, now_));
  EXPECT_EQ(receive(answer(consent)), StunOutcome::unexpectedResponse);  // too late
  EXPECT_EQ(agent_->state(now_), State::disconnected);
}

// --- a peer's mistakes -------------------------------------------------------------------------------

TEST_F(FullAgent, GivesUpAPairThatThePeerRefuses) {
  start();
  EXPECT_EQ(receive(answer(asked(), kPeerPassword, 400)), StunOutcome::taken);
  EXPECT_EQ(pairState(), PairState::failed);
}

TEST_F(FullAgent, ChangesItsRoleAndAsksAgainWhereThePeerSaysSo) {
  start();
  EXPECT_EQ(receive(answer(asked(), kPeerPassword, 487)), StunOutcome::taken);
  EXPECT_EQ(agent_->role(), Role::controlled);
  EXPECT_EQ(pairState(), PairState::waiting);
  now_ += 50ms;
  asked();
}

TEST_F(FullAgent, TellsAPeerOfTheSmallerTieBreakerOfTheConflict) {
  start();
  EXPECT_EQ(receive(check([](Check& c) { c.controlling = 99; })), StunOutcome::refused);
  const auto sent = agent_->takeTransmissions();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(statusOf(sent.front().datagram), 487);
  EXPECT_EQ(agent_->role(), Role::controlling);
  EXPECT_EQ(receive(check([](Check& c) { c.controlling = 101; })), StunOutcome::answered);
  EXPECT_EQ(agent_->role(), Role::controlled);
}

TEST_F(FullAgent, RefusesAPeersCheckThatIsNotWhole) {
  start();
  for (const auto& [code, change] :
       std::vector<std::pair<int, std::function<void(Check&)>>>{{400, [](Check& c) { c.priority.reset(); }},
                                                                {400, [](Check& c) { c.controlling.reset(); }},
                                                                {420, [](Check& c) { c.unknown = 0x7001; }}}) {
    EXPECT_EQ(receive(check(change), kStranger), StunOutcome::refused);
    const auto sent = agent_->takeTransmissions();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(statusOf(sent.front().datagram), code);
  }
  EXPECT_EQ(agent_->checkList().pairs().size(), 1U);
}

TEST_F(FullAgent, HearsNoNominationWhileItControls) {
  start();
  receive(answer(asked()));
  receive(check([](Check& c) {
    c.controlling = 1;  // a conflict, which it loses
    c.use_candidate = true;
  }));
  EXPECT_FALSE(agent_->selected(kRtp, now_));
}

// --- what is described -------------------------------------------------------------------------------

TEST_F(FullAgent, RefusesCandidatesWhereNobodyOfOursIsToSend) {
  start();
  for (const auto* endpoint :
       {"127.0.0.1:53", "10.0.0.1:5060", "169.254.169.254:80", "239.1.2.3:5000", "0.0.0.0:9", "255.255.255.255:9",
        "[::1]:5000", "[fe80::1]:5000", "[::ffff:127.0.0.1]:5000", "93.184.216.2:0"}) {
    const auto status = agent_->addRemote(host(endpoint), now_);
    ASSERT_FALSE(status) << endpoint;
    EXPECT_STREQ(status.error().code, "media.ice.address");
    EXPECT_EQ(status.error().kind, ErrorKind::peerDenied);
  }
  EXPECT_EQ(agent_->checkList().pairs().size(), 1U);
}

TEST_F(FullAgent, RefusesMoreCandidatesThanAnybodyHas) {
  start();
  for (std::uint16_t port = 1; port < IceAgent::kMostRemotes; ++port)
    EXPECT_TRUE(agent_->addRemote(host("93.184.217.1:" + std::to_string(port)), now_));
  const auto status = agent_->addRemote(host("93.184.217.1:9999"), now_);
  ASSERT_FALSE(status);
  EXPECT_STREQ(status.error().code, "media.ice.too_many_candidates");
  for (std::uint16_t port = 1; port < 40; ++port) receive(check(), {kStranger.address, port});
  EXPECT_EQ(agent_->checkList().pairs().size(), IceAgent::kMostRemotes);  // found ones count as well
}

TEST_F(FullAgent, RefusesCandidatesOfNoComponentOrBehindTheEnd) {
  start();
  EXPECT_STREQ(agent_->addRemote(host("93.184.217.1:1", kRtcp), now_).error().code, "media.ice.candidate");
  EXPECT_STREQ(agent_->addRemote(host("93.184.217.1:1", 0), now_).error().code, "media.ice.candidate");
  EXPECT_TRUE(agent_->addRemote(host("93.184.216.2:2000"), now_));  // told again
  agent_->endOfRemoteCandidates();
  EXPECT_STREQ(agent_->addRemote(host("93.184.217.1:1"), now_).error().code, "media.ice.ended");
}

TEST_F(FullAgent, RefusesSocketsOfNoComponentOrBeyondItsBound) {
  start();
  EXPECT_STREQ(agent_->addLocal(host("93.184.216.1:1001", kRtcp)).error().code, "media.ice.candidate");
  for (std::size_t i = 1; i < IceAgent::kMostLocals; ++i)
    EXPECT_TRUE(agent_->addLocal(host("93.184.216.1:" + std::to_string(2'000 + i))));
  EXPECT_STREQ(agent_->addLocal(host("93.184.216.1:3000")).error().code, "media.ice.candidate");
}

TEST_F(FullAgent, TakesOtherCredentialsOnlyAfterARestart) {
  start();
  EXPECT_TRUE(agent_->setRemote(credentials("peer", kPeerPassword), RemoteMode::full, now_));
  for (const auto& [ufrag, password] : {std::pair{"peer", kPassword}, std::pair{"anew", kPeerPassword}}) {
    const auto status = agent_->setRemote(credentials(ufrag, password), RemoteMode::full, now_);
    ASSERT_FALSE(status);
    EXPECT_STREQ(status.error().code, "media.ice.restart_needed");
  }
  agent_->restart(credentials("edge2"));
  EXPECT_TRUE(agent_->setRemote(credentials("anew", kPassword), RemoteMode::full, now_));
}

// --- how much it does --------------------------------------------------------------------------------

TEST_F(FullAgent, ChecksNoFasterThanItsPace) {
  start();
  for (std::uint16_t port = 1; port < 20; ++port) {
    auto candidate = host("93.184.217.1:" + std::to_string(port));
    candidate.foundation = std::to_string(port);
    EXPECT_TRUE(agent_->addRemote(candidate, now_));
  }
  std::size_t sent = 0;
  for (int i = 0; i < 10; ++i) {
    agent_->advance(now_);
    agent_->advance(now_);
    sent += agent_->takeTransmissions().size();
    now_ += 10ms;
  }
  EXPECT_EQ(sent, 2U);  // at 0 and at 50 ms
}

TEST_F(FullAgent, RemembersABoundedNumberOfChecksHoweverManyThePeerTriggers) {
  start();
  for (int i = 0; i < 2'000; ++i) {
    receive(check([](Check& c) {
      c.controlling.reset();
      c.controlled = 1;
    }));
    agent_->advance(now_);
    now_ += 50ms;
  }
  // One a pace, one answer each at most, and no more retransmissions than of one check.
  EXPECT_LE(agent_->takeTransmissions().size(), 2U * 2'000U + 200U);
}

}  // namespace
}  // namespace sallyport::media::ice
