// SPDX-License-Identifier: Apache-2.0
#include "firewall/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "firewall/test_firewall.h"

namespace sallyport::firewall {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(Commands, TableIsOwnedAndReplacesOneThatWasLeft) {
  EXPECT_THAT(setUpCommands(testScope()), testing::StartsWith("add table inet sallyport \n"
                                                              "delete table inet sallyport \n"
                                                              "add table inet sallyport { flags owner; }\n"));
}

TEST(Commands, OnlyTheMediaRangeOfOurAddressesIsLookedAt) {
  const auto commands = setUpCommands(testScope());
  EXPECT_THAT(commands,
              HasSubstr("add rule inet sallyport input ip daddr 192.0.2.1 udp dport 20000-20099 goto media4\n"));
  EXPECT_THAT(commands,
              HasSubstr("add rule inet sallyport input ip6 daddr 2001:db8::1 udp dport 20000-20099 goto media6\n"));
  EXPECT_THAT(commands, HasSubstr("media4 counter name dropped drop\n"));
  EXPECT_THAT(commands, HasSubstr("media6 counter name dropped drop\n"));
  EXPECT_THAT(commands, Not(HasSubstr("reject")));
}

TEST(Commands, SetsAreBounded) { EXPECT_THAT(setUpCommands(testScope(12)), HasSubstr("size 12; flags timeout;")); }

TEST(Commands, FamilyWithoutMediaHasNoRules) {
  auto scope = testScope();
  scope.v6.reset();
  EXPECT_THAT(setUpCommands(scope), Not(HasSubstr("6 ")));
}

TEST(Commands, WildcardAddressIsKeyedByItsPort) {
  auto scope = testScope();
  scope.v4 = address("0.0.0.0");
  const auto commands = setUpCommands(scope);
  EXPECT_THAT(commands, HasSubstr("input meta nfproto ipv4 udp dport 20000-20099 goto media4\n"));
  EXPECT_THAT(commands, HasSubstr("media4 udp dport . ip saddr @from4 accept\n"));
  EXPECT_EQ(openCommands(endpoint("0.0.0.0:20002"), std::nullopt, seconds{60}),
            "add element inet sallyport any4 { 20002 timeout 60s }\n");
}

TEST(Commands, PortOpensForAnybodyOrForASource) {
  EXPECT_EQ(openCommands(endpoint("192.0.2.1:20000"), std::nullopt, seconds{60}),
            "add element inet sallyport any4 { 192.0.2.1 . 20000 timeout 60s }\n");
  EXPECT_EQ(openCommands(endpoint("[2001:db8::1]:20000"), address("2001:db8::7"), seconds{5}),
            "add element inet sallyport from6 { 2001:db8::1 . 20000 . 2001:db8::7 timeout 5s }\n");
}

TEST(Commands, ClosingDoesNotMindWhatHasTimedOut) {
  EXPECT_EQ(closeCommands(endpoint("192.0.2.1:20000"), address("198.51.100.7")),
            "add element inet sallyport from4 { 192.0.2.1 . 20000 . 198.51.100.7 }\n"
            "delete element inet sallyport from4 { 192.0.2.1 . 20000 . 198.51.100.7 }\n");
}

TEST(Commands, CounterIsReadFromWhatIsPrinted) {
  EXPECT_EQ(droppedIn("table inet sallyport {\n\tcounter dropped {\n\t\tpackets 4711 bytes 9\n\t}\n}\n"), 4711u);
  EXPECT_EQ(droppedIn(""), 0u);
  EXPECT_EQ(droppedIn("packets "), 0u);
}

}  // namespace
}  // namespace sallyport::firewall
