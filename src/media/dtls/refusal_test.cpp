// SPDX-License-Identifier: Apache-2.0
// Peers that are not who signalling announced, or do not speak what we demand: no keys, and a reason.
#include <gtest/gtest.h>

#include "media/dtls/test_pair.h"
#include "media/dtls/test_peer.h"

namespace sallyport::media {
namespace {

using testing::codeOf;
using testing::DtlsRole;
using testing::End;
using testing::fingerprintsOf;
using testing::newCertificate;
using testing::Pair;
using testing::RawPeer;
using testing::RawPeerSettings;
using testing::seconds;

const TimePoint kNow{std::chrono::hours{1}};

// What an association of ours in `role` makes of the peer: its state's code, or "ok" with keys.
std::string outcomeWith(const RawPeerSettings& settings) {
  RawPeer peer{settings};
  auto end = End::make(settings.role == DtlsRole::client ? DtlsRole::server : DtlsRole::client);
  EXPECT_TRUE(end.association.announce(peer.fingerprints()));
  peer.talkTo(end.association, kNow);
  EXPECT_EQ(end.association.keys() != nullptr, end.association.state() == DtlsState::established);
  if (end.association.state() == DtlsState::handshaking) return "handshaking";
  return codeOf(end.association);
}

std::string asServer(RawPeerSettings settings) {
  settings.role = DtlsRole::client;
  return outcomeWith(settings);
}
std::string asClient(RawPeerSettings settings) {
  settings.role = DtlsRole::server;
  return outcomeWith(settings);
}

TEST(DtlsFingerprint, OfAnotherCertificateFailsTheHandshakeInEitherRole) {
  for (const auto wrong : {DtlsRole::client, DtlsRole::server}) {
    Pair pair;
    auto& deceived = wrong == DtlsRole::client ? pair.server : pair.client;
    auto& deceiver = wrong == DtlsRole::client ? pair.client : pair.server;
    ASSERT_TRUE(deceived.association.announce(fingerprintsOf(*newCertificate())));
    ASSERT_TRUE(deceiver.association.announce(fingerprintsOf(*deceived.certificate)));
    pair.run(seconds{5});
    EXPECT_EQ(codeOf(deceived.association), "dtls.fingerprint.mismatch");
    EXPECT_EQ(deceived.association.keys(), nullptr);
    EXPECT_EQ(deceiver.association.keys(), nullptr);
  }
}

TEST(DtlsFingerprint, AnnouncedAfterTheHandshakeFailsItAllTheSame) {
  for (const auto role : {DtlsRole::client, DtlsRole::server}) {
    Pair pair;
    pair.run();
    auto& end = role == DtlsRole::client ? pair.client : pair.server;
    EXPECT_EQ(end.association.state(), DtlsState::unproven);
    EXPECT_TRUE(end.association.announce(fingerprintsOf(*newCertificate())));
    EXPECT_EQ(codeOf(end.association), "dtls.fingerprint.mismatch");
    EXPECT_EQ(end.association.keys(), nullptr);
  }
}

TEST(DtlsFingerprint, AnnouncedBetweenTheFlightsFailsTheHandshake) {
  Pair pair;
  pair.client.association.start(kNow);
  pair.carryFrom(DtlsRole::client);
  pair.carryFrom(DtlsRole::server);
  EXPECT_TRUE(pair.client.association.announce(fingerprintsOf(*newCertificate())));
  EXPECT_EQ(codeOf(pair.client.association), "dtls.fingerprint.mismatch");
}

TEST(DtlsFingerprint, OneOfTwoCertificatesIsEnough) {
  Pair pair;
  ASSERT_TRUE(
      pair.client.association.announce({newCertificate()->fingerprint(), pair.server.certificate->fingerprint()}));
  ASSERT_TRUE(pair.server.association.announce(fingerprintsOf(*pair.client.certificate)));
  pair.run();
  EXPECT_TRUE(pair.keysAgree());
}

TEST(DtlsFingerprint, ARightOneOfAWeakerHashDoesNotHealAWrongOneOfAStronger) {
  using crypto::CertificateFingerprint;
  Pair pair;
  const auto wrong = CertificateFingerprint::of(newCertificate()->certificate(), crypto::FingerprintHash::sha512);
  ASSERT_TRUE(pair.client.association.announce({pair.server.certificate->fingerprint(), wrong}));
  pair.run(seconds{5});
  EXPECT_EQ(codeOf(pair.client.association), "dtls.fingerprint.mismatch");
}

// Somebody in the middle has each end shake hands with himself.
TEST(DtlsFingerprint, ASwappedCertificateIsFoundOutByBothEnds) {
  Pair left;
  Pair right;
  ASSERT_TRUE(left.client.association.announce(fingerprintsOf(*right.server.certificate)));
  ASSERT_TRUE(right.server.association.announce(fingerprintsOf(*left.client.certificate)));
  left.run(seconds{5});
  right.run(seconds{5});
  EXPECT_EQ(codeOf(left.client.association), "dtls.fingerprint.mismatch");
  EXPECT_EQ(codeOf(right.server.association), "dtls.fingerprint.mismatch");
}

TEST(DtlsPeer, PlainOpensslIsUnderstoodInBothRoles) {
  EXPECT_EQ(asServer({}), "ok");
  EXPECT_EQ(asClient({}), "ok");
  EXPECT_EQ(asServer({.key = "RSA-2048", .profiles = "SRTP_AEAD_AES_256_GCM"}), "ok");
  EXPECT_EQ(asClient({.key = "RSA-2048", .profiles = "SRTP_AEAD_AES_128_GCM"}), "ok");
}

// RFC 5764 4.2: the client's key comes first. Two of ours could have it the other way round and never notice.
TEST(DtlsPeer, PlainOpensslHasTheSameKeysForTheSameDirections) {
  for (const auto role : {DtlsRole::client, DtlsRole::server}) {
    RawPeer peer{{.role = role}};
    auto end = End::make(role == DtlsRole::client ? DtlsRole::server : DtlsRole::client);
    ASSERT_TRUE(end.association.announce(peer.fingerprints()));
    peer.talkTo(end.association, kNow);
    ASSERT_NE(end.association.keys(), nullptr);
    std::array<std::uint8_t, 60> block{};  // two keys of 16 bytes, two salts of 14
    const std::string_view label = "EXTRACTOR-dtls_srtp";
    ASSERT_EQ(SSL_export_keying_material(peer.session(), block.data(), block.size(), label.data(), label.size(),
                                         nullptr, 0, 0),
              1);
    const auto part = [&](std::size_t at, std::size_t size) { return Bytes{block}.subspan(at, size); };
    const auto joined = [](Bytes key, Bytes salt) {
      std::vector<std::uint8_t> both{key.begin(), key.end()};
      both.insert(both.end(), salt.begin(), salt.end());
      return Secret{Bytes{both}};
    };
    const auto of_client = joined(part(0, 16), part(32, 14)), of_server = joined(part(16, 16), part(46, 14));
    const auto& keys = *end.association.keys();
    EXPECT_TRUE(keys.receive().key_and_salt == (role == DtlsRole::client ? of_client : of_server));
    EXPECT_TRUE(keys.send().key_and_salt == (role == DtlsRole::client ? of_server : of_client));
  }
}

TEST(DtlsPeer, ThatSpeaksDtls10IsRefused) {
  EXPECT_EQ(asServer({.version = DTLS1_VERSION}), "tls.handshake.version");
  EXPECT_NE(asClient({.version = DTLS1_VERSION}), "ok");
}

TEST(DtlsPeer, WithoutForwardSecrecyOrAeadIsRefused) {
  EXPECT_EQ(asServer({.key = "RSA-2048", .suites = "AES256-GCM-SHA384"}), "tls.handshake.no_shared_cipher");
  EXPECT_EQ(asServer({.suites = "ECDHE-ECDSA-AES256-SHA384"}), "tls.handshake.no_shared_cipher");
  EXPECT_NE(asClient({.suites = "ECDHE-ECDSA-AES128-SHA"}), "ok");
}

TEST(DtlsPeer, WithoutExtendedMasterSecretIsRefused) {
  EXPECT_EQ(asServer({.options = SSL_OP_NO_EXTENDED_MASTER_SECRET}), "dtls.extended_master_secret.missing");
  EXPECT_EQ(asClient({.options = SSL_OP_NO_EXTENDED_MASTER_SECRET}), "dtls.extended_master_secret.missing");
}

TEST(DtlsPeer, WithoutACommonSrtpProfileIsRefused) {
  EXPECT_EQ(asServer({.profiles = "SRTP_AES128_CM_SHA1_32"}), "dtls.srtp.no_profile");
  EXPECT_EQ(asServer({.profiles = nullptr}), "dtls.srtp.no_profile");
  EXPECT_EQ(asClient({.profiles = "SRTP_AES128_CM_SHA1_32"}), "dtls.srtp.no_profile");
  EXPECT_EQ(asClient({.profiles = nullptr}), "dtls.srtp.no_profile");
}

TEST(DtlsPeer, WithoutACertificateIsRefused) {
  EXPECT_EQ(asServer({.shows = testing::Shows::nothing}), "tls.handshake.no_certificate");
}

TEST(DtlsPeer, WithAWeakKeyIsRefused) {
  EXPECT_EQ(asServer({.key = "RSA-1024"}), "dtls.certificate.weak_key");
  EXPECT_EQ(asClient({.key = "RSA-1024"}), "dtls.certificate.weak_key");
}

TEST(DtlsPeer, ThatRenegotiatesIsNotFollowedAndLosesNothing) {
  RawPeer peer{{.options = SSL_OP_ALLOW_CLIENT_RENEGOTIATION}};
  auto server = End::make(DtlsRole::server);
  ASSERT_TRUE(server.association.announce(peer.fingerprints()));
  peer.talkTo(server.association, kNow);
  ASSERT_EQ(server.association.state(), DtlsState::established);
  SSL_renegotiate(peer.session());
  peer.step();
  const auto hello = peer.takeOutgoing();
  ASSERT_FALSE(hello.empty());
  for (const auto& datagram : hello) server.association.onDatagram(datagram, kNow);
  EXPECT_EQ(server.association.state(), DtlsState::established);
  EXPECT_EQ(server.association.takeOutgoing().size(), 1u);  // no_renegotiation
}

}  // namespace
}  // namespace sallyport::media
