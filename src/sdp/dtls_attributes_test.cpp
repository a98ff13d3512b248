// SPDX-License-Identifier: Apache-2.0
#include "sdp/dtls_attributes.h"

#include <gtest/gtest.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using crypto::DtlsRole;
using testing::description;

const std::string kDigest =
    "12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD";
const std::string kFingerprint = "a=fingerprint:sha-256 " + kDigest;
const std::string kSha1 = "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB";
const std::string kTlsId = "abc3de65cddef001be82";
const std::string kMedia = "m=audio 9 UDP/TLS/RTP/SAVPF 111";

std::vector<std::string> with(const std::vector<std::string>& attributes) {
  std::vector<std::string> media{kMedia};
  media.insert(media.end(), attributes.begin(), attributes.end());
  return media;
}

Result<DtlsDescription> offered(const std::vector<std::string>& attributes) {
  const auto session = Session::parse(description(with(attributes)));
  EXPECT_TRUE(session);
  return dtlsOffered(*session, session->media().front());
}

Result<DtlsDescription> answered(const std::vector<std::string>& attributes, Setup our_setup,
                                 const std::string& our_tls_id = "") {
  const auto session = Session::parse(description(with(attributes)));
  EXPECT_TRUE(session);
  DtlsDescription offer;
  offer.setup = our_setup;
  offer.tls_id = our_tls_id;
  return dtlsAnswered(*session, session->media().front(), offer);
}

std::string codeOf(const Result<DtlsDescription>& result) { return result ? "ok" : result.error().code; }

std::optional<DtlsProfile> profileIn(const std::string& protocol) {
  const auto session = Session::parse(description({"m=audio 9 " + protocol + " 0"}));
  EXPECT_TRUE(session);
  return dtlsProfileOf(session->media().front());
}

TEST(DtlsProfile, IsReadAsItIsWrittenInEitherCase) {
  for (const auto profile : {DtlsProfile::savp, DtlsProfile::savpf}) {
    EXPECT_EQ(profileIn(std::string{toString(profile)}), profile);
  }
  EXPECT_EQ(profileIn("udp/tls/rtp/savpf"), DtlsProfile::savpf);
}

TEST(DtlsProfile, OfAnotherKeyingOrTransportIsNone) {
  for (const auto* other : {"RTP/SAVPF", "RTP/AVP", "TCP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/AVP"}) {
    EXPECT_FALSE(profileIn(other)) << other;
  }
}

TEST(DtlsOffer, OfABrowserIsRead) {
  const auto dtls = offered({kFingerprint, "a=setup:actpass", "a=tls-id:" + kTlsId});
  ASSERT_TRUE(dtls) << describe(dtls.error());
  EXPECT_EQ(dtls->fingerprints.size(), 1u);
  EXPECT_EQ(dtls->fingerprints.front().text(), "sha-256 " + kDigest);
  EXPECT_EQ(dtls->setup, Setup::actpass);
  EXPECT_EQ(dtls->tls_id, kTlsId);
}

TEST(DtlsOffer, MayStandAtTheSessionAndTheSectionGoesBefore) {
  const auto at_session = testing::lines(
      {"v=0", "o=- 20 1 IN IP4 192.0.2.10", "s=-", "c=IN IP4 192.0.2.10", "t=0 0", kFingerprint, "a=setup:passive"});
  const auto common = Session::parse(at_session + testing::lines({kMedia}));
  ASSERT_TRUE(common);
  EXPECT_EQ(dtlsOffered(*common, common->media().front())->setup, Setup::passive);
  const auto own = Session::parse(at_session + testing::lines({kMedia, "a=setup:active", kSha1}));
  ASSERT_TRUE(own);
  EXPECT_EQ(codeOf(dtlsOffered(*own, own->media().front())), "crypto.fingerprint.weak");
}

TEST(DtlsOffer, AWeakHashBesideAStrongOneIsPassedOver) {
  const auto dtls = offered({kSha1, kFingerprint});
  ASSERT_TRUE(dtls);
  EXPECT_EQ(dtls->fingerprints.size(), 1u);
}

TEST(DtlsOffer, WithoutAFingerprintThatProvesSomethingIsRefused) {
  EXPECT_EQ(codeOf(offered({"a=setup:actpass"})), "sdp.fingerprint.missing");
  EXPECT_EQ(codeOf(offered({kSha1})), "crypto.fingerprint.weak");
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=fingerprint:sha-256 12:34"})), "crypto.fingerprint.malformed");
  EXPECT_EQ(codeOf(offered(std::vector<std::string>(17, kFingerprint))), "sdp.fingerprint.too_many");
}

TEST(DtlsOffer, ThatSaysNothingOfSetupIsActive) { EXPECT_EQ(offered({kFingerprint})->setup, Setup::active); }

TEST(DtlsOffer, WithASetupThatIsNoneIsRefused) {
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=setup:holdconn"})), "sdp.setup.refused");
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=setup:both"})), "sdp.setup.malformed");
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=setup:active", "a=setup:passive"})), "sdp.setup.repeated");
}

TEST(DtlsOffer, WithATlsIdThatIsNoneIsRefused) {
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=tls-id:short"})), "sdp.tls_id.malformed");
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=tls-id:" + std::string(256, 'a')})), "sdp.tls_id.malformed");
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=tls-id:" + kTlsId + "!"})), "sdp.tls_id.malformed");
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=tls-id:" + kTlsId, "a=tls-id:" + kTlsId})), "sdp.tls_id.malformed");
}

TEST(DtlsAnswer, DecidesWhatTheOfferLeftOpen) {
  EXPECT_EQ(answered({kFingerprint, "a=setup:active"}, Setup::actpass)->setup, Setup::active);
  EXPECT_EQ(answered({kFingerprint, "a=setup:passive"}, Setup::actpass)->setup, Setup::passive);
  EXPECT_EQ(answered({kFingerprint}, Setup::actpass)->setup, Setup::passive);
}

TEST(DtlsAnswer, ThatDecidesNothingOrTheImpossibleIsRefused) {
  EXPECT_EQ(codeOf(answered({kFingerprint, "a=setup:actpass"}, Setup::actpass)), "sdp.setup.conflict");
  EXPECT_EQ(codeOf(answered({kFingerprint, "a=setup:actpass"}, Setup::active)), "sdp.setup.conflict");
  EXPECT_EQ(codeOf(answered({kFingerprint, "a=setup:active"}, Setup::active)), "sdp.setup.conflict");
  EXPECT_EQ(codeOf(answered({kFingerprint, "a=setup:passive"}, Setup::passive)), "sdp.setup.conflict");
  EXPECT_EQ(codeOf(answered({kFingerprint, "a=setup:holdconn"}, Setup::actpass)), "sdp.setup.refused");
}

TEST(DtlsAnswer, HasATlsIdOnlyWhereTheOfferHadOne) {
  const std::vector<std::string> attributes{kFingerprint, "a=setup:active", "a=tls-id:" + kTlsId};
  EXPECT_EQ(codeOf(answered(attributes, Setup::actpass)), "sdp.tls_id.not_offered");
  EXPECT_EQ(codeOf(answered(attributes, Setup::actpass, newTlsId())), "ok");
}

TEST(AnswerSetup, TakesTheOtherPartAndBeginsWhereItMayChoose) {
  EXPECT_EQ(answerSetup(Setup::active, std::nullopt), Setup::passive);
  EXPECT_EQ(answerSetup(Setup::passive, std::nullopt), Setup::active);
  EXPECT_EQ(answerSetup(Setup::actpass, std::nullopt), Setup::active);
  EXPECT_EQ(roleOf(Setup::active), DtlsRole::client);
  EXPECT_EQ(otherRole(roleOf(Setup::active)), roleOf(Setup::passive));
}

TEST(AnswerSetup, KeepsTheRoleOfAnAssociationThatGoesOn) {
  EXPECT_EQ(answerSetup(Setup::actpass, DtlsRole::server), Setup::passive);
  EXPECT_EQ(answerSetup(Setup::actpass, DtlsRole::client), Setup::active);
}

TEST(RenderDtls, IsReadAsItIsWritten) {
  const auto dtls = *offered({kFingerprint, "a=setup:actpass", "a=tls-id:" + kTlsId});
  EXPECT_EQ(renderDtls(dtls), testing::lines({kFingerprint, "a=setup:actpass", "a=tls-id:" + kTlsId}));
  EXPECT_EQ(codeOf(offered({kFingerprint, "a=tls-id:" + newTlsId()})), "ok");
}

DtlsAgreement agreement() {
  DtlsAgreement agreed;
  agreed.ours = *offered({kFingerprint, "a=tls-id:" + kTlsId});
  agreed.theirs = *offered({"a=fingerprint:sha-384 " + std::string("00") +
                                [] {
                                  std::string rest;
                                  for (int i = 1; i < 48; ++i) rest += ":00";
                                  return rest;
                                }(),
                            "a=tls-id:" + kTlsId + "x"});
  return agreed;
}

TEST(AssociationChange, IsNoneWhereNothingOfDtlsChanges) {
  EXPECT_EQ(associationChange(agreement(), agreement()), AssociationChange::none);
  auto reordered = agreement();
  reordered.theirs.fingerprints.push_back(reordered.ours.fingerprints.front());
  auto again = reordered;
  std::swap(again.theirs.fingerprints[0], again.theirs.fingerprints[1]);
  EXPECT_EQ(associationChange(reordered, again), AssociationChange::none);
}

TEST(AssociationChange, FollowsFromRoleFingerprintOrTlsIdOfEitherSide) {
  auto now = agreement();
  now.role = DtlsRole::client;
  EXPECT_EQ(associationChange(agreement(), now), AssociationChange::role);
  now = agreement();
  now.theirs.fingerprints = now.ours.fingerprints;
  EXPECT_EQ(associationChange(agreement(), now), AssociationChange::fingerprint);
  now = agreement();
  now.ours.fingerprints.push_back(now.theirs.fingerprints.front());
  EXPECT_EQ(associationChange(agreement(), now), AssociationChange::fingerprint);
  now = agreement();
  now.theirs.tls_id = newTlsId();
  EXPECT_EQ(associationChange(agreement(), now), AssociationChange::tlsId);
  now = agreement();
  now.ours.tls_id = newTlsId();
  EXPECT_EQ(associationChange(agreement(), now), AssociationChange::tlsId);
}

TEST(AssociationChange, FollowsFromANewAddressOnlyOfPeersWithoutTlsIdAndWithoutIce) {
  const Endpoint here{IpAddress::v4({192, 0, 2, 1}), 4'000};
  const Endpoint there{IpAddress::v4({192, 0, 2, 2}), 4'000};
  auto before = agreement();
  auto now = agreement();
  before.their_address = here;
  now.their_address = there;
  EXPECT_EQ(associationChange(before, now), AssociationChange::none);
  before.theirs.tls_id = now.theirs.tls_id = "";
  EXPECT_EQ(associationChange(before, now), AssociationChange::address);
  now.their_address = here;
  EXPECT_EQ(associationChange(before, now), AssociationChange::none);
  now.their_address = std::nullopt;
  EXPECT_EQ(associationChange(before, now), AssociationChange::none);
}

TEST(StandingRole, IsThatOfTheSameCertificateUnderTheSameNameAlone) {
  auto before = agreement();
  before.role = DtlsRole::server;
  EXPECT_EQ(standingRole(before, before.theirs), DtlsRole::server);
  EXPECT_EQ(standingRole(std::nullopt, before.theirs), std::nullopt);
  auto other = before.theirs;
  other.fingerprints = before.ours.fingerprints;
  EXPECT_EQ(standingRole(before, other), std::nullopt);
  other = before.theirs;
  other.tls_id = newTlsId();
  EXPECT_EQ(standingRole(before, other), std::nullopt);
}

}  // namespace
}  // namespace sallyport::sdp
