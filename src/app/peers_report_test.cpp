// SPDX-License-Identifier: Apache-2.0
#include "app/peers_report.h"

#include <gmock/gmock.h>

namespace sallyport::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

call::PeerReport carrier() {
  call::PeerReport peer;
  peer.name = "carrier";
  peer.tier = "strict";
  peer.authentication = "certificate";
  peer.calls = 3;
  auto& target = peer.targets.emplace_back();
  target.address = *Endpoint::parse("1.0.0.1:5061");
  target.host = "a.carrier.example";
  target.rank = {10, 5};
  target.workers = 2;
  target.round_trip = 7ms;
  return peer;
}

TEST(PeersReport, APeerIsALineAndEachOfItsServersOne) {
  EXPECT_EQ(peersTable(peersJson({carrier()})),
            "carrier  strict, by certificate  calls 3\n"
            "    1.0.0.1:5061 (a.carrier.example)  priority 10 weight 5  healthy  OPTIONS 7 ms\n");
}

TEST(PeersReport, WhatIsWrongIsSaid) {
  auto peer = carrier();
  peer.unprotected = true;
  peer.location_error = "sip.location.none: carrier.example has no address";
  peer.targets[0].down = 1;
  peer.targets[0].fault = "timeout";
  const auto table = peersTable(peersJson({peer}));
  EXPECT_THAT(table, HasSubstr("UNPROTECTED"));
  EXPECT_THAT(table, HasSubstr("not located: sip.location.none"));
  EXPECT_THAT(table, HasSubstr("mixed: down at 1 of 2 workers, timeout"));
}

TEST(PeersReport, APeerWithoutServersConnectsToUs) {
  auto peer = carrier();
  peer.targets.clear();
  EXPECT_THAT(peersTable(peersJson({peer})), HasSubstr("connects to us"));
  EXPECT_EQ(peersTable(peersJson({})), "no peers\n");
}

TEST(PeersReport, WhatAStrangerWroteDoesNotSteerTheTerminal) {
  auto peer = carrier();
  peer.location_error = "\x1b[2J";
  EXPECT_THAT(peersTable(peersJson({peer})), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace sallyport::app
