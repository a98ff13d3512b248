// SPDX-License-Identifier: Apache-2.0
// The handshakes a stranger may try at our listener, and what each is told: real TLS over memory.
#include <gtest/gtest.h>

#include "crypto/test_certificates.h"
#include "crypto/test_handshake.h"
#include "crypto/tls_context.h"

namespace sallyport::crypto {
namespace {

using std::chrono::hours;
using testing::anchorsOf;
using testing::caSpec;
using testing::identityOf;
using testing::Made;
using testing::make;
using testing::makeCrl;
using testing::MemoryHandshake;
using testing::Spec;

class TlsHandshake : public ::testing::Test {
 protected:
  // A client that does not care who we are and obeys nobody's posture but the test's.
  SslContextPtr stranger(const Made* leaf = nullptr, std::vector<const Made*> intermediates = {}) const {
    SslContextPtr context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    if (leaf != nullptr) {
      SSL_CTX_use_certificate(context.get(), leaf->certificate.handle());
      SSL_CTX_use_PrivateKey(context.get(), leaf->key.handle());
    }
    for (const auto* one : intermediates) SSL_CTX_add1_chain_cert(context.get(), one->certificate.handle());
    return context;
  }
  MemoryHandshake meet(const SslContextPtr& client) const {
    MemoryHandshake handshake{*server_->newSession(), clientSession(client)};
    handshake.run();
    return handshake;
  }
  static SslPtr clientSession(const SslContextPtr& client) {
    SslPtr session{SSL_new(client.get())};
    SSL_set_connect_state(session.get());
    return session;
  }
  // The server's code for a client with that certificate; TLS 1.2 and 1.3 must agree.
  std::string verdict(const Made& leaf, std::vector<const Made*> intermediates = {}) const {
    std::string codes[2];
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      const auto client = stranger(&leaf, intermediates);
      SSL_CTX_set_min_proto_version(client.get(), version);
      SSL_CTX_set_max_proto_version(client.get(), version);
      const auto handshake = meet(client);
      codes[version == TLS1_3_VERSION] = handshake.serverCode();
      EXPECT_EQ(handshake.serverCode() == "ok", bool(peerOf(handshake.server())));
      EXPECT_EQ(handshake.serverCode() == "ok", handshake.complete());
    }
    EXPECT_EQ(codes[0], codes[1]);
    return codes[1];
  }
  std::string verdictOf(Spec spec) const {
    if (spec.sans.empty()) spec.sans = "URI:sip:alice@example.org";
    return verdict(make(spec, &ca_));
  }
  std::shared_ptr<const PeerDirectory> directory(std::string_view crls = {}) const {
    return *PeerDirectory::build({}, DeviceRule{.anchors = anchorsOf(ca_, crls), .domain = "example.org"});
  }
  void serve(std::vector<LocalIdentity> identities) {
    server_ = *TlsServerContext::create({.identities = std::move(identities), .peers = directory(), .clock = &clock_});
  }
  void SetUp() override { serve({identityOf(edge_)}); }

  FakeClock clock_;
  const Made ca_ = make(caSpec("Test CA"));
  const Made edge_ = make({.name = "edge", .sans = "DNS:edge.example.org"}, &ca_);
  const Made alice_ = make({.name = "alice", .sans = "URI:sip:alice@example.org"}, &ca_);
  std::unique_ptr<TlsServerContext> server_;
};

TEST_F(TlsHandshake, AnEnrolledDeviceIsNamedInTheHandshake) {
  const auto handshake = meet(stranger(&alice_));
  ASSERT_TRUE(handshake.complete()) << handshake.serverCode();
  const auto peer = peerOf(handshake.server());
  ASSERT_TRUE(peer) << describe(peer.error());
  EXPECT_EQ(peer->identity(), "alice@example.org");
  EXPECT_EQ(peer->certificate().fingerprint, alice_.certificate.facts()->fingerprint);
  EXPECT_TRUE(MemoryHandshake::carries(handshake.client(), handshake.server(), "REGISTER"));
  EXPECT_TRUE(MemoryHandshake::carries(handshake.server(), handshake.client(), "200"));
}

TEST_F(TlsHandshake, NoCertificate) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto client = stranger();
    SSL_CTX_set_max_proto_version(client.get(), version);
    const auto handshake = meet(client);
    EXPECT_EQ(handshake.serverCode(), "tls.handshake.no_certificate");
    EXPECT_FALSE(peerOf(handshake.server()));
  }
}

TEST_F(TlsHandshake, ForeignCa) {
  const auto foreign = make(caSpec("Foreign CA"));
  const auto leaf = make({.sans = "URI:sip:alice@example.org"}, &foreign);
  EXPECT_EQ(verdict(leaf), "tls.certificate.untrusted_issuer");
  EXPECT_EQ(verdict(leaf, {&foreign}), "tls.certificate.untrusted_issuer");
}

TEST_F(TlsHandshake, SelfSigned) {
  EXPECT_EQ(verdict(make({.sans = "URI:sip:alice@example.org"})), "tls.certificate.untrusted_issuer");
}

TEST_F(TlsHandshake, Expired) {
  EXPECT_EQ(verdictOf({.not_before = -hours{2}, .not_after = -hours{1}}), "tls.certificate.expired");
}

TEST_F(TlsHandshake, NotYetValid) { EXPECT_EQ(verdictOf({.not_before = hours{2}}), "tls.certificate.not_yet_valid"); }

TEST_F(TlsHandshake, WrongEku) { EXPECT_EQ(verdictOf({.eku = "serverAuth"}), "tls.certificate.wrong_eku"); }

TEST_F(TlsHandshake, CaAsLeaf) {
  auto spec = caSpec("Middle");
  spec.key_usage += ",digitalSignature";
  EXPECT_EQ(verdictOf(spec), "tls.certificate.ca_as_leaf");
}

TEST_F(TlsHandshake, Rsa1024) { EXPECT_EQ(verdictOf({.key = "RSA-1024"}), "tls.certificate.weak_key"); }

TEST_F(TlsHandshake, Sha1) { EXPECT_EQ(verdictOf({.digest = EVP_sha1()}), "tls.certificate.weak_signature"); }

TEST_F(TlsHandshake, NameConstraint) {
  auto spec = caSpec("Constrained");
  spec.name_constraints = "critical,permitted;URI:example.net";
  const auto middle = make(spec, &ca_);
  EXPECT_EQ(verdict(make({.sans = "URI:sip:alice@example.org"}, &middle), {&middle}),
            "tls.certificate.name_constraint");
}

TEST_F(TlsHandshake, Revoked) {
  server_->replacePeers(directory(makeCrl(ca_, {&alice_})));
  EXPECT_EQ(verdict(alice_), "tls.certificate.revoked");
}

TEST_F(TlsHandshake, UnknownIdentity) {
  EXPECT_EQ(verdictOf({.sans = "URI:sip:alice@example.com"}), "tls.peer.unknown");
  EXPECT_EQ(verdictOf({.sans = "DNS:core.example.org"}), "tls.peer.unknown");
}

TEST_F(TlsHandshake, AStrangersAlertNamesTheClassOfTheRefusalOnly) {
  const auto alertTo = [this](const Made& leaf) {
    const auto handshake = meet(stranger(&leaf));
    return handshake.clientError() ? handshake.clientError()->detail : "none";
  };
  const auto foreign = make(caSpec("Foreign CA"));
  EXPECT_EQ(alertTo(make({.sans = "URI:sip:alice@example.org"}, &foreign)), "the peer says: unknown CA");
  EXPECT_EQ(alertTo(make({.sans = "URI:sip:x@example.com"}, &ca_)), "the peer says: handshake failure");
  EXPECT_EQ(alertTo(make({.sans = "URI:sip:x@example.org", .not_after = -hours{0}}, &ca_)),
            "the peer says: certificate expired");
}

TEST_F(TlsHandshake, Tls11) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const auto client = stranger(&alice_);
    SSL_CTX_set_max_proto_version(client.get(), version);
    EXPECT_EQ(meet(client).serverCode(), "tls.handshake.version");
  }
}

TEST_F(TlsHandshake, SuitesWithoutForwardSecrecyOrAead) {
  const auto rsa_edge = make({.name = "edge", .sans = "DNS:edge.example.org", .key = "RSA-2048"}, &ca_);
  serve({identityOf(edge_), identityOf(rsa_edge)});
  for (const auto* suites : {"AES256-GCM-SHA384", "AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA",
                             "DHE-RSA-AES256-GCM-SHA384"}) {
    const auto client = stranger(&alice_);
    SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_cipher_list(client.get(), suites), 1) << suites;
    EXPECT_EQ(meet(client).serverCode(), "tls.handshake.no_shared_cipher") << suites;
  }
}

TEST_F(TlsHandshake, AKeyExchangeOutsideThePosture) {
  const auto client = stranger(&alice_);
  SSL_CTX_set1_groups_list(client.get(), "P-521");
  EXPECT_EQ(meet(client).serverCode(), "tls.handshake.no_shared_cipher");
}

TEST_F(TlsHandshake, SipInTheClear) {
  MemoryHandshake handshake{*server_->newSession(), clientSession(stranger())};
  constexpr std::string_view kInvite = "INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TLS x\r\n\r\n";
  BIO_write(SSL_get_wbio(handshake.client()), kInvite.data(), kInvite.size());
  EXPECT_LE(SSL_do_handshake(handshake.server()), 0);
  EXPECT_STREQ(handshakeError(handshake.server()).code, "tls.handshake.not_tls");
}

TEST_F(TlsHandshake, AnEndOfStreamInTheMiddle) {
  MemoryHandshake handshake{*server_->newSession(), clientSession(stranger())};
  SSL_do_handshake(handshake.client());
  SSL_do_handshake(handshake.server());
  BIO_shutdown_wr(SSL_get_wbio(handshake.client()));
  ERR_clear_error();
  EXPECT_LE(SSL_do_handshake(handshake.server()), 0);
  EXPECT_LE(SSL_do_handshake(handshake.server()), 0);
  EXPECT_STREQ(handshakeError(handshake.server()).code, "tls.handshake.closed");
}

TEST_F(TlsHandshake, AChainLargerThanAnyoneNeeds) {
  std::vector<Made> padding;
  std::string names = "DNS:a.example";
  for (int i = 0; i < 250; ++i) names += ",DNS:name-number-" + std::to_string(i) + ".example.org";
  for (int i = 0; i < 6; ++i) padding.push_back(make({.sans = names}, &ca_));
  std::vector<const Made*> shown;
  for (const auto& one : padding) shown.push_back(&one);
  EXPECT_EQ(verdict(alice_, shown), "tls.handshake.too_large");
}

TEST_F(TlsHandshake, BeforeItsEndNobodyIsProven) {
  MemoryHandshake handshake{*server_->newSession(), clientSession(stranger(&alice_))};
  EXPECT_STREQ(peerOf(handshake.server()).error().code, "tls.handshake.incomplete");
}

}  // namespace
}  // namespace sallyport::crypto
