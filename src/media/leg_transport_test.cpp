// SPDX-License-Identifier: Apache-2.0
// What a leg's port does with STUN and DTLS, as its peer and a stranger see it.
#include "media/leg_transport.h"

#include <gtest/gtest.h>

#include "media/dtls/test_pair.h"
#include "media/ice/ice_test_support.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using ice::testing::at;
using ice::testing::Check;
using ice::testing::credentials;
using ice::testing::kStart;
using testing::DtlsRole;
using testing::End;
using testing::fingerprintsOf;
using testing::newCertificate;
using Heard = LegTransport::Heard;

const Endpoint kPeer = at("10.9.8.7:40000"), kElsewhere = at("10.9.8.9:50000"), kStranger = at("203.0.113.66:6000"),
               kOurs = at("192.0.2.1:30000");

class LegsPort : public ::testing::Test {
 protected:
  crypto::DtlsSessionSettings settings(DtlsRole role) const { return {.certificate = certificate, .role = role}; }
  // Ours in `role`, the peer in the other one; both descriptions are known.
  void agree(DtlsRole role, End& with) {
    ASSERT_TRUE(with.association.announce(fingerprintsOf(*certificate)));
    ASSERT_TRUE(leg.associate({settings(role), fingerprintsOf(*with.certificate)}, now));
  }
  void check(const Endpoint& from, bool nominate, const std::string& ufrag = "edge") {
    Check made;
    made.username = ufrag + ":peer";
    made.use_candidate = nominate;
    EXPECT_EQ(leg.onDatagram(from, made.written(), now), Heard::taken);
    (void)sent();  // the answer
  }
  std::vector<LegTransport::Outgoing> sent() { return leg.takeOutgoing(); }
  // Until both are silent. What the leg says to anybody else than `from` is lost.
  void talk(End& with, const Endpoint& from = kPeer) {
    with.association.start(now);
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& datagram : with.association.takeOutgoing()) leg.onDatagram(from, datagram, now), moved = true;
      for (const auto& [to, datagram] : sent()) {
        if (to == from) with.association.onDatagram(datagram, now);
        moved = true;
      }
    }
  }
  void keysAgree(const End& with) const {
    ASSERT_NE(leg.keys(), nullptr);
    ASSERT_NE(with.association.keys(), nullptr);
    EXPECT_EQ(leg.keys()->send(), with.association.keys()->receive());
    EXPECT_EQ(leg.keys()->receive(), with.association.keys()->send());
  }

  std::shared_ptr<const crypto::DtlsCertificate> certificate = newCertificate();
  LegTransport leg;
  TimePoint now = kStart;
};

// --- without ICE ---------------------------------------------------------------------------------------------------

class LegInEitherRole : public LegsPort, public ::testing::WithParamInterface<DtlsRole> {};
TEST_P(LegInEitherRole, AgreesKeys) {
  auto peer = End::make(GetParam() == DtlsRole::server ? DtlsRole::client : DtlsRole::server);
  leg.setAddress(kPeer);
  agree(GetParam(), peer);
  EXPECT_TRUE(leg.isHandshaking());
  talk(peer);
  keysAgree(peer);
  EXPECT_FALSE(leg.isHandshaking());
  EXPECT_EQ(leg.generation(), 1u);
}
INSTANTIATE_TEST_SUITE_P(Roles, LegInEitherRole, ::testing::Values(DtlsRole::server, DtlsRole::client));

TEST_F(LegsPort, HearsDtlsFromTheAddressOfTheDescriptionAlone) {
  auto peer = End::make(DtlsRole::client);
  leg.setAddress(kPeer);
  agree(DtlsRole::server, peer);
  auto stranger = End::make(DtlsRole::client);
  stranger.association.start(now);
  for (const auto& hello : stranger.association.takeOutgoing())
    for (const auto& from : {kStranger, Endpoint{kPeer.address, 40'001}})
      EXPECT_EQ(leg.onDatagram(from, hello, now), Heard::dropped);
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(leg.counters().foreign_dtls, 2u);
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, AHelloThatIsFasterThanTheDescriptionIsHeardWithIt) {
  auto peer = End::make(DtlsRole::client), stranger = End::make(DtlsRole::client);
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  for (auto* end : {&peer, &stranger}) {
    end->association.start(now);
    for (const auto& hello : end->association.takeOutgoing())
      EXPECT_EQ(leg.onDatagram(end == &peer ? kPeer : kStranger, hello, now), Heard::dropped);
  }
  EXPECT_TRUE(sent().empty()) << "nobody is answered yet";
  leg.setAddress(kPeer);
  agree(DtlsRole::server, peer);
  const auto flight = sent();
  ASSERT_FALSE(flight.empty());
  for (const auto& [to, datagram] : flight) {
    EXPECT_EQ(to, kPeer);
    peer.association.onDatagram(datagram, now);
  }
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, AHelloIsAsFastWhereIceWasOfferedAndNotTakenUp) {
  auto peer = End::make(DtlsRole::client);
  leg.openIce(credentials("edge"), kOurs);
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  peer.association.start(now);
  for (const auto& hello : peer.association.takeOutgoing())
    EXPECT_EQ(leg.onDatagram(kPeer, hello, now), Heard::dropped);
  EXPECT_TRUE(sent().empty());
  leg.setAddress(kPeer);
  leg.closeIce();
  agree(DtlsRole::server, peer);
  EXPECT_FALSE(sent().empty()) << "the hello need not come again";
}

TEST_F(LegsPort, AHelloFromAPairThatIsCheckedBeforeTheAnswerIsHeardWithIt) {
  auto peer = End::make(DtlsRole::client), stranger = End::make(DtlsRole::client);
  leg.openIce(credentials("edge"), kOurs);
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  for (auto* end : {&peer, &stranger}) {
    end->association.start(now);
    for (const auto& hello : end->association.takeOutgoing())
      leg.onDatagram(end == &peer ? kPeer : kStranger, hello, now);
  }
  check(kPeer, true);
  (void)sent();
  leg.expectIce("peer", now);
  agree(DtlsRole::server, peer);
  const auto flight = sent();
  ASSERT_FALSE(flight.empty());
  for (const auto& each : flight) EXPECT_EQ(each.to, kPeer);
}

TEST_F(LegsPort, KeepsLittleOfWhatComesEarly) {
  auto peer = End::make(DtlsRole::client);
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  peer.association.start(now);
  for (const auto& hello : peer.association.takeOutgoing()) {
    leg.onDatagram(kPeer, hello, now);
    for (int i = 0; i < 4; ++i) leg.onDatagram(kStranger, hello, now);
  }
  leg.setAddress(kPeer);
  agree(DtlsRole::server, peer);
  EXPECT_TRUE(sent().empty()) << "what a stranger has pushed out comes again by itself";
  now = *peer.association.deadline();
  peer.association.onTime(now);
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, KeepsNothingThatIsLongerThanAPacketOnTheWay) {
  auto peer = End::make(DtlsRole::client);
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  peer.association.start(now);
  for (auto hello : peer.association.takeOutgoing()) {
    hello.resize(1'501);
    leg.onDatagram(kPeer, hello, now);
  }
  leg.setAddress(kPeer);
  agree(DtlsRole::server, peer);
  EXPECT_TRUE(sent().empty());
}

TEST_F(LegsPort, AClientWaitsUntilThereIsAnAddress) {
  auto peer = End::make(DtlsRole::server);
  agree(DtlsRole::client, peer);
  EXPECT_TRUE(sent().empty());
  leg.setAddress(kPeer);
  leg.advance(now);
  EXPECT_FALSE(sent().empty());
}

TEST_F(LegsPort, RepeatsWhatWasLostWhenItsTimeComes) {
  auto peer = End::make(DtlsRole::server);
  leg.setAddress(kPeer);
  agree(DtlsRole::client, peer);
  EXPECT_FALSE(sent().empty()) << "and lost";
  ASSERT_TRUE(leg.deadline());
  now = *leg.deadline();
  leg.advance(now);
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, GivesNoKeysToAnotherCertificateThanWasAnnounced) {
  auto peer = End::make(DtlsRole::client);
  leg.setAddress(kPeer);
  ASSERT_TRUE(peer.association.announce(fingerprintsOf(*certificate)));
  ASSERT_TRUE(leg.associate({settings(DtlsRole::server), fingerprintsOf(*newCertificate())}, now));
  talk(peer);
  EXPECT_EQ(leg.keys(), nullptr);
  ASSERT_TRUE(leg.failure());
  EXPECT_STREQ(leg.failure()->code, "dtls.fingerprint.mismatch");
  EXPECT_TRUE(leg.isOver());
}

TEST_F(LegsPort, SaysWhenAHandshakeCameToNothing) {
  auto peer = End::make(DtlsRole::server);
  leg.setAddress(kPeer);
  agree(DtlsRole::client, peer);
  while (leg.deadline()) {
    now = *leg.deadline();
    leg.advance(now);
  }
  ASSERT_TRUE(leg.failure());
  EXPECT_STREQ(leg.failure()->code, "dtls.timeout");
}

TEST_F(LegsPort, KeepsTheKeysUntilAnotherAssociationHasItsOwn) {
  auto before = End::make(DtlsRole::client), after = End::make(DtlsRole::client);
  leg.setAddress(kPeer);
  agree(DtlsRole::server, before);
  talk(before);
  agree(DtlsRole::server, after);
  keysAgree(before);
  EXPECT_TRUE(leg.isHandshaking());
  talk(after);
  keysAgree(after);
  EXPECT_EQ(leg.generation(), 2u);
}

TEST_F(LegsPort, KeysOfAFormerAssociationDoNotComeBackWithTheEndOfTheNext) {
  auto before = End::make(DtlsRole::client), after = End::make(DtlsRole::client);
  leg.setAddress(kPeer);
  agree(DtlsRole::server, before);
  talk(before);
  agree(DtlsRole::server, after);
  talk(after);
  keysAgree(after);
  after.association.close();
  talk(after);
  EXPECT_TRUE(leg.isOver());
  EXPECT_EQ(leg.keys(), nullptr);
}

TEST_F(LegsPort, DropsWhatIsNeitherStunNorDtls) {
  leg.openIce(credentials("edge"), kOurs);
  for (const std::uint8_t first : {std::uint8_t{0x10}, std::uint8_t{0x40}, std::uint8_t{0x80}, std::uint8_t{0xFF}})
    EXPECT_EQ(leg.onDatagram(kPeer, std::vector<std::uint8_t>(40, first), now), Heard::dropped);
  EXPECT_EQ(leg.onDatagram(kPeer, {}, now), Heard::dropped);
  EXPECT_TRUE(sent().empty());
}

// Under the peer's own address: what changes nothing is to be counted as dropped.
TEST_F(LegsPort, DropsDtlsThatChangesNothing) {
  auto peer = End::make(DtlsRole::client);
  leg.setAddress(kPeer);
  agree(DtlsRole::server, peer);
  talk(peer);
  keysAgree(peer);
  auto forger = End::make(DtlsRole::client);
  forger.association.start(now);
  for (const auto& hello : forger.association.takeOutgoing())
    EXPECT_EQ(leg.onDatagram(kPeer, hello, now), Heard::dropped);
  const std::vector<std::uint8_t> alert{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40};
  EXPECT_EQ(leg.onDatagram(kPeer, alert, now), Heard::dropped);
  keysAgree(peer);
}

TEST_F(LegsPort, HasNoEarForStunWithoutIce) {
  EXPECT_EQ(leg.onDatagram(kPeer, Check{}.written(), now), Heard::dropped);
  EXPECT_TRUE(sent().empty());
}

// --- with ICE ------------------------------------------------------------------------------------------------------

TEST_F(LegsPort, IsAtWhatThePeerHasNominated) {
  leg.openIce(credentials("edge"), kOurs);
  leg.expectIce("peer", now);
  EXPECT_FALSE(leg.path(now));
  check(kPeer, false);
  EXPECT_FALSE(leg.path(now));
  check(kElsewhere, true);
  EXPECT_EQ(leg.path(now), kElsewhere);
}

TEST_F(LegsPort, AStrangersCheckGetsNoAnswer) {
  leg.openIce(credentials("edge"), kOurs);
  Check forged;
  forged.password = "notnotnotnotnotnotnotnot";
  forged.use_candidate = true;
  EXPECT_EQ(leg.onDatagram(kStranger, forged.written(), now), Heard::dropped);
  EXPECT_TRUE(sent().empty());
  EXPECT_FALSE(leg.path(now));
}

TEST_F(LegsPort, WithIceHearsDtlsFromAValidatedPairAlone) {
  leg.openIce(credentials("edge"), kOurs);
  leg.setAddress(kPeer);
  auto peer = End::make(DtlsRole::client);
  agree(DtlsRole::server, peer);
  talk(peer);
  EXPECT_EQ(leg.keys(), nullptr) << "the address of the description is no proof";
  check(kPeer, false);
  now += 1s;
  peer.association.onTime(now);
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, AClientBeginsOnceIceHasChosen) {
  leg.openIce(credentials("edge"), kOurs);
  leg.expectIce("peer", now);
  auto peer = End::make(DtlsRole::server);
  agree(DtlsRole::client, peer);
  EXPECT_TRUE(sent().empty());
  Check nominating;
  nominating.use_candidate = true;
  EXPECT_EQ(leg.onDatagram(kPeer, nominating.written(), now), Heard::taken);
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, AnswersAHelloBeforeItIsKnownWhose) {
  leg.openIce(credentials("edge"), kOurs);
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  check(kPeer, true);
  auto peer = End::make(DtlsRole::client);
  ASSERT_TRUE(peer.association.announce(fingerprintsOf(*certificate)));
  talk(peer);
  EXPECT_EQ(leg.keys(), nullptr) << "nobody has said yet that this is the certificate";
  ASSERT_TRUE(leg.associate({settings(DtlsRole::server), fingerprintsOf(*peer.certificate)}, now));
  keysAgree(peer);
}

TEST_F(LegsPort, LetsGoOfTheAwaitedWhereThePeerChoosesToBeTheServer) {
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  leg.setAddress(kPeer);
  auto peer = End::make(DtlsRole::server);
  agree(DtlsRole::client, peer);
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, IsNowhereOnceTheConsentHasRunOut) {
  leg.openIce(credentials("edge"), kOurs);
  check(kPeer, true);
  ASSERT_TRUE(leg.deadline());
  EXPECT_EQ(*leg.deadline(), now + 30s);
  now = *leg.deadline();
  leg.advance(now);
  EXPECT_FALSE(leg.path(now));
  EXPECT_FALSE(leg.deadline());
  check(kPeer, true);
  EXPECT_EQ(leg.path(now), kPeer) << "and back when it is renewed";
}

TEST_F(LegsPort, RepeatsNothingToWhoHasStoppedChecking) {
  leg.openIce(credentials("edge"), kOurs);
  ASSERT_TRUE(leg.await(settings(DtlsRole::server)));
  auto peer = End::make(DtlsRole::client);
  check(kPeer, false);
  peer.association.start(now);
  for (const auto& hello : peer.association.takeOutgoing()) leg.onDatagram(kPeer, hello, now);
  EXPECT_FALSE(sent().empty());
  ASSERT_TRUE(leg.associate({settings(DtlsRole::server), fingerprintsOf(*peer.certificate)}, now));
  now += 30s;
  leg.advance(now);
  EXPECT_TRUE(sent().empty());
}

TEST_F(LegsPort, KeepsTheConsentOfAPeerWhoseMediaVerifies) {
  leg.openIce(credentials("edge"), kOurs);
  check(kPeer, true);
  leg.onVerified(kPeer, now + 29s);
  now = *leg.deadline();
  leg.advance(now);
  EXPECT_EQ(leg.path(now), kPeer);
  EXPECT_EQ(leg.deadline(), now + 29s);
}

TEST_F(LegsPort, IsAtAPairThatThePeerHasCheckedAndNeverNominates) {
  leg.openIce(credentials("edge"), kOurs);
  auto peer = End::make(DtlsRole::server);
  agree(DtlsRole::client, peer);
  check(kPeer, false);
  EXPECT_FALSE(leg.deadline()) << "nobody has said yet whose check that was";
  leg.expectIce("peer", now);
  ASSERT_EQ(leg.deadline(), now + ice::kNominationWait);
  EXPECT_TRUE(sent().empty());
  now = *leg.deadline();
  leg.advance(now);
  EXPECT_EQ(leg.path(now), kPeer);
  talk(peer);
  keysAgree(peer);
}

TEST_F(LegsPort, IsAtOnceWhereDtlsOfACheckedPairComesFrom) {
  leg.openIce(credentials("edge"), kOurs);
  leg.expectIce("peer", now);
  auto peer = End::make(DtlsRole::client);
  agree(DtlsRole::server, peer);
  check(kPeer, false);
  EXPECT_FALSE(leg.path(now));
  talk(peer);
  keysAgree(peer);
  EXPECT_EQ(leg.path(now), kPeer);
  check(kElsewhere, true);
  EXPECT_EQ(leg.path(now), kElsewhere) << "a nomination decides";
}

TEST_F(LegsPort, DtlsOfNoUseMovesNothing) {
  leg.openIce(credentials("edge"), kOurs);
  leg.expectIce("peer", now);
  auto peer = End::make(DtlsRole::client);
  agree(DtlsRole::server, peer);
  check(kPeer, false);
  const std::vector<std::uint8_t> alert{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40};
  EXPECT_EQ(leg.onDatagram(kPeer, alert, now), Heard::dropped);
  EXPECT_FALSE(leg.path(now));
}

TEST_F(LegsPort, GoesOnOverItsPairWhileIceRestarts) {
  leg.openIce(credentials("edge"), kOurs);
  leg.expectIce("peer", now);
  check(kPeer, true);
  leg.openIce(credentials("new1"), kOurs);
  leg.expectIce("peer", now);
  EXPECT_EQ(leg.path(now), kPeer);
  check(kElsewhere, true, "new1");
  EXPECT_EQ(leg.path(now), kElsewhere);
}

}  // namespace
}  // namespace sallyport::media
