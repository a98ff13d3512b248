// SPDX-License-Identifier: Apache-2.0
#include "firewall/kernel_pinholes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "firewall/test_firewall.h"
#include "telemetry/recording_sink.h"

namespace sallyport::firewall {
namespace {

using namespace std::chrono_literals;

const auto kPort = endpoint("192.0.2.1:20000");
const auto kOther = endpoint("192.0.2.1:20002");

// The helper's side on a thread, with a kernel that is none.
class KernelPinholesTest : public testing::Test {
 protected:
  void begin(Demand demand = Demand::preferred, std::size_t most = 100) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    theirs_ = Fd{ends[1]};
    const auto on_full = demand == Demand::required ? OnFull::refuse : OnFull::pass;
    helper_ = std::thread{[this, most, on_full] {
      PinholeTable table{testScope(most), on_full, kernel_};
      (void)table.handle({Request::Kind::setUp, 0, {}});
      serve(theirs_, table);
    }};
    options_.demand = demand;
    options_.most = most;
    pinholes_ = std::make_unique<KernelPinholes>(Helper{Fd{ends[0]}}, options_, log_);
  }
  void TearDown() override { end(); }
  void end() {
    pinholes_.reset();
    if (helper_.joinable()) helper_.join();
  }
  // The helper's thread is the one that this waits for.
  template <typename Condition>
  bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  bool becomes(const Endpoint& local, const std::string& wanted) {
    return eventually([&] { return pinholes_->admitted(local) == wanted; });
  }

  FakeKernel kernel_;
  telemetry::RecordingSink log_;
  KernelPinholesOptions options_;
  Fd theirs_;
  std::thread helper_;
  std::unique_ptr<KernelPinholes> pinholes_;
};

TEST_F(KernelPinholesTest, PortIsOpenForAnybodyThenForItsSource) {
  begin();
  ASSERT_TRUE(pinholes_->open(kPort, std::nullopt).ok());
  EXPECT_TRUE(becomes(kPort, "any"));
  ASSERT_TRUE(pinholes_->open(kPort, address("198.51.100.7")).ok());
  EXPECT_TRUE(becomes(kPort, "198.51.100.7"));
  EXPECT_TRUE(eventually([&] { return pinholes_->statistics().pinholes == 1; }));
}

TEST_F(KernelPinholesTest, ClosedPortIsGone) {
  begin();
  (void)pinholes_->open(kPort, std::nullopt);
  ASSERT_TRUE(becomes(kPort, "any"));
  pinholes_->close(kPort);
  EXPECT_EQ(pinholes_->admitted(kPort), "");
  EXPECT_TRUE(eventually([&] { return pinholes_->statistics().pinholes == 0; }));
}

TEST_F(KernelPinholesTest, WhatIsOpenIsKeptFromTimingOut) {
  options_.refresh = 4ms;
  begin();
  (void)pinholes_->open(kPort, std::nullopt);
  ASSERT_TRUE(becomes(kPort, "any"));
  const auto refreshed = closeCommands(kPort, std::nullopt) + openCommands(kPort, std::nullopt, 60s);
  EXPECT_TRUE(eventually([&] { return kernel_.ranAny(refreshed); }));
}

TEST_F(KernelPinholesTest, CallGoesOnWhenTheTableIsFullAndIsPreferredOnly) {
  begin(Demand::preferred, 1);
  EXPECT_TRUE(pinholes_->open(kPort, std::nullopt).ok());
  ASSERT_TRUE(becomes(kPort, "any"));
  EXPECT_TRUE(pinholes_->open(kOther, std::nullopt).ok());
  EXPECT_TRUE(becomes(kOther, "failed"));
  EXPECT_TRUE(eventually([&] { return pinholes_->statistics().standing == Standing::passing; }));
  EXPECT_EQ(pinholes_->statistics().failures, 1u);
  EXPECT_FALSE(log_.events("firewall.pinhole_failed").empty());
  EXPECT_FALSE(log_.events("firewall.not_filtering").empty());
}

TEST_F(KernelPinholesTest, RefusesTheCallWhenTheTableIsFullAndRequired) {
  begin(Demand::required, 1);
  EXPECT_TRUE(pinholes_->open(kPort, std::nullopt).ok());
  const auto refused = pinholes_->open(kOther, std::nullopt);
  ASSERT_FALSE(refused.ok());
  EXPECT_STREQ(refused.error().code, "firewall.pinholes.full");
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(pinholes_->open(kPort, address("198.51.100.7")).ok());  // is open already
  pinholes_->close(kPort);
  EXPECT_TRUE(pinholes_->open(kOther, std::nullopt).ok());
}

class LostHelperTest : public KernelPinholesTest {
 protected:
  void lose(Demand demand) {
    options_.poll = 1ms;
    begin(demand);
    (void)pinholes_->open(kPort, std::nullopt);
    ASSERT_TRUE(becomes(kPort, "any"));
    ASSERT_EQ(shutdown(theirs_.raw(), SHUT_RDWR), 0);
    ASSERT_TRUE(eventually([&] { return pinholes_->statistics().standing == Standing::down; }));
  }
};

TEST_F(LostHelperTest, CallsGoOnWhereTheKernelIsPreferredOnly) {
  lose(Demand::preferred);
  EXPECT_FALSE(log_.events("firewall.helper_lost").empty());
  EXPECT_EQ(pinholes_->admitted(kPort), "");
  EXPECT_TRUE(pinholes_->open(kOther, std::nullopt).ok());
  EXPECT_EQ(pinholes_->statistics().failures, 1u);
}

TEST_F(LostHelperTest, CallsAreRefusedWhereTheKernelIsRequired) {
  lose(Demand::required);
  const auto refused = pinholes_->open(kOther, std::nullopt);
  ASSERT_FALSE(refused.ok());
  EXPECT_STREQ(refused.error().code, "firewall.helper.gone");
}

TEST_F(KernelPinholesTest, TableGoesWithTheEdge) {
  begin();
  end();
  EXPECT_EQ(kernel_.ran.back(), tearDownCommands());
}

// The socket closes under a helper that was never told: the edge was killed.
TEST_F(KernelPinholesTest, TableGoesWhenTheSocketCloses) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd theirs{ends[1]};
  PinholeTable table{testScope(), OnFull::pass, kernel_};
  (void)table.handle({Request::Kind::setUp, 0, {}});
  Fd{ends[0]}.reset();
  serve(theirs, table);
  EXPECT_EQ(kernel_.ran.back(), tearDownCommands());
}

TEST_F(KernelPinholesTest, HelperAnswersWhatItCannotRead) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  Fd ours{ends[0]};
  const Fd theirs{ends[1]};
  ASSERT_EQ(send(ours.raw(), "\1\1", 2, 0), 2);
  ASSERT_EQ(shutdown(ours.raw(), SHUT_WR), 0);
  PinholeTable table{testScope(), OnFull::pass, kernel_};
  serve(theirs, table);
  std::array<std::uint8_t, kLongestMessage> buffer;
  const auto length = recv(ours.raw(), buffer.data(), buffer.size(), 0);
  ASSERT_GT(length, 0);
  const auto reply = decodeReply(Bytes{buffer}.first(static_cast<std::size_t>(length)));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->outcomes.front(), Outcome::malformed);
  EXPECT_EQ(reply->detail, "firewall.message.length");
}

}  // namespace
}  // namespace sallyport::firewall
