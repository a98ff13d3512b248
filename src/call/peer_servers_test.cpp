// SPDX-License-Identifier: Apache-2.0
#include "call/peer_servers.h"

#include <gmock/gmock.h>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;

struct PeerServersTest : testing::Test {
  std::vector<PeerServers> all() const { return serversOf(config, families); }
  const std::vector<IpAddress::Family> families{IpAddress::Family::v4};
  config::Config config;
  config::Peer& peer = config.peers.emplace_back();
  PeerServersTest() { peer.name = "carrier"; }
};

TEST_F(PeerServersTest, APeerThatOnlyCallsUsHasNone) { EXPECT_TRUE(all().empty()); }

TEST_F(PeerServersTest, AnAddressIsOneServer) {
  peer.address = Endpoint::parse("192.0.2.1:5061");
  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(std::get<Endpoint>(all()[0].sources.at(0).where), *peer.address);
  EXPECT_EQ(all()[0].options_interval, 0s);
  EXPECT_EQ(all()[0].when_all_down, WhenAllDown::tryAnyway);
}

TEST_F(PeerServersTest, TargetsAreAddressesAndNamesAndComeBeforeTheHost) {
  peer.targets = {{*Endpoint::parse("192.0.2.1:5061"), {}, 3, 7}, {{}, config::HostPort{"two.example", {}}, 4, 8}};
  peer.host = config::HostPort{"carrier.example", {}};
  peer.options_interval = 60s;
  peer.last_resort = false;
  ASSERT_EQ(all().size(), 1u);
  const auto servers = all()[0];
  ASSERT_EQ(servers.sources.size(), 2u);
  EXPECT_EQ(servers.sources[0].rank, (sip::ServerRank{3, 7}));
  EXPECT_EQ(std::get<sip::ServerQuery>(servers.sources[1].where).host, "two.example");
  EXPECT_EQ(servers.options_interval, 60s);
  EXPECT_EQ(servers.when_all_down, WhenAllDown::refuse);
}

TEST_F(PeerServersTest, AHostIsLocatedWithinThePeersNetworksAndOverItsTransport) {
  peer.host = config::HostPort{"carrier.example", 5071};
  peer.networks = {*IpNetwork::parse("10.0.0.0/8")};
  ASSERT_EQ(all().size(), 1u);
  const auto query = std::get<sip::ServerQuery>(all()[0].sources.at(0).where);
  EXPECT_EQ(query.host, "carrier.example");
  EXPECT_EQ(query.port, 5071);
  EXPECT_EQ(query.families, families);
  EXPECT_EQ(query.networks.size(), 1u);
  EXPECT_EQ(query.transport, sip::ServerQuery::Transport::tls);
  peer.unprotected = true;
  EXPECT_EQ(std::get<sip::ServerQuery>(all()[0].sources.at(0).where).transport,
            sip::ServerQuery::Transport::unprotected);
}

}  // namespace
}  // namespace sallyport::call
