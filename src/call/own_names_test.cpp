// SPDX-License-Identifier: Apache-2.0
#include "call/own_names.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

class OwnNames : public ::testing::Test {
 protected:
  OwnNames() {
    config.edge.domains = {"example.org"};
    config.listeners.resize(2);
    config.listeners[0].name = "public";
    config.listeners[0].address = *Endpoint::parse("0.0.0.0:5061");
    config.listeners[0].media_advertise.v4 = address("203.0.113.10");
    config.listeners[1].name = "inside";
    config.listeners[1].address = *Endpoint::parse("10.0.0.1:5071");
    config.listeners[1].media_advertise.v4 = address("10.0.0.1");
    config.web_listener.emplace().media_advertise.v4 = address("203.0.113.11");
    config.unprotected_listener.emplace().media_advertise.v4 = address("10.0.0.2");
  }
  // What SDP says to that peer on a connection that came by `listener`.
  IpAddress told(const PeerPolicy& peer, const char* listener) const {
    FlowFacts facts;
    facts.listener = listener;
    facts.remote = *Endpoint::parse("198.51.100.7:5061");
    return *mediaPlaceOf(config, peer, &facts, IpAddress::Family::v6).announced.v4;
  }
  config::Config config;
};

TEST_F(OwnNames, AListenerIsCalledWhatItAdvertisesItsAddressOrTheDomain) {
  EXPECT_EQ(nameOf(config.listeners[0], config), "example.org:5061");
  EXPECT_EQ(nameOf(config.listeners[1], config), "10.0.0.1:5071");
  config.listeners[1].advertise = {"edge.example.org", {}};
  EXPECT_EQ(nameOf(config.listeners[1], config), "edge.example.org:5071");
  config.listeners[1].advertise->port = 443;
  EXPECT_EQ(nameOf(config.listeners[1], config), "edge.example.org:443");
}

TEST_F(OwnNames, SdpSaysWhatTheListenerSaysThatAPeerCameBy) {
  const PeerPolicy device;
  EXPECT_EQ(told(device, "public"), address("203.0.113.10"));
  EXPECT_EQ(told(device, "inside"), address("10.0.0.1"));
  EXPECT_EQ(told(device, "[web_listener]"), address("203.0.113.11"));
  EXPECT_EQ(told(device, "[unprotected_listener]"), address("10.0.0.2"));
}

TEST_F(OwnNames, APeerOfOneListenerIsToldSoWhereverItComesFrom) {
  PeerPolicy core;
  core.listener = "inside";
  EXPECT_EQ(told(core, "public"), address("10.0.0.1"));
  const auto place = mediaPlaceOf(config, core, nullptr, IpAddress::Family::v6);
  EXPECT_EQ(place.announced.v4, address("10.0.0.1")) << "before there is a connection";
  EXPECT_EQ(place.family, IpAddress::Family::v6);
}

TEST_F(OwnNames, OfAConnectionThatWeMadeNothingIsSaidApart) {
  FlowFacts made;
  EXPECT_FALSE(mediaPlaceOf(config, PeerPolicy{}, &made, IpAddress::Family::v4).announced.v4);
}

TEST_F(OwnNames, APeersListenerIsInItsPolicy) {
  auto& peer = config.peers.emplace_back();
  peer.name = "core";
  peer.listener = "inside";
  peer.policy.suites = {"AEAD_AES_256_GCM"};
  config.peers.push_back(peer);
  config.peers.back().name = "named";
  config.peers.back().contact_by_name = true;
  const auto policy = compile(std::make_shared<const config::Config>(config));
  ASSERT_TRUE(policy.ok()) << describe(policy.error());
  EXPECT_EQ((*policy)->peer("core")->sent_by->on(Transport::tls), "10.0.0.1:5071");
  EXPECT_EQ((*policy)->peer("core")->listener, "inside");
  EXPECT_EQ((*policy)->peer("named")->sent_by->on(Transport::tls), "example.org:5071");
}

}  // namespace
}  // namespace sallyport::call
