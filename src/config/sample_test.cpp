// SPDX-License-Identifier: Apache-2.0
#include "config/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "config/load.h"

namespace sallyport::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string kDeployed = std::string{SALLYPORT_SOURCE_DIR} + "/deploy/sallyport.toml";

TEST(Sample, IsAcceptedWithoutAWordOfWarning) {
  const auto outcome = parse(sample({}), "/etc/sallyport/sallyport.toml");
  EXPECT_TRUE(outcome.ok());
  EXPECT_THAT(outcome.report(), IsEmpty());
}

// SALLYPORT_WRITE_SAMPLE=1 in the environment writes the file anew.
TEST(Sample, IsTheFileThatIsDeployed) {
  if (std::getenv("SALLYPORT_WRITE_SAMPLE") != nullptr) std::ofstream{kDeployed} << sample({});
  std::ifstream file{kDeployed};
  std::ostringstream deployed;
  deployed << file.rdbuf();
  EXPECT_EQ(deployed.str(), sample({})) << "run with SALLYPORT_WRITE_SAMPLE=1 and commit deploy/sallyport.toml";
}

// Every commented setting, uncommented, is a setting we know: the comments cannot grow stale.
TEST(Sample, ItsCommentedSettingsAreRealOnes) {
  std::istringstream lines{sample({})};
  std::ostringstream uncommented;
  const std::regex top{R"(^# (([a-z_0-9]+|"[a-z@0-9]+") = .*)$)"};
  for (std::string line; std::getline(lines, line);) uncommented << std::regex_replace(line, top, "$1") << "\n";
  const auto outcome = parse(uncommented.str(), "/etc/sallyport/sallyport.toml");
  EXPECT_THAT(outcome.report(), IsEmpty());
}

TEST(Sample, TheSettingsItListsForPeersAreRealOnes) {
  std::istringstream lines{sample({.peers = {}})};
  std::string peer = "[[peer]]\nname = \"x\"\nidentities = [\"dns:x.example\"]\ntrust = \"private\"\n";
  const std::regex indented{R"(^#   ([a-z_0-9]+ = .*)$)"};
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, indented)) peer += match[1].str() + "\n";
  }
  EXPECT_THAT(peer, HasSubstr("disclosure"));
  const auto outcome = parse(sample({.peers = {}, .routes = {}}) + peer, "/etc/sallyport/sallyport.toml");
  EXPECT_TRUE(outcome.ok()) << outcome.report();
}

TEST(Sample, CarriesTheGivenPortsNamesAndFolders) {
  SampleOptions options;
  options.domains = {"demo.example"};
  options.user = "";
  options.state_dir = "state";
  options.listen_address = "127.0.0.1:15061";
  options.media_address = "127.0.0.1";
  options.media_ports = "21000-21999";
  options.media_advertise = "";
  options.trust_crl = "";
  options.devices_domain = std::nullopt;
  options.peers = {{.name = "alice", .identities = {"uri:sip:alice@demo.example"}},
                   {.name = "bob", .identities = {"uri:sip:bob@demo.example"}, .address = "127.0.0.1:15071"}};
  options.routes = {{.user = "bob", .domain = "demo.example", .from_peer = "alice", .to = "bob"}};
  options.metrics = "";
  options.log = "edge \"quoted\".log";
  const auto outcome = parse(sample(options), "/tmp/demo/sallyport.toml");
  ASSERT_TRUE(outcome.ok()) << outcome.report();
  EXPECT_THAT(outcome.report(), IsEmpty());
  const auto& config = *outcome.config;
  EXPECT_EQ(config.edge.state_dir, "/tmp/demo/state");
  EXPECT_EQ(config.listeners.at(0).address.port, 15061);
  EXPECT_EQ(config.media.first_port, 21000);
  EXPECT_FALSE(config.devices);
  EXPECT_EQ(config.peers.at(1).identities.at(0).toString(), "uri:sip:bob@demo.example");
  EXPECT_EQ(config.routes.at(0).from_peer, "alice");
  EXPECT_FALSE(config.telemetry.metrics);
  EXPECT_EQ(config.telemetry.log_file, "/tmp/demo/edge \"quoted\".log");
}

}  // namespace
}  // namespace sallyport::config
