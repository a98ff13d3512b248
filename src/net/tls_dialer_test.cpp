// SPDX-License-Identifier: Apache-2.0
#include "net/tls_dialer.h"

#include <gmock/gmock.h>

#include "net/tls_test_support.h"

namespace sallyport::net {
namespace {

struct TlsDialerTest : TlsWorld {
  // The outcome of dialing `addresses`, waited for.
  std::string outcomeOf(std::vector<Endpoint> addresses, DialLimits limits = {}) {
    std::string outcome;
    const auto attempt = Dial::start(*loop, {std::move(addresses), client}, limits, [&](auto result) {
      outcome = codeOf(result);
      if (result) dialed.push_back(std::make_unique<Recording>(*std::move(result)));
    });
    EXPECT_TRUE(outcome.empty());  // never from within the call
    until([&] { return !outcome.empty(); });
    return outcome;
  }
  Endpoint closedPort() {
    const auto socket = listenTcp({kLoopbackV4, 0});
    return *localEndpoint(*socket);
  }
};

TEST_F(TlsDialerTest, APortNobodyListensOnIsRefused) { EXPECT_EQ(outcomeOf({closedPort()}), "net.connect.refused"); }

TEST_F(TlsDialerTest, TheNextAddressIsTriedWhenOneIsRefused) {
  listen();
  EXPECT_EQ(outcomeOf({closedPort(), listener->local()}), "ok");
  EXPECT_EQ(dialed[0]->connection->remote(), listener->local());
}

TEST_F(TlsDialerTest, APeerThatAcceptsAndSaysNothingIsOutOfTime) {
  const auto mute = listenTcp({kLoopbackV4, 0});
  std::string outcome;
  const auto attempt =
      Dial::start(*loop, {{*localEndpoint(*mute)}, client}, {}, [&](auto result) { outcome = codeOf(result); });
  turnAFew(*loop);
  clock.advance(seconds{5});
  ASSERT_TRUE(until([&] { return !outcome.empty(); }));
  EXPECT_EQ(outcome, "tls.handshake.timeout");
}

TEST_F(TlsDialerTest, APeerThatNeverAnswersTheConnectIsOutOfTime) {
  // A full backlog answers no SYN.
  const auto full = listenTcp({kLoopbackV4, 0}, {.backlog = 0});
  const auto address = *localEndpoint(*full);
  std::vector<Fd> crowd;
  for (int i = 0; i < 4; ++i) {
    crowd.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const SocketAddress to{address};
    ::connect(crowd.back().raw(), to.raw(), to.size());
  }
  std::string outcome;
  const auto attempt = Dial::start(*loop, {{address}, client}, {}, [&](auto result) { outcome = codeOf(result); });
  turnAFew(*loop);
  EXPECT_EQ(outcome, "");
  clock.advance(seconds{3});
  ASSERT_TRUE(until([&] { return !outcome.empty(); }));
  EXPECT_EQ(outcome, "net.connect.timeout");
}

TEST_F(TlsDialerTest, AServerWithTheNameOfAnotherPeerEndsTheAttemptAtOnce) {
  edge = certificates::make(named("other.example.net"), &ca);
  server = *crypto::TlsServerContext::create(
      {.identities = {certificates::identityOf(edge)}, .peers = edge_peers, .clock = &clock});
  listen();
  EXPECT_EQ(outcomeOf({listener->local(), closedPort()}), "tls.peer.unknown");
  EXPECT_TRUE(dialed.empty());
  ASSERT_TRUE(until([&] { return !observer.failed.empty(); }));
  EXPECT_THAT(observer.failed, testing::ElementsAre("tls.handshake.alert"));
}

TEST_F(TlsDialerTest, AServerThatSpeaksNoTlsIsNamed) {
  const auto plain = listenTcp({kLoopbackV4, 0});
  std::string outcome;
  const auto attempt =
      Dial::start(*loop, {{*localEndpoint(*plain)}, client}, {}, [&](auto result) { outcome = codeOf(result); });
  Fd accepted_socket;
  ASSERT_TRUE(until([&] {
    if (!accepted_socket) accepted_socket = Fd{::accept(plain->raw(), nullptr, nullptr)};
    return static_cast<bool>(accepted_socket);
  }));
  ASSERT_GT(::send(accepted_socket.raw(), "SIP/2.0 400 Bad Request\r\n\r\n", 27, MSG_NOSIGNAL), 0);
  ASSERT_TRUE(until([&] { return !outcome.empty(); }));
  EXPECT_EQ(outcome, "tls.handshake.not_tls");
}

TEST_F(TlsDialerTest, LettingTheDialGoGivesUpWithoutAWord) {
  listen();
  bool called = false;
  auto attempt = Dial::start(*loop, {{listener->local()}, client}, {}, [&](auto) { called = true; });
  loop->turn({});
  attempt.reset();
  turnAFew(*loop);
  EXPECT_FALSE(called);
  ASSERT_TRUE(until([&] { return listener->halfOpen() == 0; }));
}

TEST_F(TlsDialerTest, TheCallbackMayLetTheDialGo) {
  listen();
  std::unique_ptr<Dial> attempt;
  bool called = false;
  attempt = Dial::start(*loop, {{listener->local()}, client}, {}, [&](auto result) {
    called = true;
    dialed.push_back(std::make_unique<Recording>(*std::move(result)));
    attempt.reset();
  });
  ASSERT_TRUE(until([&] { return called && !observer.open.empty(); }));
  ASSERT_TRUE(dialed[0]->connection->send("x"));
  ASSERT_TRUE(until([&] { return accepted().received == "x"; }));
}

}  // namespace
}  // namespace sallyport::net
