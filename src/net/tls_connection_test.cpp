// SPDX-License-Identifier: Apache-2.0
#include "net/tls_connection.h"

#include <gmock/gmock.h>

#include "net/tls_test_support.h"

namespace sallyport::net {
namespace {

const Error kDone{ErrorKind::unavailable, "test.done", ""};

struct TlsConnectionTest : TlsWorld {
  std::string randomText(std::size_t size) { return crypto::randomToken(size); }
};

TEST_F(TlsConnectionTest, EchoesAMegabyteWhole) {
  listen({.stream = {.output_high_water = 4 << 20}});
  auto& ours = dial({.stream = {.output_high_water = 4 << 20}});
  auto& theirs = accepted();
  std::size_t echoed = 0;
  theirs.on_bytes = [&] {
    ASSERT_TRUE(theirs.connection->send(std::string_view{theirs.received}.substr(echoed)));
    echoed = theirs.received.size();
  };
  const auto text = randomText(1 << 20);
  ASSERT_TRUE(ours.connection->send(text));
  ASSERT_TRUE(until([&] { return ours.received.size() == text.size(); }));
  EXPECT_EQ(ours.received, text);
  EXPECT_GT(ours.connection->traffic().bytes_in, text.size());
}

TEST_F(TlsConnectionTest, WhatIsSentInOneTurnGoesOutAsOneRecord) {
  listen();
  auto& ours = dial();
  turnAFew(*loop);
  const auto before = ours.connection->traffic().bytes_out;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ours.connection->send("x"));
  EXPECT_EQ(ours.connection->traffic().bytes_out, before);  // nothing before the turn ends
  ASSERT_TRUE(until([&] { return accepted().received.size() == 100; }));
  EXPECT_EQ(ours.connection->traffic().bytes_out - before, 100u + 5 + 1 + 16);  // RFC 8446 5.2: header, type, tag
}

TEST_F(TlsConnectionTest, ClosingDeliversWhatIsQueuedAndSaysGoodbye) {
  listen();
  auto& ours = dial();
  const auto text = randomText(100'000);
  ASSERT_TRUE(ours.connection->send(text));
  ours.connection->close(kDone);
  EXPECT_FALSE(ours.connection->open());
  EXPECT_EQ(codeOf(ours.connection->send("more")), "net.connection.closed");
  EXPECT_FALSE(ours.closed);  // never from within the call
  ASSERT_TRUE(until([&] { return ours.closed && accepted().closed; }));
  EXPECT_EQ(accepted().received, text);
  EXPECT_EQ(accepted().closedCode(), "tls.closed");
  EXPECT_EQ(ours.closedCode(), "test.done");
}

TEST_F(TlsConnectionTest, AConnectionLetGoWithoutCloseIsTruncatedForThePeer) {
  listen();
  auto& ours = dial();
  ours.connection.reset();
  ASSERT_TRUE(until([&] { return accepted().closed.has_value(); }));
  EXPECT_EQ(accepted().closedCode(), "tls.truncated");
}

TEST_F(TlsConnectionTest, MayBeDestroyedFromWithinItsOwnCallback) {
  listen();
  auto& ours = dial();
  auto& theirs = accepted();
  theirs.on_bytes = [&] { theirs.connection.reset(); };
  ASSERT_TRUE(ours.connection->send("one"));
  ASSERT_TRUE(until([&] { return ours.closed.has_value(); }));
  EXPECT_EQ(theirs.connection, nullptr);
}

TEST_F(TlsConnectionTest, APeerThatNeverSpeaksIsLeftAfterTheFirstByteDeadline) {
  listen();
  auto& ours = dial();
  clock.advance(seconds{9});
  turnAFew(*loop);
  EXPECT_FALSE(accepted().closed);
  clock.advance(seconds{1});
  ASSERT_TRUE(until([&] { return accepted().closed.has_value(); }));
  EXPECT_EQ(accepted().closedCode(), "net.first_byte.timeout");
  ASSERT_TRUE(until([&] { return ours.closed.has_value(); }));
  EXPECT_EQ(ours.closedCode(), "tls.closed");
}

TEST_F(TlsConnectionTest, APeerThatFallsSilentIsLeftAfterTheIdleDeadlineCountedFromItsLastByte) {
  listen({.deadlines = {.idle = seconds{60}}});
  auto& ours = dial();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ours.connection->send("ping"));
    ASSERT_TRUE(until([&] { return accepted().received.size() == 4u * static_cast<unsigned>(i + 1); }));
    clock.advance(seconds{59});
    turnAFew(*loop);
    ASSERT_FALSE(accepted().closed);
  }
  clock.advance(seconds{1});
  ASSERT_TRUE(until([&] { return accepted().closed.has_value(); }));
  EXPECT_EQ(accepted().closedCode(), "net.idle.timeout");
}

TEST_F(TlsConnectionTest, AMessageMustBeCompleteInTimeHoweverItTrickles) {
  listen();
  auto& ours = dial();
  auto& theirs = accepted();
  theirs.on_bytes = [&] { theirs.connection->messageBegun(seconds{3}); };
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(theirs.closed);
    ASSERT_TRUE(ours.connection->send("I"));
    ASSERT_TRUE(until([&] { return theirs.received.size() == static_cast<unsigned>(i + 1); }));
    clock.advance(seconds{1});
  }
  ASSERT_TRUE(until([&] { return theirs.closed.has_value(); }));
  EXPECT_EQ(theirs.closedCode(), "net.message.timeout");
}

TEST_F(TlsConnectionTest, ACompleteMessageHasNoDeadline) {
  listen();
  auto& ours = dial();
  auto& theirs = accepted();
  theirs.on_bytes = [&] { theirs.connection->messageBegun(seconds{3}); };
  ASSERT_TRUE(ours.connection->send("x"));
  ASSERT_TRUE(until([&] { return !theirs.received.empty(); }));
  theirs.connection->messageComplete();
  clock.advance(seconds{30});
  turnAFew(*loop);
  EXPECT_FALSE(theirs.closed);
}

TEST_F(TlsConnectionTest, OutputBeyondTheHighWaterMarkIsRefusedWholeAndEndsTheConnection) {
  listen({.stream = {.output_high_water = 100'000, .output_low_water = 10'000}});
  RawClient raw{listener->local()};  // takes nothing after the handshake
  const auto context = rawContext();
  SSL_CTX_use_certificate(context.get(), core.certificate.handle());
  SSL_CTX_use_PrivateKey(context.get(), core.key.handle());
  raw.beginTls(context.get());
  ASSERT_TRUE(until([&] { return raw.shakeHands() && !observer.open.empty(); }));
  auto& theirs = accepted();
  const std::string chunk(50'000, 'x');
  std::string refusal = "ok";
  for (int i = 0; i < 1'000 && refusal == "ok"; ++i) {
    refusal = codeOf(theirs.connection->send(chunk));
    loop->turn({});
  }
  EXPECT_EQ(refusal, "net.output.full");
  EXPECT_LE(theirs.connection->outputPending(), 100'000u);
  EXPECT_FALSE(theirs.closed);
  clock.advance(seconds{2});  // the closing deadline: what is queued will never be taken
  ASSERT_TRUE(until([&] { return theirs.closed.has_value(); }));
  EXPECT_EQ(theirs.closedCode(), "net.output.full");
}

TEST_F(TlsConnectionTest, APeerThatTakesNothingIsLeftAfterTheStallDeadline) {
  listen();
  RawClient raw{listener->local()};
  const auto context = rawContext();
  SSL_CTX_use_certificate(context.get(), core.certificate.handle());
  SSL_CTX_use_PrivateKey(context.get(), core.key.handle());
  raw.beginTls(context.get());
  ASSERT_TRUE(until([&] { return raw.shakeHands() && !observer.open.empty(); }));
  SSL_write(raw.session(), "x", 1);
  auto& theirs = accepted();
  while (theirs.connection->outputPending() == 0) {
    ASSERT_TRUE(theirs.connection->send(std::string(100'000, 'x')));
    turnAFew(*loop);
  }
  clock.advance(seconds{20});
  turnAFew(*loop);
  EXPECT_FALSE(theirs.connection->open());
  clock.advance(seconds{2});
  ASSERT_TRUE(until([&] { return theirs.closed.has_value(); }));
  EXPECT_EQ(theirs.closedCode(), "net.output.stalled");
}

TEST_F(TlsConnectionTest, TheOwnerIsToldWhenOutputHasDrained) {
  listen({.stream = {.output_high_water = 8 << 20, .output_low_water = 1'000}});
  auto& ours = dial();
  auto& theirs = accepted();
  ASSERT_TRUE(theirs.connection->send("below"));
  turnAFew(*loop);
  EXPECT_EQ(theirs.drained, 0);
  ASSERT_TRUE(theirs.connection->send(std::string(4 << 20, 'x')));
  ASSERT_TRUE(until([&] { return ours.received.size() == (4u << 20) + 5; }));
  EXPECT_EQ(theirs.drained, 1);
  EXPECT_EQ(theirs.connection->outputPending(), 0u);
}

TEST_F(TlsConnectionTest, OneLoudPeerDoesNotKeepTheOthersWaiting) {
  listen({.stream = {.input_per_turn = 32 * 1'024}});
  auto& loud = dial({.stream = {.output_high_water = 8 << 20}});
  auto& hears_loud = accepted();
  ASSERT_TRUE(loud.connection->send(std::string(4 << 20, 'x')));
  std::size_t most_in_one_turn = 0;
  ASSERT_TRUE(until([&] {
    const auto before = hears_loud.received.size();
    loop->turn({});
    most_in_one_turn = std::max(most_in_one_turn, hears_loud.received.size() - before);
    return hears_loud.received.size() == (4u << 20);
  }));
  EXPECT_LE(most_in_one_turn, 3u * 32 * 1'024);
}

TEST_F(TlsConnectionTest, NothingIsReadBeforeThereIsAHandlerAndNothingIsLost) {
  listen();
  RawClient raw{listener->local()};
  const auto context = rawContext();
  SSL_CTX_use_certificate(context.get(), core.certificate.handle());
  SSL_CTX_use_PrivateKey(context.get(), core.key.handle());
  raw.beginTls(context.get());
  // The client's first words leave together with the end of its handshake.
  ASSERT_TRUE(until([&] { return raw.shakeHands(); }));
  SSL_write(raw.session(), "early", 5);
  ASSERT_TRUE(until([&] { return !observer.open.empty() && accepted().received == "early"; }));
}

TEST_F(TlsConnectionTest, GarbageInTheStreamEndsItAsAProtocolError) {
  listen();
  RawClient raw{listener->local()};
  const auto context = rawContext();
  SSL_CTX_use_certificate(context.get(), core.certificate.handle());
  SSL_CTX_use_PrivateKey(context.get(), core.key.handle());
  raw.beginTls(context.get());
  ASSERT_TRUE(until([&] { return raw.shakeHands() && !observer.open.empty(); }));
  raw.sendRaw(std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'z'));
  ASSERT_TRUE(until([&] { return accepted().closed.has_value(); }));
  EXPECT_EQ(accepted().closedCode(), "tls.protocol");
}

TEST_F(TlsConnectionTest, RecordsWithoutContentAreBounded) {
  listen();
  RawClient raw{listener->local()};
  const auto context = rawContext();
  SSL_CTX_use_certificate(context.get(), core.certificate.handle());
  SSL_CTX_use_PrivateKey(context.get(), core.key.handle());
  raw.beginTls(context.get());
  ASSERT_TRUE(until([&] { return raw.shakeHands() && !observer.open.empty(); }));
  for (int i = 0; i < 200; ++i) {
    SSL_key_update(raw.session(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(raw.session());
  }
  SSL_write(raw.session(), "done", 4);
  ASSERT_TRUE(until([&] { return accepted().received == "done" || accepted().closed; }));
  EXPECT_EQ(accepted().received, "done");
}

TEST_F(TlsConnectionTest, AClientThatTheEdgeRefusesLearnsItFromTheFirstRead) {
  listen();
  const auto unknown = certificates::make(named("somebody.example.net"), &ca);
  client = *crypto::TlsClientContext::create({.identity = certificates::identityOf(unknown),
                                              .peers = core_peers,
                                              .clock = &clock,
                                              .server_name = "edge.example.net"});
  const auto attempt = Dial::start(*loop, {{listener->local()}, client}, {}, [this](auto result) {
    if (result) dialed.push_back(std::make_unique<Recording>(*std::move(result)));
  });
  ASSERT_TRUE(until([&] { return !dialed.empty() && dialed[0]->closed; }));
  EXPECT_EQ(dialed[0]->closedCode(), "tls.handshake.alert");
  EXPECT_THAT(observer.failed, testing::ElementsAre("tls.peer.unknown"));
}

}  // namespace
}  // namespace sallyport::net
