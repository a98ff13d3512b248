// SPDX-License-Identifier: Apache-2.0
#include "config/methods.h"

#include <gmock/gmock.h>

namespace sallyport::config {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

Config somebody() {
  Config config;
  config.guard.methods = {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO"};
  config.registrar.enabled = true;
  config.peers.resize(2);
  config.peers[0].name = "proxy";
  config.peers[0].policy.methods = {"OPTIONS", "MESSAGE", "REGISTER"};
  config.peers[1].name = "trunk";
  return config;
}

TEST(Methods, BeyondCallsAreAPeersOwnWhereItNamesThem) {
  EXPECT_THAT(methodsOf(somebody(), "proxy"),
              ElementsAre("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "MESSAGE", "REGISTER"));
}

TEST(Methods, OfWhoeverNamesNoneAreTheGuards) {
  const auto config = somebody();
  EXPECT_THAT(methodsOf(config, "trunk"), ElementsAreArray(config.guard.methods));
  EXPECT_THAT(methodsOf(config, "nobody"), ElementsAreArray(config.guard.methods));
  EXPECT_THAT(methodsOf(config, "device"), ElementsAreArray(config.guard.methods));
}

TEST(Methods, OfDevicesAreOfAllOfThem) {
  auto config = somebody();
  config.devices.emplace();
  config.devices->policy.methods = {"OPTIONS"};
  EXPECT_THAT(methodsOf(config, "device"), ElementsAre("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS"));
}

TEST(Methods, OfPhonesThatRegisterNeedARegistrar) {
  auto config = somebody();
  config.guard.methods.emplace_back("REGISTER");
  EXPECT_THAT(methodsOf(config, "trunk"), ElementsAreArray(config.guard.methods));
  config.registrar.enabled = false;
  EXPECT_THAT(methodsOf(config, "trunk"), ElementsAre("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO"));
  EXPECT_THAT(methodsOf(config, "proxy"), ElementsAre("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "MESSAGE"));
}

TEST(Methods, StandInAllowAsFarAsTheyMeanSomethingThere) {
  const auto config = somebody();
  EXPECT_EQ(allowOf(config, "proxy", AllowedWhere::anywhere), "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, REGISTER");
  EXPECT_EQ(allowOf(config, "proxy", AllowedWhere::inCall), "INVITE, ACK, BYE, CANCEL, OPTIONS");
  EXPECT_EQ(allowInstead(config, "trunk", AllowedWhere::anywhere, "INFO"), "INVITE, ACK, BYE, CANCEL, OPTIONS");
}

TEST(Methods, ThatAreNoCallsCanBeAllThereAre) {
  auto config = somebody();
  config.guard.methods = {"OPTIONS"};
  EXPECT_THAT(methodsOf(config, "proxy"), ElementsAre("OPTIONS", "MESSAGE", "REGISTER"));
}

}  // namespace
}  // namespace sallyport::config
