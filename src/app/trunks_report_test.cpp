// SPDX-License-Identifier: Apache-2.0
#include "app/trunks_report.h"

#include <gtest/gtest.h>

namespace sallyport::app {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};

TrunkReport carrier() {
  TrunkReport trunk{.peer = "carrier"};
  trunk.registration = call::TrunkSnapshot{.peer = "carrier",
                                           .aor = "sip:+4930123@carrier.test",
                                           .state = call::TrunkState::registered,
                                           .since = kNow - 90s,
                                           .expires = kNow + 510s,
                                           .next_try = kNow + 400s,
                                           .last_status = 200,
                                           .last_reason = {},
                                           .failures = 0};
  trunk.limits.in.calls = 30;
  trunk.limits.channels = 50;
  trunk.load = {3, 0, 7};
  return trunk;
}

TEST(TrunksReport, SaysHowARegistrationStandsAndWhatIsCarried) {
  EXPECT_EQ(trunksTable(trunksJson({carrier()}, kNow)),
            "carrier  calls in 3 of 30  channels 7 of 50\n"
            "    sip:+4930123@carrier.test registered for 90 s, expires in 510 s, next REGISTER in 400 s, last status "
            "200\n");
}

TEST(TrunksReport, SaysWhyARegistrationFails) {
  auto failing = carrier();
  auto& registration = *failing.registration;
  registration.state = call::TrunkState::waiting;
  registration.expires.reset();
  registration.last_status = 403;
  registration.last_reason = "trunk.registration.rejected";
  registration.failures = 4;
  const auto text = trunksTable(trunksJson({failing}, kNow));
  EXPECT_NE(
      text.find("waiting for 90 s, next REGISTER in 400 s, last status 403: trunk.registration.rejected, 4 in a row"),
      std::string::npos)
      << text;
}

TEST(TrunksReport, SaysWhoIsDrainedAndWhoIsNothingButAPeer) {
  TrunkReport core{.peer = "core"};
  TrunkReport drained{.peer = "backup", .drained = true};
  EXPECT_EQ(trunksTable(trunksJson({core, drained}, kNow)), "core\nbackup  DRAINED\n");
  EXPECT_EQ(trunksTable(trunksJson({}, kNow)), "no peer is configured\n");
}

TEST(TrunksReport, IsWholeForPrograms) {
  const auto text = trunksJson({carrier()}, kNow);
  for (const auto* part :
       {R"("peer":"carrier")", R"("drained":false)", R"("expires_in_seconds":510)",
        R"("in":{"live":3,"limit":30,"calls_per_second":null})", R"("channels":{"live":7,"limit":50})"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(TrunksReport, GathersWhatIsKnownOfEveryPeer) {
  config::Config config;
  config.peers.resize(2);
  config.peers[0].name = "carrier";
  config.peers[1].name = "core";
  const auto drained = std::make_shared<guard::DrainedPeers>();
  drained->drain("core");
  guard::TrunkPolicy policy;
  policy.drained = drained;
  policy.of_peer["carrier"].channels = 9;
  const guard::LimitTables tables{guard::HashKey{1, 2}, 64, 64, 64};
  const auto reports = trunkReports(config, policy, tables, {*carrier().registration});
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].registration->aor, "sip:+4930123@carrier.test");
  EXPECT_EQ(reports[0].limits.channels, 9u);
  EXPECT_FALSE(reports[0].drained);
  EXPECT_FALSE(reports[1].registration);
  EXPECT_TRUE(reports[1].drained);
}

}  // namespace
}  // namespace sallyport::app
