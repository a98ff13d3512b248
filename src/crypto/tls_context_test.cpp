// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls_context.h"

#include <gtest/gtest.h>

#include <thread>

#include "crypto/test_certificates.h"
#include "crypto/test_handshake.h"

namespace sallyport::crypto {
namespace {

using testing::anchorsOf;
using testing::caSpec;
using testing::identityOf;
using testing::Made;
using testing::make;
using testing::MemoryHandshake;

class TlsContext : public ::testing::Test {
 protected:
  std::shared_ptr<const PeerDirectory> knowing(std::string name, std::string host) const {
    return *PeerDirectory::build({PeerEntry{
        .name = std::move(name), .identities = {{SanKind::dns, std::move(host)}}, .anchors = anchorsOf(ca_)}});
  }
  std::unique_ptr<TlsServerContext> serverWith(const Made& identity, std::string alpn = "sip") const {
    return *TlsServerContext::create({.identities = {identityOf(identity)},
                                      .peers = knowing("edge", "edge.example.org"),
                                      .clock = &clock_,
                                      .alpn = std::move(alpn)});
  }
  TlsClientSettings clientSettings() const {
    return {.identity = identityOf(edge_), .peers = knowing("core", "core.example.net"), .clock = &clock_};
  }
  static MemoryHandshake meet(const TlsServerContext& server, const TlsClientContext& client) {
    MemoryHandshake handshake{*server.newSession(), *client.newSession()};
    handshake.run();
    return handshake;
  }

  FakeClock clock_;
  const Made ca_ = make(caSpec("Test CA"));
  const Made edge_ = make({.sans = "DNS:edge.example.org"}, &ca_);
  const Made core_ = make({.sans = "DNS:core.example.net"}, &ca_);
};

TEST_F(TlsContext, BothEndsProveThemselves) {
  const auto server = serverWith(core_);
  auto settings = clientSettings();
  settings.server_name = "core.example.net";
  const auto client = *TlsClientContext::create(settings);
  const auto handshake = meet(*server, *client);
  ASSERT_TRUE(handshake.complete()) << handshake.serverCode() << handshake.clientCode();
  EXPECT_EQ(peerOf(handshake.server())->name(), "edge");
  EXPECT_EQ(peerOf(handshake.client())->name(), "core");
  EXPECT_STREQ(SSL_get_servername(handshake.server(), TLSEXT_NAMETYPE_host_name), "core.example.net");
  const auto facts = factsOf(handshake.server());
  EXPECT_EQ(facts.version, "TLSv1.3");
  EXPECT_EQ(facts.suite, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(facts.group, "x25519");
  EXPECT_EQ(facts.alpn, "sip");
}

TEST_F(TlsContext, AServerThatIsSomebodyElseIsRefused) {
  const auto impostor = make({.sans = "DNS:other.example.net"}, &ca_);
  const auto handshake = meet(*serverWith(impostor), **TlsClientContext::create(clientSettings()));
  EXPECT_EQ(handshake.clientCode(), "tls.peer.unknown");
  EXPECT_FALSE(handshake.complete());
}

TEST_F(TlsContext, AServerCertificateForClientsOnlyIsRefused) {
  const auto leaf = make({.sans = "DNS:core.example.net", .eku = "clientAuth"}, &ca_);
  EXPECT_EQ(meet(*serverWith(leaf), **TlsClientContext::create(clientSettings())).clientCode(),
            "tls.certificate.wrong_eku");
}

TEST_F(TlsContext, AlpnIsSipOrNothing) {
  const auto server = serverWith(core_);
  auto settings = clientSettings();
  settings.alpn = "";
  auto handshake = meet(*server, **TlsClientContext::create(settings));
  EXPECT_TRUE(handshake.complete());
  EXPECT_EQ(factsOf(handshake.server()).alpn, "");
  settings.alpn = "http/1.1";
  handshake = meet(*server, **TlsClientContext::create(settings));
  EXPECT_EQ(handshake.serverCode(), "tls.handshake.alpn");
  EXPECT_EQ(handshake.clientError()->detail, "the peer says: no application protocol");
  EXPECT_TRUE(meet(*serverWith(core_, ""), **TlsClientContext::create(clientSettings())).complete());
}

TEST_F(TlsContext, NothingIsEverResumed) {
  const auto server = serverWith(core_);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SslContextPtr client{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_max_proto_version(client.get(), version);
    SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_use_certificate(client.get(), edge_.certificate.handle());
    SSL_CTX_use_PrivateKey(client.get(), edge_.key.handle());
    const auto connect = [&](SSL_SESSION* session) {
      SslPtr ssl{SSL_new(client.get())};
      SSL_set_connect_state(ssl.get());
      if (session != nullptr) SSL_set_session(ssl.get(), session);
      MemoryHandshake handshake{*server->newSession(), std::move(ssl)};
      handshake.run();
      EXPECT_TRUE(handshake.complete());
      EXPECT_TRUE(MemoryHandshake::carries(handshake.server(), handshake.client(), "x"));
      return handshake;
    };
    const auto first = connect(nullptr);
    const OpensslPtr<SSL_SESSION, SSL_SESSION_free> session{SSL_get1_session(first.client())};
    EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 0);
    EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 0);
    const auto second = connect(session.get());
    EXPECT_EQ(SSL_session_reused(second.server()), 0);
    EXPECT_EQ(SSL_session_reused(second.client()), 0);
    EXPECT_TRUE(peerOf(second.server()));
  }
}

TEST_F(TlsContext, RenegotiationIsRefused) {
  const auto server = serverWith(core_);
  SslContextPtr client{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  SSL_CTX_use_certificate(client.get(), edge_.certificate.handle());
  SSL_CTX_use_PrivateKey(client.get(), edge_.key.handle());
  SslPtr ssl{SSL_new(client.get())};
  SSL_set_connect_state(ssl.get());
  MemoryHandshake handshake{*server->newSession(), std::move(ssl)};
  handshake.run();
  ASSERT_TRUE(handshake.complete());
  ASSERT_EQ(SSL_renegotiate(handshake.client()), 1);
  SSL_do_handshake(handshake.client());
  char byte = 0;
  SSL_read(handshake.server(), &byte, 1);
  EXPECT_LE(SSL_do_handshake(handshake.client()), 0);
  ERR_clear_error();
  EXPECT_EQ(SSL_num_renegotiations(handshake.server()), 0);
}

TEST_F(TlsContext, AReplacedDirectoryJudgesTheNextHandshake) {
  const auto server = serverWith(core_);
  const auto client = *TlsClientContext::create(clientSettings());
  const auto pending_session_server = server->newSession();
  EXPECT_TRUE(meet(*server, *client).complete());
  server->replacePeers(knowing("other", "other.example.org"));
  EXPECT_EQ(meet(*server, *client).serverCode(), "tls.peer.unknown");
}

TEST_F(TlsContext, AReplacedIdentityIsShownFromTheNextHandshakeOn) {
  const auto server = serverWith(make({.sans = "DNS:old.example.net"}, &ca_));
  const auto client = *TlsClientContext::create(clientSettings());
  MemoryHandshake begun{*server->newSession(), *client->newSession()};
  ASSERT_TRUE(server->replaceIdentities({identityOf(core_)}));
  EXPECT_TRUE(meet(*server, *client).complete());
  begun.run();
  EXPECT_EQ(begun.clientCode(), "tls.peer.unknown");
  EXPECT_STREQ(server->replaceIdentities({}).error().code, "tls.identity.none");
  EXPECT_TRUE(meet(*server, *client).complete());  // what was refused has changed nothing
}

TEST_F(TlsContext, SessionsOutliveTheirContext) {
  auto server = serverWith(core_);
  auto client = *TlsClientContext::create(clientSettings());
  MemoryHandshake handshake{*server->newSession(), *client->newSession()};
  server.reset();
  client.reset();
  handshake.run();
  EXPECT_TRUE(handshake.complete());
}

TEST_F(TlsContext, WorkersShareAContextWhileItIsReplaced) {
  const auto server = serverWith(core_);
  const auto client = *TlsClientContext::create(clientSettings());
  std::vector<std::thread> workers;
  std::atomic<int> complete{0};
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([&] {
      for (int j = 0; j < 20; ++j) complete += meet(*server, *client).complete() ? 1 : 0;
    });
  }
  for (int i = 0; i < 20; ++i) {
    server->replacePeers(knowing("edge", "edge.example.org"));
    EXPECT_TRUE(server->replaceIdentities({identityOf(core_)}));
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(complete, 40);
}

TEST_F(TlsContext, AServerShowsOneCertificateOfAKind) {
  const auto create = [this](std::vector<LocalIdentity> identities) {
    auto made = TlsServerContext::create(
        {.identities = std::move(identities), .peers = knowing("edge", "edge.example.org"), .clock = &clock_});
    return std::string{made ? "ok" : made.error().code};
  };
  EXPECT_EQ(create({}), "tls.identity.none");
  EXPECT_EQ(create({identityOf(core_), identityOf(edge_)}), "tls.identity.duplicate");
  const auto rsa = make({.sans = "DNS:core.example.net", .key = "RSA-2048"}, &ca_);
  EXPECT_EQ(create({identityOf(core_), identityOf(rsa)}), "ok");
}

TEST_F(TlsContext, AClientOfEitherKindOfKeyIsServed) {
  const auto rsa = make({.sans = "DNS:core.example.net", .key = "RSA-2048"}, &ca_);
  const auto server = *TlsServerContext::create({.identities = {identityOf(core_), identityOf(rsa)},
                                                 .peers = knowing("edge", "edge.example.org"),
                                                 .clock = &clock_});
  for (const auto* suite : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"}) {
    auto settings = clientSettings();
    settings.posture.max_version = TLS1_2_VERSION;
    settings.posture.tls12_suites = suite;
    const auto handshake = meet(*server, **TlsClientContext::create(settings));
    ASSERT_TRUE(handshake.complete()) << handshake.serverCode();
    EXPECT_EQ(factsOf(handshake.server()).suite, suite);
  }
}

TEST_F(TlsContext, AClientWithoutACertificateIsLetInOnlyWhereThatIsAllowed) {
  const auto server = *TlsServerContext::create({.identities = {identityOf(core_)},
                                                 .peers = knowing("edge", "edge.example.org"),
                                                 .clock = &clock_,
                                                 .client_certificates = ClientCertificates::optional});
  auto settings = clientSettings();
  settings.identity.reset();
  const auto silent = *TlsClientContext::create(settings);
  const auto anonymous = meet(*server, *silent);
  ASSERT_TRUE(anonymous.complete()) << anonymous.serverCode() << anonymous.clientCode();
  EXPECT_TRUE(isAnonymous(anonymous.server()));
  EXPECT_FALSE(isAnonymous(anonymous.client()));
  EXPECT_STREQ(peerOf(anonymous.server()).error().code, "tls.handshake.no_certificate");

  const auto strict = serverWith(core_);
  EXPECT_EQ(meet(*strict, *silent).serverCode(), "tls.handshake.no_certificate");
}

TEST_F(TlsContext, WhereCertificatesAreOptionalABadOneIsStillRefused) {
  const auto server = *TlsServerContext::create({.identities = {identityOf(core_)},
                                                 .peers = knowing("edge", "edge.example.org"),
                                                 .clock = &clock_,
                                                 .client_certificates = ClientCertificates::optional});
  const auto foreign_ca = make(caSpec("Another CA"));
  const auto impostor = make({.sans = "DNS:edge.example.org"}, &foreign_ca);
  auto settings = clientSettings();
  settings.identity = identityOf(impostor);
  const auto client = *TlsClientContext::create(settings);
  const auto refused = meet(*server, *client);
  EXPECT_FALSE(refused.complete());
  EXPECT_EQ(refused.serverCode(), "tls.certificate.untrusted_issuer");

  settings.identity = identityOf(edge_);
  const auto known = *TlsClientContext::create(settings);
  const auto proven = meet(*server, *known);
  ASSERT_TRUE(proven.complete());
  EXPECT_FALSE(isAnonymous(proven.server()));
  EXPECT_EQ(peerOf(proven.server())->name(), "edge");
}

TEST_F(TlsContext, WhereCertificatesAreNotAskedForNobodyShowsOne) {
  const auto server = *TlsServerContext::create({.identities = {identityOf(core_)},
                                                 .peers = knowing("edge", "edge.example.org"),
                                                 .clock = &clock_,
                                                 .client_certificates = ClientCertificates::notAsked});
  const auto client = *TlsClientContext::create(clientSettings());
  const auto handshake = meet(*server, *client);
  ASSERT_TRUE(handshake.complete()) << handshake.serverCode() << handshake.clientCode();
  EXPECT_TRUE(isAnonymous(handshake.server()));
}

TEST_F(TlsContext, AServerNameIsADomainName) {
  for (const auto* name : {"192.0.2.1 ", "*.example.net", "a b", "-x.example"}) {
    auto settings = clientSettings();
    settings.server_name = name;
    EXPECT_STREQ(TlsClientContext::create(settings).error().code, "tls.server_name.malformed") << name;
  }
}

TEST_F(TlsContext, APostureOpensslDoesNotKnowIsRefused) {
  auto settings = clientSettings();
  settings.posture.groups = "X25519:P-9999";
  EXPECT_STREQ(TlsClientContext::create(settings).error().code, "tls.posture.refused");
}

// A released posture does not change: another year gets another one.
TEST(TlsPosture, Snapshot2026) {
  SslContextPtr context{SSL_CTX_new(TLS_server_method())};
  ASSERT_EQ(SSL_CTX_set_cipher_list(context.get(), kPosture2026.tls12_suites), 1);
  ASSERT_EQ(SSL_CTX_set_ciphersuites(context.get(), kPosture2026.tls13_suites), 1);
  std::vector<std::string> suites;
  const auto* stack = SSL_CTX_get_ciphers(context.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(stack); ++i)
    suites.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(stack, i)));
  EXPECT_EQ(suites,
            (std::vector<std::string>{
                "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256",
                "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
                "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"}));
  EXPECT_STREQ(kPosture2026.groups, "X25519:P-256:P-384");
  EXPECT_STREQ(kPosture2026.signature_algorithms,
               "ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:"
               "RSA+SHA512");
  EXPECT_EQ(kPosture2026.min_version, TLS1_2_VERSION);
  EXPECT_EQ(kPosture2026.max_version, TLS1_3_VERSION);
}

}  // namespace
}  // namespace sallyport::crypto
