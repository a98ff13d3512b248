// SPDX-License-Identifier: Apache-2.0
// A peer that checks and does not nominate (RFC 8445 12.1), and whoever would pass for it.
#include <gtest/gtest.h>

#include "media/ice/ice_test_support.h"
#include "media/ice/lite_agent.h"

namespace sallyport::media::ice {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::Check;
using testing::check;
using testing::credentials;
using testing::host;
using testing::kStart;

const Endpoint kPeer = at("93.184.216.7:40000"), kElsewhere = at("93.184.216.8:50000"),
               kStranger = at("93.184.216.34:6000");

class IceLiteServes : public ::testing::Test {
 protected:
  static LiteConfig config() {
    LiteConfig config;
    config.local = credentials("edge");
    config.candidates = {host("192.0.2.1:30000")};
    return config;
  }

  StunOutcome hear(
      const Endpoint& source, const std::function<void(Check&)>& change = [](Check&) {}) {
    return agent_.onStun(0, source, check(change), now_).outcome;
  }
  void nominate(const Endpoint& source) {
    ASSERT_EQ(hear(source, [](Check& c) { c.use_candidate = true; }), StunOutcome::answered);
  }
  static std::function<void(Check&)> withPriority(std::uint32_t priority) {
    return [priority](Check& c) { c.priority = priority; };
  }
  std::optional<Endpoint> selected() const {
    const auto pair = agent_.selected(kRtp, now_);
    return pair ? std::optional{pair->remote()} : std::nullopt;
  }

  IceLiteAgent agent_{config()};
  TimePoint now_ = kStart;
};

TEST_F(IceLiteServes, APairThatThePeerHasCheckedAndNotNominatedInAWhile) {
  agent_.expect("peer");
  hear(kPeer);
  EXPECT_FALSE(selected());
  EXPECT_EQ(agent_.nextChange(now_), now_ + kNominationWait);
  now_ += kNominationWait;
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, CountsTheWhileFromTheFirstCheckOfAPair) {
  agent_.expect("peer");
  hear(kPeer);
  now_ += kNominationWait - 1ms;
  hear(kPeer);
  EXPECT_FALSE(selected());
  now_ += 1ms;
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, AtOnceAPairThatIsUsed) {
  agent_.expect("peer");
  hear(kPeer);
  agent_.onUsed(0, kElsewhere);
  EXPECT_FALSE(selected()) << "nobody has checked from there";
  agent_.onUsed(0, kPeer);
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, OfSeveralTheOneOfHighestPriority) {
  agent_.expect("peer");
  hear(kPeer, withPriority(200));
  hear(kElsewhere, withPriority(100));
  now_ += kNominationWait;
  EXPECT_EQ(selected(), kPeer);
  agent_.onUsed(0, kElsewhere);
  EXPECT_EQ(selected(), kElsewhere) << "what is used is known to work";
}

TEST_F(IceLiteServes, NothingElseOnceThePeerHasNominated) {
  agent_.expect("peer");
  hear(kPeer, withPriority(200));
  agent_.onUsed(0, kPeer);
  nominate(kElsewhere);
  EXPECT_EQ(selected(), kElsewhere);
  now_ += 29s;
  hear(kPeer);
  now_ += 1s;
  EXPECT_FALSE(selected()) << "not even when the consent there has run out";
}

TEST_F(IceLiteServes, NobodyBeforeItIsKnownWhoThePeerIs) {
  hear(kPeer);
  agent_.onUsed(0, kPeer);
  now_ += kNominationWait;
  EXPECT_FALSE(selected());
  EXPECT_TRUE(agent_.validated(0, kPeer, now_));
  agent_.expect("peer");
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, TheAnsweringPhoneOfAForkAndNotTheOther) {
  const auto other = [](Check& c) {
    c.username = "edge:other";
    c.use_candidate = true;
  };
  EXPECT_EQ(hear(kElsewhere, other), StunOutcome::answered);
  hear(kPeer);
  agent_.expect("peer");
  EXPECT_FALSE(selected()) << "a nomination of the other phone is none";
  EXPECT_FALSE(agent_.validated(0, kElsewhere, now_));
  EXPECT_EQ(hear(kElsewhere, other), StunOutcome::unknownUser);
  now_ += kNominationWait;
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, NobodyWhoDoesNotKnowThePassword) {
  agent_.expect("peer");
  for (const bool nominates : {false, true}) {
    EXPECT_EQ(hear(kStranger,
                   [&](Check& c) {
                     c.password = "guessedguessedguessedgu";
                     c.use_candidate = nominates;
                   }),
              StunOutcome::wrongIntegrity);
  }
  EXPECT_EQ(hear(kStranger, [](Check& c) { c.password = ""; }), StunOutcome::wrongIntegrity);
  agent_.onUsed(0, kStranger);
  now_ += kNominationWait;
  EXPECT_FALSE(selected());
  EXPECT_FALSE(agent_.nextChange(now_));
}

TEST_F(IceLiteServes, NobodyWhoSendsARecordedCheckFromElsewhere) {
  agent_.expect("peer");
  const auto recorded = check();
  agent_.onStun(0, kPeer, recorded, now_);
  EXPECT_EQ(agent_.onStun(0, kStranger, recorded, now_).outcome, StunOutcome::replayed);
  agent_.onUsed(0, kStranger);
  now_ += kNominationWait;
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, NoPairWhoseCheckWasRefused) {
  agent_.expect("peer");
  EXPECT_EQ(hear(kPeer,
                 [](Check& c) {
                   c.controlling.reset();
                   c.controlled = 1;
                 }),
            StunOutcome::refused);
  agent_.onUsed(0, kPeer);
  now_ += kNominationWait;
  EXPECT_FALSE(selected());
}

TEST_F(IceLiteServes, AsLongAsThePeerConsents) {
  agent_.expect("peer");
  hear(kPeer);
  now_ += 29s;
  EXPECT_EQ(agent_.nextChange(now_), kStart + kConsentLifetime);
  hear(kStranger, [](Check& c) { c.password = "guessedguessedguessedgu"; });
  now_ += 1s;
  EXPECT_FALSE(selected()) << "a stranger has renewed nothing";
  hear(kPeer);
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, AsLongAsWhatVerifiesComesFromAPeerThatChecksNoMore) {
  agent_.expect("peer");
  nominate(kPeer);
  agent_.onVerified(0, kPeer, now_ + 20s);
  agent_.onVerified(0, kPeer, now_ + 10s);  // no step back
  now_ += 49s;
  EXPECT_EQ(selected(), kPeer);
  EXPECT_EQ(agent_.nextChange(now_), now_ + 1s);
  agent_.onVerified(0, kElsewhere, now_);
  now_ += 1s;
  EXPECT_FALSE(selected()) << "what came from elsewhere is no word of that pair";
  agent_.onVerified(0, kPeer, now_);
  EXPECT_FALSE(selected()) << "a consent that has run out takes a check";
  hear(kPeer);
  EXPECT_EQ(selected(), kPeer);
}

TEST_F(IceLiteServes, TheFormerPairUntilAnotherServesAfterARestart) {
  agent_.expect("peer");
  hear(kPeer);
  now_ += kNominationWait;
  agent_.restart(credentials("anew", "anewanewanewanewanewanew"));
  EXPECT_EQ(selected(), kPeer);
  now_ += 20s;
  EXPECT_EQ(hear(kPeer), StunOutcome::answered) << "keeps it alive";
  agent_.expect("peer2");
  EXPECT_EQ(hear(kElsewhere,
                 [](Check& c) {
                   c.username = "anew:peer2";
                   c.password = "anewanewanewanewanewanew";
                 }),
            StunOutcome::answered);
  EXPECT_EQ(selected(), kPeer);
  now_ += kNominationWait;
  EXPECT_EQ(selected(), kElsewhere);
}

TEST_F(IceLiteServes, NothingAfterARestartThatNobodyWasKnownToHaveProven) {
  hear(kPeer);
  agent_.restart(credentials("anew", "anewanewanewanewanewanew"));
  agent_.expect("peer2");
  now_ += kNominationWait;
  EXPECT_FALSE(selected());
}

}  // namespace
}  // namespace sallyport::media::ice
