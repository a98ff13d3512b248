// SPDX-License-Identifier: Apache-2.0
#include "core/endpoint.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Endpoint, PrintsWhatItParsed) {
  for (const auto* text : {"192.0.2.1:5061", "0.0.0.0:1", "255.255.255.255:65535", "[2001:db8::1]:5061", "[::1]:0"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->toString(), text);
  }
}

TEST(Endpoint, RefusesWhatIsNotAnAddressAndAPort) {
  for (const auto* text : {"", "192.0.2.1", "2001:db8::1:5061", "[192.0.2.1]:1", "host:1", "1.2.3.4:65536", "1.2.3:5",
                           "[::1%lo]:1", "1.2.3.4:-1", ":5061"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

TEST(IpNetwork, ContainsByPrefix) {
  const auto teams = IpNetwork::parse("52.112.0.0/14");
  ASSERT_TRUE(teams);
  EXPECT_TRUE(teams->contains(*IpAddress::parse("52.115.255.255")));
  EXPECT_FALSE(teams->contains(*IpAddress::parse("52.116.0.0")));
  EXPECT_FALSE(teams->contains(*IpAddress::parse("::1")));
  EXPECT_FALSE(IpNetwork::parse("10.0.0.0/33"));
}

TEST(IpAddress, KnowsLoopbackInBothFamilies) {
  EXPECT_TRUE(IpAddress::parse("127.9.9.9")->isLoopback());
  EXPECT_TRUE(IpAddress::parse("::1")->isLoopback());
  EXPECT_FALSE(IpAddress::parse("::2")->isLoopback());
}

}  // namespace
}  // namespace sallyport
