// SPDX-License-Identifier: Apache-2.0
#include "net/tls_listener.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "net/tls_test_support.h"

namespace sallyport::net {
namespace {

using testing::ElementsAre;

struct TlsListenerTest : TlsWorld {
  // Steps the raw client's handshake until the listener has judged it.
  std::string verdictOn(RawClient& raw, SSL_CTX* context) {
    raw.beginTls(context);
    until([&] {
      raw.shakeHands();
      return !observer.failed.empty() || !observer.open.empty();
    });
    return observer.failed.empty() ? "verified" : observer.failed.back();
  }
  int alertOf(RawClient& raw) {
    until([&] { return raw.alert() != 0; });
    return raw.alert();
  }
};

TEST_F(TlsListenerTest, HandsOnAConnectionWhosePeerIsVerified) {
  listen();
  auto& ours = dial();
  EXPECT_EQ(accepted().connection->peer()->name(), "core");
  EXPECT_EQ(ours.connection->peer()->name(), "edge");
  EXPECT_EQ(accepted().connection->facts().version, "TLSv1.3");
  EXPECT_EQ(accepted().connection->facts().suite, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(accepted().connection->facts().alpn, "sip");
  EXPECT_EQ(accepted().connection->remote(), ours.connection->local());
  EXPECT_EQ(listener->counters().accepted, 1u);
  EXPECT_EQ(listener->counters().handshakes_ok, 1u);
  EXPECT_EQ(listener->halfOpen(), 0u);
  EXPECT_EQ(listener->connections(), 1u);
}

TEST_F(TlsListenerTest, SpeaksOverIpv6) {
  if (!haveIpv6()) GTEST_SKIP() << "this system has no IPv6";
  listen({}, kLoopbackV6);
  dial();
  EXPECT_EQ(accepted().connection->remote().address, kLoopbackV6);
}

TEST_F(TlsListenerTest, RefusesAClientWithoutACertificateAndTellsIt) {
  listen();
  RawClient raw{listener->local()};
  const auto context = rawContext();
  EXPECT_EQ(verdictOn(raw, context.get()), "tls.handshake.no_certificate");
  EXPECT_EQ(alertOf(raw), TLS13_AD_CERTIFICATE_REQUIRED);
}

TEST_F(TlsListenerTest, RefusesACertificateOfAnotherCa) {
  listen();
  const auto stranger_ca = certificates::make(certificates::caSpec("Test CA"));
  const auto stranger = certificates::make(named("core.example.net"), &stranger_ca);
  const auto context = rawContext();
  SSL_CTX_use_certificate(context.get(), stranger.certificate.handle());
  SSL_CTX_use_PrivateKey(context.get(), stranger.key.handle());
  RawClient raw{listener->local()};
  EXPECT_THAT(verdictOn(raw, context.get()), testing::StartsWith("tls.certificate."));
  EXPECT_NE(alertOf(raw), 0);
}

TEST_F(TlsListenerTest, RefusesACertificateThatNamesNobodyWeKnow) {
  listen();
  const auto unknown = certificates::make(named("somebody.example.net"), &ca);
  const auto context = rawContext();
  SSL_CTX_use_certificate(context.get(), unknown.certificate.handle());
  SSL_CTX_use_PrivateKey(context.get(), unknown.key.handle());
  RawClient raw{listener->local()};
  EXPECT_EQ(verdictOn(raw, context.get()), "tls.peer.unknown");
}

TEST_F(TlsListenerTest, RefusesOldVersionsOfTls) {
  listen();
  RawClient raw{listener->local()};
  const auto context = rawContext(TLS1_1_VERSION);
  EXPECT_EQ(verdictOn(raw, context.get()), "tls.handshake.version");
  EXPECT_EQ(alertOf(raw), SSL_AD_PROTOCOL_VERSION);
}

TEST_F(TlsListenerTest, RefusesAClientWithoutACipherInCommon) {
  listen();
  RawClient raw{listener->local()};
  const auto context = rawContext(TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "AES128-SHA");
  EXPECT_EQ(verdictOn(raw, context.get()), "tls.handshake.no_shared_cipher");
}

TEST_F(TlsListenerTest, RefusesPlainSipAndSaysWhatItSaw) {
  listen();
  RawClient raw{listener->local()};
  raw.sendRaw("OPTIONS sip:edge SIP/2.0\r\n");
  ASSERT_TRUE(until([&] { return !observer.failed.empty(); }));
  EXPECT_EQ(observer.failed[0], "tls.handshake.not_tls");
  EXPECT_THAT(observer.last_detail, testing::HasSubstr("\"OPTIONS.\""));
  EXPECT_TRUE(raw.ended());
}

TEST_F(TlsListenerTest, RefusesWhatBeginsLikeTlsAndIsNone) {
  listen();
  RawClient raw{listener->local()};
  raw.sendRaw(std::string{"\x16\x03\x01\x00\x05hello", 10});
  ASSERT_TRUE(until([&] { return !observer.failed.empty(); }));
  EXPECT_THAT(observer.failed[0], testing::StartsWith("tls.handshake."));
  EXPECT_TRUE(raw.ended());
}

TEST_F(TlsListenerTest, NamesAClientThatLeavesBeforeOrDuringTheHandshake) {
  listen();
  { const RawClient gone{listener->local()}; }
  ASSERT_TRUE(until([&] { return observer.failed.size() == 1; }));
  {
    RawClient begins{listener->local()};
    const auto context = rawContext();
    begins.beginTls(context.get());
    begins.shakeHands();
  }
  ASSERT_TRUE(until([&] { return observer.failed.size() == 2; }));
  EXPECT_THAT(observer.failed, ElementsAre("tls.handshake.closed", "tls.handshake.closed"));
  EXPECT_EQ(listener->halfOpen(), 0u);
}

TEST_F(TlsListenerTest, ASilentClientAndATricklingOneAreBothOutOfTimeAfterTheSameFiveSeconds) {
  listen();
  RawClient silent{listener->local()};
  RawClient trickles{listener->local()};
  ASSERT_TRUE(until([&] { return listener->halfOpen() == 2; }));
  for (int second = 0; second < 5; ++second) {
    EXPECT_TRUE(observer.failed.empty());
    trickles.sendRaw(std::string_view{"\x16\x03\x01\x02\x00", 5}.substr(static_cast<std::size_t>(second), 1));
    turnAFew(*loop);
    clock.advance(seconds{1});
  }
  turnAFew(*loop);
  EXPECT_THAT(observer.failed, ElementsAre("tls.handshake.timeout", "tls.handshake.timeout"));
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(trickles.ended());
  EXPECT_EQ(listener->connections(), 0u);
  ASSERT_EQ(listener->counters().handshakes_failed.size(), 1u);
  EXPECT_EQ(listener->counters().handshakes_failed[0].second, 2u);
}

TEST_F(TlsListenerTest, RefusesConnectionsBeyondTheMostItMayHaveUntilOneHasGone) {
  listen({.max_connections = 1});
  dial();
  RawClient second{listener->local()};
  ASSERT_TRUE(until([&] { return !observer.refused.empty(); }));
  EXPECT_THAT(observer.refused, ElementsAre("net.connections.full"));
  EXPECT_TRUE(second.ended());
  observer.open.clear();
  turnAFew(*loop);
  dial();
  EXPECT_EQ(listener->counters().accepted, 2u);
}

TEST_F(TlsListenerTest, RefusesHandshakesBeyondThoseOneSourceMayHaveAtOnce) {
  listen({.half_open = {.per_source = 2}});
  RawClient first{listener->local()};
  RawClient second{listener->local()};
  RawClient third{listener->local()};
  ASSERT_TRUE(until([&] { return !observer.refused.empty(); }));
  EXPECT_THAT(observer.refused, ElementsAre("net.handshakes.source"));
  EXPECT_EQ(listener->halfOpen(), 2u);
  first.close();
  ASSERT_TRUE(until([&] { return listener->halfOpen() == 1; }));
  RawClient fourth{listener->local()};
  ASSERT_TRUE(until([&] { return listener->halfOpen() == 2; }));
}

TEST_F(TlsListenerTest, OutOfDescriptorsItPausesSaysSoAndGoesOnLater) {
  listen();
  RawClient waits{listener->local()};
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  turnAFew(*loop);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(observer.refused, ElementsAre("net.accept.limit"));  // once, however many turns there were
  clock.advance(milliseconds{100});
  ASSERT_TRUE(until([&] { return listener->halfOpen() == 1; }));
}

TEST_F(TlsListenerTest, StoppingRefusesNewcomersDropsTheHalfOpenAndLeavesTheOpen) {
  listen();
  auto& ours = dial();
  const auto address = listener->local();
  RawClient half{address};
  ASSERT_TRUE(until([&] { return listener->halfOpen() == 1; }));
  listener->stop();
  turnAFew(*loop);
  EXPECT_TRUE(half.ended());
  ASSERT_TRUE(accepted().connection->send("still here"));
  ASSERT_TRUE(until([&] { return ours.received == "still here"; }));
  const auto attempt =
      Dial::start(*loop, {{address}, client}, {}, [this](auto result) { dial_error = codeOf(result); });
  ASSERT_TRUE(until([&] { return !dial_error.empty(); }));
  EXPECT_EQ(dial_error, "net.connect.refused");
}

TEST_F(TlsListenerTest, ConnectionsOutliveTheirListener) {
  listen();
  auto& ours = dial();
  listener.reset();
  turnAFew(*loop);
  ASSERT_TRUE(ours.connection->send("hello"));
  ASSERT_TRUE(until([&] { return accepted().received == "hello"; }));
}

TEST_F(TlsListenerTest, APortInUseIsNamedWithTheRemedy) {
  listen();
  const auto second = TlsListener::listen(*loop, listener->local(), PortSharing::exclusive, server, {}, observer);
  ASSERT_FALSE(second);
  EXPECT_STREQ(second.error().code, "net.bind.busy");
}

TEST_F(TlsListenerTest, WorkersShareAPort) {
  auto first = TlsListener::listen(*loop, {kLoopbackV4, 0}, PortSharing::perWorker, server, {}, observer);
  ASSERT_TRUE(first);
  EXPECT_TRUE(TlsListener::listen(*loop, (*first)->local(), PortSharing::perWorker, server, {}, observer));
}

}  // namespace
}  // namespace sallyport::net
