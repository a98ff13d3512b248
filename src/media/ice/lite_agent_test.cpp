// SPDX-License-Identifier: Apache-2.0
#include "media/ice/lite_agent.h"

#include <gtest/gtest.h>

#include "media/ice/ice_test_support.h"

namespace sallyport::media::ice {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::Check;
using testing::check;
using testing::credentials;
using testing::Datagram;
using testing::host;
using testing::kStart;
using testing::statusOf;

const Endpoint kPeer = at("203.0.113.7:40000"), kElsewhere = at("198.18.0.1:50000"),
               kStranger = at("93.184.216.34:6000");

class IceLite : public ::testing::Test {
 protected:
  static LiteConfig config(std::vector<Candidate> candidates) {
    LiteConfig config;
    config.local = credentials("edge");
    config.candidates = std::move(candidates);
    for (const auto* network : {"203.0.113.0/24", "198.18.0.0/15"})
      config.sources.special_networks.push_back(*IpNetwork::parse(network));
    return config;
  }

  IceLiteAgent::Reply receive(const Datagram& datagram, const Endpoint& source = kPeer, LocalIndex local = 0) {
    return agent_.onStun(local, source, datagram, now_);
  }
  StunOutcome outcome(const std::function<void(Check&)>& change, const Endpoint& source = kPeer) {
    const auto reply = receive(check(change), source);
    const bool spoke = reply.outcome == StunOutcome::answered || reply.outcome == StunOutcome::refused;
    EXPECT_EQ(reply.answer.empty(), !spoke);
    return reply.outcome;
  }
  void nominate(const Endpoint& source = kPeer) {
    ASSERT_EQ(outcome([](Check& c) { c.use_candidate = true; }, source), StunOutcome::answered);
  }
  std::optional<Endpoint> selected(Component component = kRtp) const {
    const auto pair = agent_.selected(component, now_);
    return pair ? std::optional{pair->remote()} : std::nullopt;
  }
  // Nothing of what a stranger wants has happened.
  void expectUntouched() const {
    EXPECT_FALSE(agent_.selected(kRtp, now_));
    EXPECT_FALSE(agent_.validated(0, kPeer, now_));
    EXPECT_FALSE(agent_.nextChange(now_));
  }

  IceLiteAgent agent_{config({host("192.0.2.1:30000")})};
  TimePoint now_ = kStart;
};

TEST_F(IceLite, AnswersAPeersCheckWithTheAddressItCameFrom) {
  const auto request = check();
  const auto reply = receive(request);
  EXPECT_EQ(reply.outcome, StunOutcome::answered);
  EXPECT_EQ(statusOf(reply.answer), 0);
  const auto message = stun::Message::parse(reply.answer);
  EXPECT_EQ(message->xorMappedAddress(), kPeer);
  EXPECT_TRUE(message->hasFingerprint());
  EXPECT_EQ(message->transaction(), stun::Message::parse(request)->transaction());
}

TEST_F(IceLite, NeverAnswersWithMoreThanItWasAsked) {
  for (const auto integrity : {stun::Integrity::sha1, stun::Integrity::sha256}) {
    const auto request = check([&](Check& c) { c.integrity = integrity; });
    EXPECT_LE(receive(request).answer.size(), request.size());
  }
}

TEST_F(IceLite, AnswersUnderTheHashItWasAskedWith) {
  const auto reply = receive(check([](Check& c) { c.integrity = stun::Integrity::sha256; }));
  const auto message = stun::Message::parse(reply.answer);
  const auto authenticated = stun::authenticate(*message, stun::IntegrityKey{bytesOf(testing::kPassword)});
  ASSERT_TRUE(authenticated);
  EXPECT_EQ(authenticated->integrity(), stun::Integrity::sha256);
}

TEST_F(IceLite, HearsAValidatedPairAndSendsToItOnceItIsNominated) {
  EXPECT_FALSE(agent_.validated(0, kPeer, now_));
  receive(check());
  EXPECT_TRUE(agent_.validated(0, kPeer, now_));
  EXPECT_FALSE(selected());
  nominate();
  EXPECT_EQ(selected(), kPeer);
  EXPECT_FALSE(agent_.validated(0, kElsewhere, now_));
  EXPECT_FALSE(agent_.validated(1, kPeer, now_));
}

TEST_F(IceLite, FollowsThePeersLatestNomination) {
  nominate();
  nominate(kElsewhere);
  EXPECT_EQ(selected(), kElsewhere);
  EXPECT_TRUE(agent_.validated(0, kPeer, now_));
}

TEST_F(IceLite, KeepsComponentsApart) {
  IceLiteAgent agent{config({host("192.0.2.1:30000", kRtp), host("192.0.2.1:30001", kRtcp)})};
  const auto nomination = [](Check& c) { c.use_candidate = true; };
  agent.onStun(1, kPeer, check(nomination), now_);
  EXPECT_FALSE(agent.selected(kRtp, now_));
  ASSERT_TRUE(agent.selected(kRtcp, now_));
  EXPECT_EQ(agent.selected(kRtcp, now_)->local(), 1);
}

// --- what a stranger sends -------------------------------------------------------------------------

TEST_F(IceLite, DropsWhatIsNoStun) {
  EXPECT_EQ(receive(Datagram{0, 1, 2}).outcome, StunOutcome::malformed);
  auto broken = check();
  broken[30] ^= 1;
  EXPECT_EQ(receive(broken).outcome, StunOutcome::malformed);  // the fingerprint
  EXPECT_EQ(receive(check(), kPeer, 9).outcome, StunOutcome::malformed);
  expectUntouched();
}

TEST_F(IceLite, DropsWhatIsNoCheck) {
  EXPECT_EQ(outcome([](Check& c) { c.fingerprint = false; }), StunOutcome::notACheck);
  for (const auto other : {stun::Class::indication, stun::Class::success, stun::Class::error})
    EXPECT_EQ(outcome([&](Check& c) { c.message_class = other; }), StunOutcome::notACheck);
  EXPECT_EQ(outcome([](Check& c) { c.method = 0x003; }), StunOutcome::notACheck) << "an Allocate of TURN";
  expectUntouched();
}

TEST_F(IceLite, DropsAForgedNominationWithoutThePassword) {
  const auto forged = [](std::string password) {
    return [password](Check& c) {
      c.use_candidate = true;
      c.password = password;
    };
  };
  EXPECT_EQ(outcome(forged("anotherpasswordanother")), StunOutcome::wrongIntegrity);
  EXPECT_EQ(outcome(forged("")), StunOutcome::wrongIntegrity);
  expectUntouched();
  nominate();
  EXPECT_EQ(outcome(forged("anotherpasswordanother"), kStranger), StunOutcome::wrongIntegrity);
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLite, DropsACheckOfAnotherSession) {
  for (const auto* username : {"", "edge", "other:peer", "edg:peer", "edge2:peer", ":", "peer:edge"})
    EXPECT_EQ(outcome([&](Check& c) { c.username = username; }), StunOutcome::unknownUser) << username;
  expectUntouched();
}

TEST_F(IceLite, KnowsThePeersFragmentOnceItsDescriptionHasCome) {
  EXPECT_EQ(outcome([](Check& c) { c.username = "edge:early"; }), StunOutcome::answered);
  agent_.expect("peer");
  EXPECT_EQ(outcome([](Check& c) { c.username = "edge:early"; }), StunOutcome::unknownUser);
  EXPECT_EQ(outcome([](Check& c) { c.username = "edge:peer"; }), StunOutcome::answered);
}

TEST_F(IceLite, DropsChecksFromWhereNoPeerMayBe) {
  for (const auto* source :
       {"10.0.0.1:5000", "127.0.0.1:5000", "169.254.169.254:80", "224.0.0.1:5000", "0.0.0.0:5000", "255.255.255.255:9",
        "203.0.113.7:0", "[::1]:5000", "[fe80::1]:5000", "[::ffff:10.0.0.1]:5000"}) {
    EXPECT_EQ(outcome([](Check&) {}, at(source)), StunOutcome::forbiddenSource) << source;
  }
  expectUntouched();
}

TEST_F(IceLite, DropsARecordedCheckThatComesFromElsewhere) {
  const auto recorded = check([](Check& c) { c.use_candidate = true; });
  EXPECT_EQ(receive(recorded).outcome, StunOutcome::answered);
  EXPECT_EQ(receive(recorded, kStranger).outcome, StunOutcome::replayed);
  EXPECT_EQ(selected(), kPeer);
  EXPECT_EQ(receive(recorded).outcome, StunOutcome::answered);  // a retransmission
}

TEST_F(IceLite, DropsARecordedCheckHoweverLongAgoItWas) {
  const auto recorded = check([](Check& c) { c.use_candidate = true; });
  EXPECT_EQ(receive(recorded).outcome, StunOutcome::answered);
  for (int i = 0; i < 2'000; ++i) {
    now_ += 2500ms;
    ASSERT_EQ(outcome([](Check& c) { c.use_candidate = true; }), StunOutcome::answered);
  }
  EXPECT_EQ(receive(recorded, kStranger).outcome, StunOutcome::replayed);
  EXPECT_EQ(receive(recorded).outcome, StunOutcome::replayed) << "no retransmission takes that long";
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLite, ExaminesSoManyStrangersASecondAndNoMore) {
  nominate();
  unsigned examined = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto result = outcome([](Check& c) { c.password = "guessedguessedguessedgu"; }, kStranger);
    examined += result == StunOutcome::wrongIntegrity ? 1 : 0;
  }
  EXPECT_EQ(examined + 1, CheckLimits{}.strangers_burst);    // the peer was one at first
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::answered);  // the peer is none
  EXPECT_EQ(agent_.counters().of(StunOutcome::throttled), 1'000 - examined);
}

TEST_F(IceLite, IsNotExhaustedByThoseWhoDoNotKnowTheSession) {
  for (int i = 0; i < 1'000; ++i) outcome([](Check& c) { c.username = "guess:peer"; }, kStranger);
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::answered);
}

TEST_F(IceLite, IsNotExhaustedByThoseWhoWriteUnderThePeersAddress) {
  nominate();
  for (int i = 0; i < 1'000; ++i)
    EXPECT_EQ(outcome([](Check& c) { c.password = "guessedguessedguessedgu"; }), StunOutcome::wrongIntegrity);
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::answered);
}

TEST_F(IceLite, AnswersARecordedCheckThatComesAgainSoOftenAndNoMore) {
  const auto recorded = check([](Check& c) { c.use_candidate = true; });
  unsigned answered = 0;
  for (int i = 0; i < 1'000; ++i) answered += receive(recorded).outcome == StunOutcome::answered ? 1 : 0;
  EXPECT_EQ(answered, 8u);
  EXPECT_EQ(receive(recorded).outcome, StunOutcome::replayed);
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::answered);  // one of the peer's own
}

TEST_F(IceLite, AnswersAPeerSoOftenASecondAndNoMore) {
  unsigned answered = 0;
  for (int i = 0; i < 200; ++i) answered += outcome([](Check&) {}) == StunOutcome::answered ? 1 : 0;
  EXPECT_EQ(answered, 1 + CheckLimits{}.per_source_burst);  // as a stranger once
  now_ += 1s;
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::answered);
}

TEST_F(IceLite, RemembersABoundedNumberOfPairsAndTheSelectedAlways) {
  nominate();
  now_ += 1s;
  for (std::uint16_t port = 1'000; port < 1'060; ++port) {
    now_ += 100ms;
    EXPECT_EQ(outcome([](Check&) {}, {kElsewhere.address, port}), StunOutcome::answered);
  }
  EXPECT_EQ(selected(), kPeer);
  EXPECT_FALSE(agent_.validated(0, {kElsewhere.address, 1'000}, now_));
  EXPECT_TRUE(agent_.validated(0, {kElsewhere.address, 1'059}, now_));
}

// --- what a peer does wrong ------------------------------------------------------------------------

TEST_F(IceLite, TellsAPeerThatControlsNothingOfTheConflict) {
  const auto reply = receive(check([](Check& c) {
    c.controlling.reset();
    c.controlled = ~std::uint64_t{0};
  }));
  EXPECT_EQ(reply.outcome, StunOutcome::refused);
  EXPECT_EQ(statusOf(reply.answer), 487);
  expectUntouched();
}

TEST_F(IceLite, RefusesAPeersCheckThatIsNotWhole) {
  const auto status = [&](const std::function<void(Check&)>& change) {
    return statusOf(receive(check(change)).answer);
  };
  EXPECT_EQ(status([](Check& c) { c.priority.reset(); }), 400);
  EXPECT_EQ(status([](Check& c) { c.controlling.reset(); }), 400);
  EXPECT_EQ(status([](Check& c) { c.controlled = 1; }), 400);
  EXPECT_EQ(status([](Check& c) {
              c.controlling.reset();
              c.controlled = 1;
              c.use_candidate = true;
            }),
            400);
  expectUntouched();
}

TEST_F(IceLite, NamesTheRequiredAttributesThatItDoesNotKnow) {
  const auto reply = receive(check([](Check& c) { c.unknown = 0x7001; }));
  EXPECT_EQ(statusOf(reply.answer), 420);
  EXPECT_EQ(stun::Message::parse(reply.answer)->unknownAttributes(), std::vector<std::uint16_t>{0x7001});
  expectUntouched();
}

// --- consent and restart ---------------------------------------------------------------------------

TEST_F(IceLite, SendsNothingOnceConsentHasRunOut) {
  nominate();
  EXPECT_EQ(agent_.nextChange(now_), now_ + 30s);
  now_ += 29s;
  EXPECT_EQ(selected(), kPeer);
  receive(check());
  EXPECT_EQ(agent_.nextChange(now_), now_ + 30s);
  now_ += 30s;
  EXPECT_FALSE(selected());
  EXPECT_FALSE(agent_.validated(0, kPeer, now_));
  receive(check());  // the peer is back
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLite, IsNotKeptAliveByAStranger) {
  nominate();
  now_ += 29s;
  outcome([](Check& c) { c.password = "guessedguessedguessedgu"; });
  now_ += 1s;
  EXPECT_FALSE(selected());
}

TEST_F(IceLite, GoesOnOverTheFormerPairUntilThePeerHasNominatedAnew) {
  agent_.expect("peer");
  nominate();
  agent_.restart(credentials("anew", "anewanewanewanewanewanew"));
  agent_.expect("peer2");
  EXPECT_EQ(selected(), kPeer);

  now_ += 20s;
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::answered);  // keeps it alive
  EXPECT_EQ(outcome([](Check& c) { c.use_candidate = true; }, kElsewhere), StunOutcome::formerSession);
  now_ += 20s;
  EXPECT_EQ(selected(), kPeer);

  const auto anew = [](Check& c) {
    c.username = "anew:peer2";
    c.password = "anewanewanewanewanewanew";
    c.use_candidate = true;
  };
  EXPECT_EQ(outcome(anew, kElsewhere), StunOutcome::answered);
  EXPECT_EQ(selected(), kElsewhere);
  EXPECT_FALSE(agent_.validated(0, kPeer, now_));
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::unknownUser);  // the former session is over
}

TEST_F(IceLite, APeerThatStaysWhereItIsRestartsToo) {
  nominate();
  receive(check(), kElsewhere);
  agent_.restart(credentials("anew", "anewanewanewanewanewanew"));
  EXPECT_EQ(receive(check(), kElsewhere).outcome, StunOutcome::formerSession) << "only what is in use goes on";
  EXPECT_FALSE(agent_.validated(0, kElsewhere, now_));
  EXPECT_EQ(outcome([](Check& c) {
              c.username = "anew:peer";
              c.password = "anewanewanewanewanewanew";
              c.use_candidate = true;
            }),
            StunOutcome::answered);
  EXPECT_EQ(selected(), kPeer);
  EXPECT_EQ(outcome([](Check&) {}), StunOutcome::unknownUser);
}

}  // namespace
}  // namespace sallyport::media::ice
