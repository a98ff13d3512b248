// SPDX-License-Identifier: Apache-2.0
#include "net/half_open_table.h"

#include <gtest/gtest.h>

#include "net/test_support.h"

namespace sallyport::net {
namespace {

IpAddress v4(unsigned number) {
  return IpAddress::v4({10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                        static_cast<std::uint8_t>(number)});
}
TimePoint at(int ms) { return TimePoint{} + seconds{10} + milliseconds{ms}; }

TEST(HalfOpenTable, LimitsHandshakesAtOnceInAll) {
  HalfOpenTable table{{.total = 2}};
  EXPECT_TRUE(table.enter(v4(1), at(0)));
  EXPECT_TRUE(table.enter(v4(2), at(0)));
  EXPECT_EQ(codeOf(table.enter(v4(3), at(0))), "net.handshakes.full");
  table.leave(v4(1));
  EXPECT_TRUE(table.enter(v4(3), at(0)));
}

TEST(HalfOpenTable, LimitsHandshakesAtOncePerSource) {
  HalfOpenTable table{{.per_source = 1}};
  EXPECT_TRUE(table.enter(v4(1), at(0)));
  EXPECT_EQ(codeOf(table.enter(v4(1), at(0))), "net.handshakes.source");
  EXPECT_TRUE(table.enter(v4(2), at(0)));
  table.leave(v4(1));
  EXPECT_TRUE(table.enter(v4(1), at(0)));
}

TEST(HalfOpenTable, LimitsTheRatePerSourceAndLetsItRecover) {
  HalfOpenTable table{{.per_source_rate = 2, .per_source_burst = 3}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(table.enter(v4(1), at(0)));
    table.leave(v4(1));
  }
  EXPECT_EQ(codeOf(table.enter(v4(1), at(0))), "net.handshakes.rate");
  EXPECT_EQ(codeOf(table.enter(v4(1), at(499))), "net.handshakes.rate");
  EXPECT_TRUE(table.enter(v4(1), at(501)));
}

TEST(HalfOpenTable, TheAddressesOfOneIpv6NetworkAreOneSource) {
  HalfOpenTable table{{.per_source = 1}};
  EXPECT_TRUE(table.enter(*IpAddress::parse("2001:db8::1"), at(0)));
  EXPECT_EQ(codeOf(table.enter(*IpAddress::parse("2001:db8::ffff:1"), at(0))), "net.handshakes.source");
  EXPECT_TRUE(table.enter(*IpAddress::parse("2001:db8:0:1::1"), at(0)));
}

TEST(HalfOpenTable, ForgetsSourcesThatOweNothing) {
  HalfOpenTable table{{.per_source_rate = 1, .per_source_burst = 1}};
  for (unsigned source = 0; source < 2'000; ++source) {
    ASSERT_TRUE(table.enter(v4(source), at(0)));
    table.leave(v4(source));
  }
  EXPECT_EQ(table.sources(), 2'000u);
  ASSERT_TRUE(table.enter(v4(1), at(2'000)));
  EXPECT_EQ(table.sources(), 1u);
}

TEST(HalfOpenTable, RemembersNoMoreSourcesThanItMay) {
  HalfOpenTable table{{.remembered_sources = 100}};
  for (unsigned source = 0; source < 100; ++source) {
    ASSERT_TRUE(table.enter(v4(source), at(0)));
    table.leave(v4(source));
  }
  EXPECT_EQ(codeOf(table.enter(v4(100), at(0))), "net.handshakes.full");
  EXPECT_TRUE(table.enter(v4(5), at(0)));
  table.leave(v4(5));
  EXPECT_TRUE(table.enter(v4(100), at(2'000)));
}

}  // namespace
}  // namespace sallyport::net
