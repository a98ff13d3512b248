// SPDX-License-Identifier: Apache-2.0
// A peer that names a counterpart has its settings where it says nothing itself.
#include "config/presets.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "config/problem_test_support.h"
#include "config/show.h"

namespace sallyport::config {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string fileText(const std::string& name) {
  std::ifstream file{std::string{SALLYPORT_SOURCE_DIR} + "/" + name};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The good file with one more peer, which says what every counterpart needs to be told, and `more`.
LoadOutcome withPeer(std::string_view preset, std::string_view more = {}) {
  std::string text{kGoodFile};
  text += "[[peer]]\nname = \"x\"\ntrust = \"private\"\npreset = \"" + std::string{preset} + "\"\n" + std::string{more};
  return parse(text, "/etc/sallyport/sallyport.toml");
}

Peer peerOf(std::string_view preset, std::string_view more = {}) {
  const auto outcome = withPeer(preset, more);
  EXPECT_TRUE(outcome.ok()) << outcome.report();
  if (!outcome.ok()) return {};
  return *outcome.config->peer("x");
}

constexpr std::string_view kWhere =
    "identities = [\"dns:x.example\"]\nhost = \"x.example\"\nnetworks = [\"198.51.100.0/24\"]\n";

TEST(Presets, AreTheCounterpartsOneMeets) {
  std::vector<std::string> names;
  for (const auto& preset : presets()) names.emplace_back(preset.name);
  EXPECT_THAT(names, ElementsAre("asterisk", "freeswitch", "generic-compatible", "generic-strict", "genesys-byoc",
                                 "kamailio", "livekit", "teams", "telnyx", "twilio"));
}

class EachPreset : public testing::TestWithParam<Preset> {};

TEST_P(EachPreset, HoldsOnlySettingsOfAPeerAndMakesAGoodOne) {
  const auto outcome = withPeer(GetParam().name, kWhere);
  EXPECT_TRUE(outcome.ok()) << outcome.report();
}

TEST_P(EachPreset, SaysItsVersionAndWhatItIsFor) {
  const auto title = titleOf(GetParam());
  EXPECT_THAT(title.version, testing::MatchesRegex("20[0-9][0-9]-[01][0-9]"));
  EXPECT_THAT(title.title, Not(IsEmpty()));
  EXPECT_THAT(std::string{GetParam().text}, testing::AnyOf(HasSubstr("https://"), HasSubstr("RFC "))) << "a source";
}

TEST_P(EachPreset, KeepsFromThePeerWhatIsItsOwn) {
  const auto peer = peerOf(GetParam().name, kWhere);
  for (const auto* own :
       {"name", "trust", "credentials", "registration", "asserted_identity", "numbers_allowed", "users_allowed"}) {
    EXPECT_THAT(peer.from_preset, Not(Contains(own)));
  }
  EXPECT_EQ(peer.preset, GetParam().name);
}

TEST_P(EachPreset, IsShownAsSettingsThatMeanTheSameWithoutIt) {
  auto peer = peerOf(GetParam().name, kWhere);
  const auto shown = showPeer(peer);
  EXPECT_THAT(shown, HasSubstr("# preset " + std::string{GetParam().name}));
  const auto outcome = parse(std::string{kGoodFile} + shown, "/etc/sallyport/sallyport.toml");
  ASSERT_TRUE(outcome.ok()) << outcome.report() << shown;
  peer.from_preset.clear();
  EXPECT_EQ(showPeer(*outcome.config->peer("x")), showPeer(peer));
}

TEST_P(EachPreset, HasASampleWhoseOnlyWarningIsWhatItGivesUp) {
  const auto name = "deploy/samples/" + std::string{GetParam().name} + ".toml";
  const auto outcome = parse(fileText(name), "/etc/sallyport/sallyport.toml");
  ASSERT_TRUE(outcome.ok()) << outcome.report();
  const auto& peers = outcome.config->peers;
  EXPECT_TRUE(std::any_of(peers.begin(), peers.end(), [](const Peer& each) { return each.preset == GetParam().name; }));
  for (const auto& warning : outcome.warnings) EXPECT_STREQ(warning.code, "config.advice.network_only") << name;
}

TEST_P(EachPreset, HasAPageThatLeadsToAFirstCall) {
  const auto page = fileText("docs/presets/" + std::string{GetParam().name} + ".md");
  for (const auto* step :
       {"sallyport check", "sallyport peers", "sallyport route explain", "sallyport why", "deploy/samples/"}) {
    EXPECT_THAT(page, HasSubstr(step)) << GetParam().name;
  }
}

std::string presetName(const testing::TestParamInfo<Preset>& info) {
  std::string name{info.param.name};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, EachPreset, testing::ValuesIn(presets().begin(), presets().end()), presetName);

TEST(Presets, TeamsIsCalledAtItsThreeServersInOrder) {
  const auto peer = peerOf("teams");
  ASSERT_EQ(peer.targets.size(), 3u);
  EXPECT_EQ(peer.targets[2].host->toString(), "sip3.pstnhub.microsoft.com:5061");
  EXPECT_EQ(peer.targets[2].priority, 3u);
  EXPECT_EQ(peer.networks.at(0).toString(), "52.112.0.0/14");
  EXPECT_EQ(peer.options_interval, 60s);
  EXPECT_EQ(peer.policy.sips, SipsMode::never);
  EXPECT_TRUE(peer.contact_by_name);
  EXPECT_EQ(peer.eku, KeyUsage::any);
}

TEST(Presets, WhatThePeerSaysItselfHolds) {
  const auto peer = peerOf("teams", "options_interval = \"30s\"\nnumbers = { country = \"DE\" }\n");
  EXPECT_EQ(peer.options_interval, 30s);
  EXPECT_EQ(peer.numbers.country, "DE");
  EXPECT_EQ(peer.numbers.outgoing, NumberForm::e164);
  EXPECT_THAT(peer.from_preset, Not(Contains("options_interval")));
  EXPECT_THAT(peer.from_preset, Contains("networks"));
}

TEST(Presets, AnotherWayToReachItStandsInsteadOfTheirs) {
  const auto peer = peerOf("teams", "address = \"192.0.2.7:5061\"\n");
  EXPECT_TRUE(peer.targets.empty());
  EXPECT_EQ(peer.address->toString(), "192.0.2.7:5061");
}

TEST(Presets, AnotherTierStandsInsteadOfTheirSuites) {
  const auto peer = peerOf("asterisk", "tier = \"strict\"\nidentities = [\"dns:x.example\"]\n");
  EXPECT_THAT(peer.policy.suites, ElementsAre("AEAD_AES_256_GCM", "AEAD_AES_128_GCM"));
}

TEST(Presets, OtherSuitesKeepTheirTier) {
  const auto peer = peerOf("twilio", "suites = [\"AES_256_CM_HMAC_SHA1_80\"]\nhost = \"x.pstn.twilio.com\"\n");
  EXPECT_EQ(peer.policy.tier, Tier::compatible);
}

TEST(Presets, AMisspeltOneIsReportedWithItsPlace) {
  const auto outcome = withPeer("teamz", "identities = [\"dns:x.example\"]\n");
  ASSERT_EQ(outcome.errors.size(), 1u) << outcome.report();
  EXPECT_STREQ(outcome.errors[0].code, "config.reference");
  EXPECT_EQ(outcome.errors[0].line, 24u);
  EXPECT_THAT(outcome.errors[0].suggestion, HasSubstr("\"teams\""));
}

TEST(Presets, WhatTheyNeedAndCannotKnowIsAskedOfThePeer) {
  const auto outcome = withPeer("genesys-byoc", "host = \"x.example\"\n");
  ASSERT_EQ(outcome.errors.size(), 1u) << outcome.report();
  EXPECT_THAT(outcome.errors[0].message, HasSubstr("'networks' in [[peer]] 'x' is missing"));
}

TEST(Presets, AContradictionWithTheirSettingsStandsWhereThePresetIsNamed) {
  const auto contradicted = withPeer("teams", "eku = \"client\"\nidentities = [\"dns:core.example\"]\n");
  ASSERT_EQ(contradicted.errors.size(), 2u) << contradicted.report();
  EXPECT_THAT(contradicted.errors[0].message, HasSubstr("may only be a client's"));
  EXPECT_THAT(contradicted.errors[0].suggestion, HasSubstr("'targets'"));
}

TEST(Presets, AWeaknessTheyBringIsSaidWhereThePresetIsNamed) {
  const auto outcome = withPeer("livekit", kWhere);
  std::vector<std::string> said;
  for (const auto* problems : {&outcome.warnings, &outcome.notes}) {
    for (const auto& problem : *problems) said.push_back(std::to_string(problem.line) + " " + problem.code);
  }
  EXPECT_THAT(
      said, ElementsAre("24 config.advice.no_listener", "24 config.advice.network_only", "24 config.note.compatible"));
}

}  // namespace
}  // namespace sallyport::config
