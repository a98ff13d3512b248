// SPDX-License-Identifier: Apache-2.0
// Two associations that mean well: profiles, roles, order of announcement and handshake, loss, repetition, reordering.
#include "media/dtls/association.h"

#include <gtest/gtest.h>

#include <random>

#include "media/dtls/test_pair.h"

namespace sallyport::media {
namespace {

using crypto::SrtpSuite;
using testing::Datagram;
using testing::DtlsRole;
using testing::End;
using testing::fingerprintsOf;
using testing::Pair;
using testing::seconds;

TEST(DtlsAssociation, BothEndsComeToTheSameKeys) {
  Pair pair;
  pair.announceBoth();
  pair.run();
  ASSERT_TRUE(pair.established()) << testing::codeOf(pair.client.association)
                                  << testing::codeOf(pair.server.association);
  EXPECT_TRUE(pair.keysAgree());
  EXPECT_FALSE(pair.nextDeadline());
  EXPECT_EQ(pair.client.association.facts().version, "DTLSv1.2");
  EXPECT_EQ(pair.client.association.shownFingerprint(), pair.server.certificate->fingerprint());
  EXPECT_EQ(pair.server.association.shownFingerprint(), pair.client.certificate->fingerprint());
}

TEST(DtlsAssociation, EveryProfileIsAgreedAndItsKeysProtectAPacket) {
  for (const auto suite : crypto::kDtlsSrtpSuites) {
    Pair pair{.client = End::make(DtlsRole::client, {suite}), .server = End::make(DtlsRole::server)};
    pair.announceBoth();
    pair.run();
    ASSERT_TRUE(pair.keysAgree()) << factsOf(suite).name;
    EXPECT_EQ(pair.client.association.keys()->send().suite, suite);
    auto sender = *SrtpSender::create(pair.client.association.keys()->send());
    auto receiver = *SrtpReceiver::create(pair.server.association.keys()->receive());
    std::vector<std::uint8_t> packet(40 + kSrtpTailroom);
    packet[0] = 0x80;
    packet[11] = 1;
    const auto length = std::get<std::size_t>(sender.protectRtp(packet, 40));
    EXPECT_TRUE(std::holds_alternative<AuthenticatedPacket>(receiver.unprotectRtp(MutableBytes{packet}.first(length))));
  }
}

TEST(DtlsAssociation, TheServersPreferenceAmongSharedProfilesWins) {
  Pair pair{.client = End::make(DtlsRole::client, {SrtpSuite::aesCm128HmacSha1_80, SrtpSuite::aeadAes128Gcm}),
            .server = End::make(DtlsRole::server)};
  pair.announceBoth();
  pair.run();
  ASSERT_TRUE(pair.keysAgree());
  EXPECT_EQ(pair.server.association.keys()->send().suite, SrtpSuite::aeadAes128Gcm);
}

TEST(DtlsAssociation, ASuiteThatDtlsCannotAgreeIsNoSuite) {
  const auto outcome =
      DtlsAssociation::create({.certificate = testing::newCertificate(), .suites = {SrtpSuite::aes256CmHmacSha1_80}});
  ASSERT_FALSE(outcome);
  EXPECT_STREQ(outcome.error().code, "dtls.srtp.no_profile");
}

TEST(DtlsAssociation, AnAnnouncementAfterTheHandshakeIsInTimeAndUntilThenThereAreNoKeys) {
  Pair pair;
  ASSERT_TRUE(pair.client.association.announce(fingerprintsOf(*pair.server.certificate)));
  pair.run();
  EXPECT_EQ(pair.server.association.state(), DtlsState::unproven);
  EXPECT_EQ(pair.server.association.keys(), nullptr);
  ASSERT_TRUE(pair.server.association.announce(fingerprintsOf(*pair.client.certificate)));
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsAssociation, AnAnnouncementBetweenTheFlightsIsInTime) {
  Pair pair;
  pair.client.association.start(pair.now);
  pair.carryFrom(DtlsRole::client);
  pair.carryFrom(DtlsRole::server);  // the client has seen the certificate
  EXPECT_EQ(pair.client.association.state(), DtlsState::handshaking);
  pair.announceBoth();
  pair.carry();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsAssociation, TheSameAnnouncementAgainChangesNothingAndAnotherIsRefused) {
  Pair pair;
  pair.announceBoth();
  pair.run();
  EXPECT_TRUE(pair.client.association.announce(fingerprintsOf(*pair.server.certificate)));
  const auto other = pair.client.association.announce(fingerprintsOf(*pair.client.certificate));
  ASSERT_FALSE(other);
  EXPECT_STREQ(other.error().code, "dtls.fingerprint.changed");
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsAssociation, ALostDatagramOfAnyNumberIsMadeUpForByTheTimers) {
  for (unsigned lost = 0; lost < 8; ++lost) {
    Pair pair;
    pair.announceBoth();
    pair.fate = [lost](DtlsRole, unsigned number, Datagram&) { return number == lost ? 0 : 1; };
    pair.run();
    EXPECT_TRUE(pair.keysAgree()) << "lost " << lost;
  }
}

TEST(DtlsAssociation, ALostLastFlightIsRepeatedWhenTheClientAsksAgain) {
  Pair pair;
  pair.announceBoth();
  pair.client.association.start(pair.now);
  pair.carryFrom(DtlsRole::client);
  pair.carryFrom(DtlsRole::server);
  pair.carryFrom(DtlsRole::client);
  EXPECT_EQ(pair.server.association.takeOutgoing().size(), 1u);  // lost
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
  EXPECT_EQ(pair.server.association.counters().repetitions, 1u);
}

TEST(DtlsAssociation, RepeatedDatagramsChangeNothing) {
  Pair pair;
  pair.announceBoth();
  pair.fate = [](DtlsRole, unsigned, Datagram&) { return 3; };
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsAssociation, ABadNetworkDelaysTheHandshakeAndDoesNotChangeItsOutcome) {
  unsigned completed = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    Pair pair;
    pair.announceBoth();
    std::mt19937 random{seed};
    pair.fate = [&random](DtlsRole, unsigned, Datagram&) {
      const auto draw = random() % 10;
      return draw < 3 ? 0 : draw < 8 ? 1 : 2;
    };
    pair.run();
    EXPECT_EQ(pair.established(), pair.keysAgree());
    if (pair.keysAgree()) ++completed;
  }
  EXPECT_GE(completed, 36u);  // of 40, with three in ten lost
}

TEST(DtlsAssociation, RecordsInReverseOrderAreUnderstood) {
  Pair pair;
  pair.announceBoth();
  pair.client.association.start(pair.now);
  for (int exchange = 0; exchange < 6; ++exchange) {
    auto to_server = pair.client.association.takeOutgoing();
    for (auto at = to_server.rbegin(); at != to_server.rend(); ++at) pair.server.association.onDatagram(*at, pair.now);
    auto to_client = pair.server.association.takeOutgoing();
    for (auto at = to_client.rbegin(); at != to_client.rend(); ++at) pair.client.association.onDatagram(*at, pair.now);
  }
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsAssociation, FlightsAreRepeatedAfterOneSecondThenTwoThenFour) {
  auto client = End::make(DtlsRole::client);
  const TimePoint start{std::chrono::hours{1}};
  client.association.start(start);
  const auto hello = client.association.takeOutgoing();
  ASSERT_EQ(hello.size(), 1u);
  auto expected = start;
  for (const int pause : {1, 2, 4, 8}) {
    expected += seconds{pause};
    ASSERT_EQ(client.association.deadline(), expected);
    client.association.onTime(expected);
    EXPECT_EQ(client.association.takeOutgoing().size(), 1u);
  }
}

TEST(DtlsAssociation, APeerThatNeverAnswersIsGivenUp) {
  auto client = End::make(DtlsRole::client);
  TimePoint now{std::chrono::hours{1}};
  const auto start = now;
  client.association.start(now);
  while (const auto next = client.association.deadline()) client.association.onTime(now = *next);
  EXPECT_EQ(client.association.state(), DtlsState::failed);
  EXPECT_EQ(testing::codeOf(client.association), "dtls.timeout");
  EXPECT_EQ(now, start + DtlsAssociation::kHandshakeLimit);
}

TEST(DtlsAssociation, ThePatienceIsThatOfTheFirstFlightHoweverFarItGot) {
  Pair pair;
  pair.announceBoth();
  const auto start = pair.now;
  pair.client.association.start(pair.now);
  pair.carryFrom(DtlsRole::client);
  pair.now += seconds{10};
  pair.carryFrom(DtlsRole::server);
  ASSERT_FALSE(pair.client.association.takeOutgoing().empty()) << "goes on, and is lost";
  while (const auto next = pair.client.association.deadline()) pair.client.association.onTime(pair.now = *next);
  EXPECT_EQ(testing::codeOf(pair.client.association), "dtls.timeout");
  EXPECT_EQ(pair.now, start + DtlsAssociation::kHandshakeLimit);
}

TEST(DtlsAssociation, AServerWaitsWithoutEndForAHelloAndAsksForNoTimer) {
  auto server = End::make(DtlsRole::server);
  server.association.start(TimePoint{std::chrono::hours{1}});
  EXPECT_FALSE(server.association.deadline());
  EXPECT_TRUE(server.association.takeOutgoing().empty());
  EXPECT_EQ(server.association.state(), DtlsState::idle);
}

TEST(DtlsAssociation, ClosingSaysSoToThePeerAndTakesTheKeysAway) {
  Pair pair;
  pair.announceBoth();
  pair.run();
  pair.server.association.close();
  EXPECT_EQ(pair.server.association.keys(), nullptr);
  pair.carry();
  EXPECT_EQ(pair.client.association.state(), DtlsState::closed);
  EXPECT_EQ(pair.client.association.keys(), nullptr);
  EXPECT_FALSE(pair.client.association.error());
}

}  // namespace
}  // namespace sallyport::media
