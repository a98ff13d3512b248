// SPDX-License-Identifier: Apache-2.0
// What each listener tells of us, and which one a peer is told of.
#include "config/problem_test_support.h"

namespace sallyport::config {
namespace {

#define INSIDE \
  "[[listener]]\nname = \"inside\"\naddress = \"10.0.0.1:5071\"\ncertificate = \"edge.pem\"\nkey = \"edge.key\"\n"

Config valid(const Case& row) {
  auto outcome = parse(textOf(row), "/etc/sallyport/sallyport.toml");
  EXPECT_TRUE(outcome.ok() && outcome.warnings.empty()) << outcome.report();
  return outcome.config.value_or(Config{});
}

TEST(Advertise, IsSaidPerListenerForSignallingAndForMedia) {
  const auto config =
      valid({"", "key = \"edge.key\"\n",
             "key = \"edge.key\"\nadvertise = \"edge.example.org\"\nmedia_advertise = \"203.0.113.10\"\n", INSIDE, "",
             0, ""});
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].advertise->host, "edge.example.org");
  EXPECT_EQ(config.listeners[0].media_advertise.of(IpAddress::Family::v4), IpAddress::parse("203.0.113.10"));
  EXPECT_FALSE(config.listeners[0].media_advertise.of(IpAddress::Family::v6));
  EXPECT_FALSE(config.listeners[1].advertise);
  EXPECT_FALSE(config.listeners[1].media_advertise.v4);
}

TEST(Advertise, APeerMayBeToldOfOneListener) {
  const auto config = valid(
      {"", "trust = \"private\"\naddress", "trust = \"private\"\nlistener = \"inside\"\naddress", INSIDE, "", 0, ""});
  EXPECT_EQ(config.peers.front().listener, "inside");
}

class WrongAdvertise : public testing::TestWithParam<Case> {};
TEST_P(WrongAdvertise, IsReportedWithItsPlaceAndReason) { expectProblem(GetParam()); }

const Case kWrongRows[] = {
    {"nowhere", "key = \"edge.key\"\n", "key = \"edge.key\"\nmedia_advertise = \"0.0.0.0\"\n", "", "config.conflict", 8,
     "which nobody can reach"},
    {"no_such_family", "key = \"edge.key\"\n", "key = \"edge.key\"\nmedia_advertise = \"2001:db8::1\"\n", "",
     "config.conflict", 8, "none of that family"},
    {"two_of_a_family", "key = \"edge.key\"\n",
     "key = \"edge.key\"\nmedia_advertise = [\"203.0.113.10\", \"203.0.113.11\"]\n", "", "config.conflict", 8,
     "one IPv4 and one IPv6"},
    {"no_such_listener", "trust = \"private\"\naddress", "trust = \"private\"\nlistener = \"publik\"\naddress", "",
     "config.reference", 17, "there is no such [[listener]]", "public"},
};
INSTANTIATE_TEST_SUITE_P(Advertise, WrongAdvertise, testing::ValuesIn(kWrongRows), caseName);

}  // namespace
}  // namespace sallyport::config
