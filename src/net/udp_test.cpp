// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>

#include <set>
#include <vector>

#include "net/media_sockets.h"
#include "net/port_pool.h"
#include "net/test_support.h"
#include "net/udp_socket.h"

namespace sallyport::net {
namespace {

UdpSocket socketOn(const IpAddress& address) {
  auto socket = UdpSocket::bind({address, 0});
  SP_CHECK(socket.ok());
  return *std::move(socket);
}

struct Heard {
  std::uint32_t token;
  Endpoint source;
  std::string bytes;
};

class Recorder final : public MediaHandler {
 public:
  void onDatagram(std::uint32_t token, const Endpoint& source, MutableBytes buffer, std::size_t length) override {
    EXPECT_EQ(buffer.size(), kMediaBuffer);
    heard.push_back({token, source, {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(length)}});
    if (close) close->reset();
  }
  std::vector<Heard> heard;
  std::unique_ptr<MediaPort>* close = nullptr;
};

struct MediaSocketsTest : testing::TestWithParam<IpAddress> {
  void SetUp() override {
    if (!GetParam().isV4() && !haveIpv6()) GTEST_SKIP() << "this system has no IPv6";
  }
  std::unique_ptr<MediaPort> open(std::uint32_t token) {
    auto port = sockets.open(socketOn(GetParam()), recorder, token);
    SP_CHECK(port.ok());
    return *std::move(port);
  }

  SystemClock clock;
  std::unique_ptr<Loop> loop = makeLoop(clock);
  MediaSockets sockets{*loop};
  Recorder recorder;
};

INSTANTIATE_TEST_SUITE_P(Families, MediaSocketsTest, testing::Values(kLoopbackV4, kLoopbackV6),
                         [](const auto& instance) { return instance.param.isV4() ? "v4" : "v6"; });

TEST_P(MediaSocketsTest, ADatagramReachesTheOwnerWithItsTokenAndSource) {
  const auto a = open(7);
  const auto b = open(8);
  a->send(b->local(), bytesOf("hello"));
  ASSERT_TRUE(turnUntil(*loop, [&] { return recorder.heard.size() == 1; }));
  EXPECT_EQ(recorder.heard[0].token, 8u);
  EXPECT_EQ(recorder.heard[0].source, a->local());
  EXPECT_EQ(recorder.heard[0].bytes, "hello");
  EXPECT_EQ(sockets.counters().datagrams_in, 1u);
  EXPECT_EQ(sockets.counters().bytes_out, 5u);
}

TEST_P(MediaSocketsTest, AConnectedPortHearsItsPeerOnlyAndEverybodyAgainAfterwards) {
  const auto port = open(1);
  auto peer = socketOn(GetParam());
  auto stranger = socketOn(GetParam());
  ASSERT_TRUE(port->connectTo(peer.local()));
  stranger.send(port->local(), bytesOf("noise"));
  peer.send(port->local(), bytesOf("voice"));
  ASSERT_TRUE(turnUntil(*loop, [&] { return !recorder.heard.empty(); }));
  turnAFew(*loop);
  ASSERT_EQ(recorder.heard.size(), 1u);
  EXPECT_EQ(recorder.heard[0].bytes, "voice");
  port->disconnect();
  stranger.send(port->local(), bytesOf("again"));
  ASSERT_TRUE(turnUntil(*loop, [&] { return recorder.heard.size() == 2; }));
  EXPECT_EQ(recorder.heard[1].source, stranger.local());
}

TEST_P(MediaSocketsTest, APeerWhosePortIsClosedNeitherEndsNorDisturbsTheFlow) {
  const auto port = open(1);
  Endpoint gone;
  {
    const auto closed = socketOn(GetParam());
    gone = closed.local();
  }
  ASSERT_TRUE(port->connectTo(gone));  // a connected socket is told of "port unreachable"
  for (int i = 0; i < 5; ++i) {
    port->send(gone, bytesOf("anybody?"));
    turnAFew(*loop);
  }
  EXPECT_EQ(sockets.counters().send_unreachable, 0u);
  port->disconnect();
  auto peer = socketOn(GetParam());
  peer.send(port->local(), bytesOf("here"));
  ASSERT_TRUE(turnUntil(*loop, [&] { return !recorder.heard.empty(); }));
  EXPECT_EQ(recorder.heard[0].bytes, "here");
}

TEST_P(MediaSocketsTest, ATooLongDatagramIsDroppedAndCounted) {
  const auto port = open(1);
  auto peer = socketOn(GetParam());
  EXPECT_EQ(peer.send(port->local(), bytesOf(std::string(kMediaDatagram + 1, 'x'))), SendOutcome::sent);
  EXPECT_EQ(peer.send(port->local(), bytesOf(std::string(kMediaDatagram, 'y'))), SendOutcome::sent);
  ASSERT_TRUE(turnUntil(*loop, [&] { return !recorder.heard.empty(); }));
  EXPECT_EQ(recorder.heard[0].bytes.size(), kMediaDatagram);
  EXPECT_EQ(sockets.counters().too_long, 1u);
}

TEST_P(MediaSocketsTest, AnEmptyDatagramIsADatagram) {
  const auto port = open(1);
  auto peer = socketOn(GetParam());
  peer.send(port->local(), {});
  ASSERT_TRUE(turnUntil(*loop, [&] { return !recorder.heard.empty(); }));
  EXPECT_TRUE(recorder.heard[0].bytes.empty());
}

TEST_P(MediaSocketsTest, TheHandlerMayCloseThePortThatIsSpeaking) {
  auto port = open(1);
  auto peer = socketOn(GetParam());
  recorder.close = &port;
  peer.send(port->local(), bytesOf("one"));
  peer.send(port->local(), bytesOf("two"));
  ASSERT_TRUE(turnUntil(*loop, [&] { return port == nullptr; }));
  turnAFew(*loop);
  EXPECT_EQ(recorder.heard.size(), 1u);
  EXPECT_EQ(sockets.size(), 0u);
}

TEST_P(MediaSocketsTest, NothingIsLostWhileTheLoopBatches) {
  const auto a = open(1);
  const auto b = open(2);
  // Far above the rate from which on the loop pauses, in portions the socket's buffer holds.
  for (int portion = 1; portion <= 40; ++portion) {
    for (int i = 0; i < 25; ++i) a->send(b->local(), bytesOf("x"));
    ASSERT_TRUE(turnUntil(*loop, [&] { return recorder.heard.size() == 25u * static_cast<unsigned>(portion); }));
  }
  EXPECT_EQ(sockets.counters().send_full, 0u);
}

// What a flood leaves in a queue, one datagram a turn would not get through before it is full.
TEST_P(MediaSocketsTest, APortWithMoreThanOneWaitingIsReadUntilItIsEmpty) {
  constexpr unsigned kMany = 6 * kMostInOneTurn;
  const auto a = open(1);
  const auto b = open(2);
  for (unsigned i = 0; i < kMany; ++i) a->send(b->local(), bytesOf("x"));
  unsigned turns = 0;
  ASSERT_TRUE(turnUntil(*loop, [&] { return ++turns, recorder.heard.size() == kMany; }));
  EXPECT_LE(turns, 12u);
}

TEST_P(MediaSocketsTest, TheHandlerMayCloseThePortThatHasMoreWaiting) {
  const auto a = open(1);
  auto b = open(2);
  for (unsigned i = 0; i < 4; ++i) a->send(b->local(), bytesOf("x"));
  ASSERT_TRUE(turnUntil(*loop, [&] { return recorder.heard.size() == 1; }));
  recorder.close = &b;
  ASSERT_TRUE(turnUntil(*loop, [&] { return b == nullptr; }));
  EXPECT_EQ(recorder.heard.size(), 2u);
}

TEST(UdpSocket, IsMarkedExpeditedForwarding) {
  const auto socket = socketOn(kLoopbackV4);
  int tos = 0;
  socklen_t size = sizeof tos;
  ASSERT_EQ(getsockopt(socket.fd(), IPPROTO_IP, IP_TOS, &tos, &size), 0);
  EXPECT_EQ(tos >> 2, 46);
}

TEST(UdpSocket, APortInUseIsNamedWithTheRemedy) {
  const auto first = socketOn(kLoopbackV4);
  const auto second = UdpSocket::bind(first.local());
  ASSERT_FALSE(second);
  EXPECT_STREQ(second.error().code, "net.bind.busy");
  EXPECT_NE(second.error().detail.find("ss -lntup"), std::string::npos);
}

TEST(UdpSocket, AnAddressThatIsNotOursIsNamed) {
  EXPECT_EQ(codeOf(UdpSocket::bind({IpAddress::v4({192, 0, 2, 1}), 0})), "net.address.unavailable");
}

TEST(UdpSocket, ADatagramLargerThanTheInterfaceTakesIsRefusedNotFragmented) {
  auto socket = socketOn(kLoopbackV4);
  EXPECT_EQ(socket.send(socket.local(), bytesOf(std::string(65'530, 'x'))), SendOutcome::tooLong);
}

// A stretch of ports nobody else here uses is found by asking the system for one of them.
PortRange freeRange(std::uint16_t ports) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto probe = socketOn(kLoopbackV4).local().port;
    const auto first = static_cast<std::uint16_t>((probe + 1) & ~1);
    if (first > 65'000) continue;
    std::vector<UdpSocket> held;
    for (std::uint16_t port = first; port < first + ports; ++port) {
      auto socket = UdpSocket::bind({kLoopbackV4, port});
      if (!socket) break;
      held.push_back(*std::move(socket));
    }
    if (held.size() == ports) return {first, static_cast<std::uint16_t>(first + ports - 1)};
  }
  SP_CHECK(false);
}

TEST(PortPool, GivesEachPairOnceEvenThenOddUntilTheRangeIsExhausted) {
  const PortPool pool{freeRange(8)};
  EXPECT_EQ(pool.pairs(), 4u);
  std::vector<MediaPortPair> taken;
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 4; ++i) {
    auto pair = pool.takePair(kLoopbackV4);
    ASSERT_TRUE(pair) << describe(pair.error());
    EXPECT_EQ(pair->rtp.local().port % 2, 0);
    EXPECT_EQ(pair->rtcp.local().port, pair->rtp.local().port + 1);
    ports.insert(pair->rtp.local().port);
    taken.push_back(*std::move(pair));
  }
  EXPECT_EQ(ports.size(), 4u);
  EXPECT_EQ(codeOf(pool.takePair(kLoopbackV4)), "net.ports.exhausted");
  EXPECT_EQ(codeOf(pool.takeOne(kLoopbackV4)), "net.ports.exhausted");
  taken.pop_back();
  EXPECT_TRUE(pool.takeOne(kLoopbackV4));
}

TEST(PortPool, APairWhoseSecondPortIsTakenIsPassedOver) {
  const auto range = freeRange(4);
  const PortPool pool{range};
  const auto odd = UdpSocket::bind({kLoopbackV4, static_cast<std::uint16_t>(range.first + 1)});
  ASSERT_TRUE(odd);
  const auto pair = pool.takePair(kLoopbackV4);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->rtp.local().port, range.first + 2);
}

TEST(PortPool, IsNotPredictable) {
  const PortPool pool{{20'000, 59'999}};
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 8; ++i) {
    const auto socket = pool.takeOne(kLoopbackV4);
    ASSERT_TRUE(socket);
    ports.insert(socket->local().port);
  }
  EXPECT_GT(ports.size(), 4u);  // each was free again for the next
}

TEST(PortPool, ARangeWithoutAPairIsExhaustedFromTheStart) {
  const PortPool pool{{20'001, 20'001}};
  EXPECT_EQ(pool.pairs(), 0u);
  EXPECT_EQ(codeOf(pool.takePair(kLoopbackV4)), "net.ports.exhausted");
}

TEST(PortPool, OtherFailuresAreNotTakenForABusyPort) {
  EXPECT_EQ(codeOf(PortPool{{20'000, 20'999}}.takePair(IpAddress::v4({192, 0, 2, 1}))), "net.address.unavailable");
}

}  // namespace
}  // namespace sallyport::net
