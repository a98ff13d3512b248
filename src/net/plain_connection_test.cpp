// SPDX-License-Identifier: Apache-2.0
// Streams of unprotected peers: no TLS, and every deadline and bound of one that has it.
#include <gmock/gmock.h>

#include "net/tls_test_support.h"

namespace sallyport::net {
namespace {

const Error kDone{ErrorKind::unavailable, "test.done", ""};

struct PlainConnectionTest : testing::Test {
  TlsListener& listen(TlsListenerLimits limits = {}) {
    auto made = TlsListener::listen(*loop, {kLoopbackV4, 0}, PortSharing::exclusive, PlainBytes{}, limits, observer);
    SP_CHECK(made.ok());
    listener = *std::move(made);
    SP_CHECK(listener->start().ok());
    return *listener;
  }
  Recording& dial(const Endpoint& to) {
    auto attempt = Dial::start(*loop, {{to}, PlainBytes{}}, {}, [this](auto result) {
      SP_CHECK(result.ok());
      dialed = std::make_unique<Recording>(*std::move(result));
    });
    SP_CHECK(until([&] { return dialed != nullptr && !observer.open.empty(); }));
    return *dialed;
  }
  Recording& accepted() { return *observer.open.back(); }
  bool until(UniqueFunction<bool()> done) {
    return turnUntil(*loop, [&] { return done(); });
  }

  FakeClock clock;
  std::unique_ptr<Loop> loop = makeLoop(clock);
  Observer observer;
  std::unique_ptr<TlsListener> listener;
  std::unique_ptr<Recording> dialed;
};

TEST_F(PlainConnectionTest, CarriesBytesBothWaysAsTheyAre) {
  RawClient client{listen().local()};
  client.sendRaw("OPTIONS");
  ASSERT_TRUE(until([&] { return !observer.open.empty() && accepted().received == "OPTIONS"; }));
  ASSERT_TRUE(accepted().connection->send("200"));
  std::string heard;
  ASSERT_TRUE(until([&] {
    heard += client.readRaw();
    return heard == "200";
  }));
}

TEST_F(PlainConnectionTest, ProvesNobodyAndClaimsNoTls) {
  auto& ours = dial(listen().local());
  for (const auto* end : {&ours, &accepted()}) {
    EXPECT_EQ(end->connection->peer(), nullptr);
    EXPECT_EQ(end->connection->security(), StreamSecurity::plain);
    EXPECT_TRUE(end->connection->facts().version.empty());
    EXPECT_TRUE(end->connection->facts().suite.empty());
  }
}

TEST_F(PlainConnectionTest, AMegabyteArrivesWhole) {
  auto& ours = dial(listen({.stream = {.output_high_water = 4 << 20}}).local());
  const auto text = crypto::randomToken(1 << 20);
  ASSERT_TRUE(accepted().connection->send(text));
  ASSERT_TRUE(until([&] { return ours.received.size() == text.size(); }));
  EXPECT_EQ(ours.received, text);
}

TEST_F(PlainConnectionTest, ClosingDeliversWhatIsQueuedAndThePeerSeesTheEnd) {
  auto& ours = dial(listen().local());
  ASSERT_TRUE(ours.connection->send("last words"));
  ours.connection->close(kDone);
  ASSERT_TRUE(until([&] { return ours.closed && accepted().closed; }));
  EXPECT_EQ(accepted().received, "last words");
  EXPECT_EQ(accepted().closedCode(), "net.peer.closed");
  EXPECT_EQ(ours.closedCode(), "test.done");
}

TEST_F(PlainConnectionTest, AStrangerGetsAClosedConnectionAndNotAByte) {
  observer.only_from = IpAddress::v4({127, 0, 0, 9});
  RawClient client{listen().local()};
  client.sendRaw("OPTIONS sip:edge SIP/2.0\r\n\r\n");
  ASSERT_TRUE(until([&] { return !observer.refused.empty(); }));
  EXPECT_EQ(observer.refused.front(), "test.stranger");
  EXPECT_EQ(client.readRaw(), "");
  EXPECT_TRUE(until([&] { return client.ended(); }));
  EXPECT_TRUE(observer.open.empty());
  EXPECT_EQ(listener->connections(), 0u);
}

TEST_F(PlainConnectionTest, APeerThatNeverSpeaksIsLeftAfterTheFirstByteDeadline) {
  auto& ours = dial(listen().local());
  clock.advance(seconds{10});
  ASSERT_TRUE(until([&] { return accepted().closed && ours.closed; }));
  EXPECT_EQ(accepted().closedCode(), "net.first_byte.timeout");
}

TEST_F(PlainConnectionTest, AMessageThatIsTrickledEndsAtItsDeadline) {
  auto& ours = dial(listen().local());
  accepted().on_bytes = [&] { accepted().connection->messageBegun(seconds{10}); };
  ASSERT_TRUE(ours.connection->send("I"));
  ASSERT_TRUE(until([&] { return accepted().received == "I"; }));
  clock.advance(seconds{6});
  ASSERT_TRUE(ours.connection->send("N"));
  ASSERT_TRUE(until([&] { return accepted().received == "IN"; }));
  clock.advance(seconds{4});
  ASSERT_TRUE(until([&] { return accepted().closed.has_value(); }));
  EXPECT_EQ(accepted().closedCode(), "net.message.timeout");
}

TEST_F(PlainConnectionTest, OutputBeyondTheHighWaterMarkEndsTheConnection) {
  auto& ours = dial(listen().local());
  EXPECT_EQ(codeOf(ours.connection->send(std::string(1 << 20, 'x'))), "net.output.full");
}

TEST_F(PlainConnectionTest, ASourceThatConnectsTooOftenIsRefused) {
  listen({.half_open = {.per_source_rate = 1, .per_source_burst = 1}});
  RawClient first{listener->local()};
  RawClient second{listener->local()};
  ASSERT_TRUE(until([&] { return !observer.refused.empty(); }));
  EXPECT_EQ(observer.refused.front(), "net.handshakes.rate");
}

TEST_F(PlainConnectionTest, AResetIsAResetAndHasAReason) {
  listen();
  auto client = std::make_unique<RawClient>(listener->local());
  ASSERT_TRUE(until([&] { return !observer.open.empty(); }));
  const linger at_once{1, 0};
  setsockopt(client->fd().raw(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  client.reset();
  ASSERT_TRUE(until([&] { return accepted().closed.has_value(); }));
  EXPECT_EQ(accepted().closedCode(), "net.peer.reset");
}

}  // namespace
}  // namespace sallyport::net
