// SPDX-License-Identifier: Apache-2.0
#include "core/special_purpose.h"

#include <gtest/gtest.h>

#include <string>

#include "core/check.h"

namespace sallyport {
namespace {

std::string purposeOf(std::string_view text) {
  const auto address = IpAddress::parse(text);
  SP_CHECK(address.has_value());
  return std::string{toString(specialPurposeOf(*address))};
}

TEST(SpecialPurpose, AHostOnTheInternetHasNone) {
  for (const auto* text :
       {"1.1.1.1",    "9.255.255.255",   "11.0.0.0",   "100.63.255.255",  "100.128.0.0", "126.255.255.255",
        "128.0.0.1",  "172.15.255.255",  "172.32.0.0", "192.0.0.9",       "192.0.1.0",   "198.17.255.255",
        "198.20.0.0", "223.255.255.255", "2600::1",    "2001:4860::8888", "2001:200::1", "2a00::1",
        "2001:1::1",  "2003::1",         "3ffe::1",    "64:ff9b::8.8.8.8"}) {
    EXPECT_EQ(purposeOf(text), "none") << text;
  }
}

// RFC 6890 2.2.2 and the registry since.
TEST(SpecialPurpose, TheBlocksOfTheIpv4RegistryAreTold) {
  struct Row {
    const char *first, *last, *purpose;
  };
  for (const auto& row :
       {Row{"0.0.0.0", "0.255.255.255", "unspecified"}, Row{"10.0.0.0", "10.255.255.255", "private_use"},
        Row{"100.64.0.0", "100.127.255.255", "shared_space"}, Row{"127.0.0.0", "127.255.255.255", "loopback"},
        Row{"169.254.0.0", "169.254.255.255", "link_local"}, Row{"172.16.0.0", "172.31.255.255", "private_use"},
        Row{"192.0.0.0", "192.0.0.255", "protocol"}, Row{"192.0.2.0", "192.0.2.255", "documentation"},
        Row{"192.88.99.0", "192.88.99.255", "transition"}, Row{"192.168.0.0", "192.168.255.255", "private_use"},
        Row{"198.18.0.0", "198.19.255.255", "benchmarking"}, Row{"198.51.100.0", "198.51.100.255", "documentation"},
        Row{"203.0.113.0", "203.0.113.255", "documentation"}, Row{"224.0.0.0", "239.255.255.255", "multicast"},
        Row{"240.0.0.0", "255.255.255.255", "reserved"}}) {
    EXPECT_EQ(purposeOf(row.first), row.purpose) << row.first;
    EXPECT_EQ(purposeOf(row.last), row.purpose) << row.last;
  }
}

TEST(SpecialPurpose, TheBlocksOfTheIpv6RegistryAreTold) {
  struct Row {
    const char *address, *purpose;
  };
  for (const auto& row :
       {Row{"::", "unspecified"}, Row{"::1", "loopback"}, Row{"100::1", "protocol"}, Row{"2001::1", "transition"},
        Row{"2001:2::1", "benchmarking"}, Row{"2001:10::1", "protocol"}, Row{"2001:1ff:ffff::1", "protocol"},
        Row{"2001:db8::1", "documentation"}, Row{"3fff::1", "documentation"}, Row{"fc00::1", "private_use"},
        Row{"fdff::1", "private_use"}, Row{"fe80::1", "link_local"}, Row{"febf::1", "link_local"},
        Row{"fec0::1", "private_use"}, Row{"ff02::1", "multicast"}, Row{"4000::1", "reserved"}, Row{"1::1", "reserved"},
        Row{"64:ff9b:1::1", "transition"}, Row{"2002:101:101::1", "transition"}}) {
    EXPECT_EQ(purposeOf(row.address), row.purpose) << row.address;
  }
}

TEST(SpecialPurpose, AnIpv6AddressMadeFromAnIpv4OneIsNoDisguise) {
  EXPECT_EQ(purposeOf("::ffff:127.0.0.1"), "loopback");
  EXPECT_EQ(purposeOf("::ffff:10.1.2.3"), "private_use");
  EXPECT_EQ(purposeOf("::ffff:8.8.8.8"), "transition");
  EXPECT_EQ(purposeOf("::127.0.0.1"), "loopback");
  EXPECT_EQ(purposeOf("::8.8.8.8"), "transition");
  EXPECT_EQ(purposeOf("64:ff9b::169.254.169.254"), "link_local");
  EXPECT_EQ(purposeOf("2002:7f00:1::"), "loopback");
  EXPECT_EQ(purposeOf("2002:c0a8:101::1"), "private_use");
}

}  // namespace
}  // namespace sallyport
