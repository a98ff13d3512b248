// SPDX-License-Identifier: Apache-2.0
// What a valid file means.
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "config/sections.h"
#include "crypto/srtp_suite.h"

namespace sallyport::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kSmallest = R"(
[edge]
domains = ["Example.org"]
[[listener]]
name = "public"
address = "127.0.0.1:5061"
certificate = "edge.pem"
key = "/keys/edge.key"
[media]
address = "127.0.0.1"
[[trust]]
name = "private"
anchors = "../ca.pem"
[[peer]]
name = "core"
identities = ["dns:Core.example", "uri:sip:core@example.org", "ip:192.0.2.1"]
trust = "private"
address = "127.0.0.1:5071"
[[route]]
user = "*"
to = "core"
)";

Config valid(std::string_view text) {
  auto outcome = parse(text, "/etc/sallyport/sallyport.toml");
  EXPECT_TRUE(outcome.ok()) << outcome.report();
  return outcome.config.value_or(Config{});
}

Config withMore(std::string_view more) { return valid(std::string{kSmallest} + std::string{more}); }

TEST(Load, FillsEverySettingThatIsLeftOutWithItsSafeDefault) {
  const auto config = valid(kSmallest);
  EXPECT_THAT(config.edge.domains, ElementsAre("example.org"));
  EXPECT_EQ(config.edge.state_dir, "/var/lib/sallyport");
  EXPECT_EQ(config.edge.control_socket, "/var/lib/sallyport/control.sock");
  EXPECT_EQ(config.edge.drain_deadline, 30s);
  EXPECT_EQ(config.media.first_port, 20'000);
  EXPECT_EQ(config.media.last_port, 29'999);
  EXPECT_EQ(config.guard.peer_known, RuleMode::enforce);
  EXPECT_EQ(config.sip.session_expires, 1800s);
  EXPECT_EQ(config.telemetry.metrics->toString(), "127.0.0.1:9464");
  EXPECT_EQ(config.telemetry.cdr, "/var/lib/sallyport/cdr.sqlite");
  EXPECT_FALSE(config.devices.has_value());
}

TEST(Load, ResolvesRelativePathsAgainstTheFilesFolder) {
  const auto config = valid(kSmallest);
  EXPECT_EQ(config.listeners.at(0).ecdsa.certificate, "/etc/sallyport/edge.pem");
  EXPECT_EQ(config.listeners.at(0).ecdsa.key, "/keys/edge.key");
  EXPECT_EQ(config.trusts.at(0).anchors, "/etc/ca.pem");
}

TEST(Load, APeerIsKnownByItsNamesAndConnectedToUnderItsFirstDnsName) {
  const auto config = valid(kSmallest);
  const auto* peer = config.peer("core");
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->identities.at(0).toString(), "dns:core.example");
  EXPECT_EQ(peer->identities.at(1).toString(), "uri:sip:core@example.org");
  EXPECT_EQ(peer->identities.at(2).toString(), "ip:192.0.2.1");
  EXPECT_EQ(peer->server_name, "core.example");
  EXPECT_EQ(peer->address->toString(), "127.0.0.1:5071");
  EXPECT_EQ(peer->eku, KeyUsage::any);
  EXPECT_FALSE(peer->wildcard);
  EXPECT_EQ(config.peer("Core"), nullptr);
}

TEST(Load, TheStrictTierOffersAeadSuitesOnly) {
  const auto config = valid(kSmallest);
  EXPECT_THAT(config.peers.at(0).policy.suites, ElementsAre("AEAD_AES_256_GCM", "AEAD_AES_128_GCM"));
}

TEST(Load, TheCompatibleTierOffersEverySuiteStrongestFirst) {
  const auto config = withMore("[devices]\ntrust = \"private\"\ndomain = \"example.org\"\ntier = \"compatible\"\n");
  ASSERT_TRUE(config.devices);
  std::vector<std::string> all;
  for (const auto suite : crypto::kSrtpSuites) all.emplace_back(crypto::factsOf(suite).name);
  EXPECT_EQ(config.devices->policy.suites, all);
}

TEST(Load, KnowsTheSuitesThatTheTransformsKnow) {
  ASSERT_EQ(kSuites.size(), crypto::kSrtpSuites.size());
  for (std::size_t i = 0; i < kSuites.size(); ++i) {
    EXPECT_EQ(kSuites[i].name, crypto::factsOf(crypto::kSrtpSuites[i]).name);
    EXPECT_EQ(kSuites[i].aead, crypto::factsOf(crypto::kSrtpSuites[i]).aead);
  }
}

TEST(Load, AnExplicitSuiteListKeepsItsOrder) {
  const auto config = withMore(
      "[devices]\ntrust = \"private\"\ndomain = \"example.org\"\nsuites = [\"AEAD_AES_128_GCM\", "
      "\"AEAD_AES_256_GCM\"]\n"
      "codecs = [\"PCMA\", \"opus\"]\nmax_calls = 2\ncall_rate = 0.5\n");
  EXPECT_THAT(config.devices->policy.suites, ElementsAre("AEAD_AES_128_GCM", "AEAD_AES_256_GCM"));
  EXPECT_THAT(config.devices->policy.codecs, ElementsAre(Codec::pcma, Codec::opus));
  EXPECT_EQ(config.devices->policy.max_calls, 2u);
  EXPECT_EQ(config.devices->policy.call_rate, 0.5);
}

TEST(Load, RoutePatternsAreTextExactPrefixOrAnybody) {
  const auto config = valid(R"(
[edge]
domains = ["example.org"]
[[listener]]
name = "v6"
address = "[::1]:5061"
certificate = "a"
key = "b"
advertise = "edge.example.org:5061"
[media]
address = ["192.0.2.10", "2001:db8::10"]
advertise = "203.0.113.10"
port_range = "30000-30003"
[[trust]]
name = "t"
anchors = "ca.pem"
crl = "crl.pem"
[[peer]]
name = "core"
identities = ["dns:core.example"]
trust = "t"
address = "[::1]:5071"
networks = ["192.0.2.0/24", "2001:db8::/32"]
asserted_identity = "sip:+4930123@example.org"
[[route]]
user = "+49*"
to = "core"
[[route]]
user = "alice"
domain = "example.org"
from_peer = "core"
to = "core"
)");
  EXPECT_TRUE(config.routes.at(0).user.matches("+4930"));
  EXPECT_FALSE(config.routes.at(0).user.matches("004930"));
  EXPECT_TRUE(config.routes.at(1).user.matches("alice"));
  EXPECT_FALSE(config.routes.at(1).user.matches("alice2"));
  EXPECT_EQ(config.media.v4->announced().toString(), "203.0.113.10");
  EXPECT_EQ(config.media.v6->announced().toString(), "2001:db8::10");
  EXPECT_EQ(config.media.ports(), 4u);
  EXPECT_TRUE(config.peers.at(0).networks.at(1).contains(*IpAddress::parse("2001:db8::5")));
  EXPECT_EQ(config.trusts.at(0).crl, Path{"/etc/sallyport/crl.pem"});
  EXPECT_EQ(config.listeners.at(0).advertise->toString(), "edge.example.org:5061");
}

TEST(Load, ReadsGuardRulesTimersAndTelemetry) {
  const auto config = withMore(R"(
[guard]
method = "shadow"
source_call_rate = { mode = "off", calls_per_second = 2.5, burst = 3 }
peer_concurrency = { max_concurrent = 7 }
[sip]
t1 = "250ms"
session_expires = "30m"
max_forwards = 20
[telemetry]
log = "edge.log"
level = "debug"
metrics = ""
)");
  EXPECT_EQ(config.guard.method, RuleMode::shadow);
  EXPECT_EQ(config.guard.source_call_rate.mode, RuleMode::off);
  EXPECT_EQ(config.guard.source_call_rate.calls_per_second, 2.5);
  EXPECT_EQ(config.guard.source_call_rate.burst, 3u);
  EXPECT_EQ(config.guard.peer_concurrency.mode, RuleMode::enforce);
  EXPECT_EQ(config.guard.peer_concurrency.max_concurrent, 7u);
  EXPECT_EQ(config.sip.t1, 250ms);
  EXPECT_EQ(config.sip.max_forwards, 20u);
  EXPECT_EQ(config.telemetry.log, LogTarget::file);
  EXPECT_EQ(config.telemetry.log_file, "/etc/sallyport/edge.log");
  EXPECT_FALSE(config.telemetry.metrics.has_value());
}

TEST(Load, CommentsAndStringsMayBeInAnyLanguage) {
  const auto config = withMore("# Grüße, 'so\n[telemetry]\nlog = \"prüfung \\\" # é.log\" # ünd\n");
  EXPECT_EQ(config.telemetry.log_file, "/etc/sallyport/prüfung \" # é.log");
}

// --- from disk ---

class LoadFromDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sallyport-config-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Path write(const char* name, std::string_view text) const {
    std::ofstream{folder_ / name, std::ios::binary} << text;
    return folder_ / name;
  }
  Path folder_;
};

TEST_F(LoadFromDisk, SaysWhereAFileIsNamedThatIsNotThere) {
  const auto path = write("sallyport.toml", kSmallest);
  write("edge.pem", "x");
  const auto outcome = load(path);
  ASSERT_EQ(outcome.errors.size(), 2u) << outcome.report();
  EXPECT_STREQ(outcome.errors[0].code, "config.value.file");
  EXPECT_EQ(outcome.errors[0].line, 8u);
  EXPECT_THAT(outcome.errors[0].message, HasSubstr("/keys/edge.key"));
  EXPECT_EQ(outcome.errors[1].line, 13u);
}

TEST_F(LoadFromDisk, AMissingFileIsOneClearError) {
  const auto outcome = load(folder_ / "none.toml");
  ASSERT_EQ(outcome.errors.size(), 1u);
  EXPECT_STREQ(outcome.errors[0].code, "config.file.unreadable");
  EXPECT_THAT(outcome.report(), HasSubstr("no such file"));
}

TEST_F(LoadFromDisk, AFolderIsNotAConfiguration) {
  EXPECT_STREQ(load(folder_).errors.at(0).code, "config.file.unreadable");
}

TEST_F(LoadFromDisk, AHugeFileIsRefusedUnread) {
  const auto path = write("huge.toml", std::string(2u << 20, '\n'));
  EXPECT_STREQ(load(path).errors.at(0).code, "config.file.too_large");
}

TEST_F(LoadFromDisk, GivingUpCarriesEveryErrorOnItsOwnLine) {
  const auto path = write("bad.toml", "[edge]\ndomain = 1\n");
  const auto config = loadOrExplain(path);
  ASSERT_FALSE(config);
  EXPECT_STREQ(config.error().code, "config.invalid");
  EXPECT_THAT(config.error().detail, HasSubstr("bad.toml:2:1: config.key.unknown"));
  EXPECT_THAT(config.error().detail, HasSubstr("\nerror: "));
}

}  // namespace
}  // namespace sallyport::config
