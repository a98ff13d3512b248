// SPDX-License-Identifier: Apache-2.0
// What valid settings of authentication, trunks, routing and registration mean.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "config/problem_test_support.h"
#include "config/weakness.h"

namespace sallyport::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Config valid(std::string_view more) {
  auto outcome = parse(std::string{kGoodFile} + std::string{more}, "/etc/sallyport/sallyport.toml");
  EXPECT_TRUE(outcome.ok()) << outcome.report();
  return outcome.config.value_or(Config{});
}

constexpr std::string_view kTrunk = R"(
[[peer]]
name = "carrier"
identities = ["dns:sip.carrier.example"]
trust = "private"
authentication = ["certificate and digest", "certificate"]
digest_algorithms = ["SHA-512-256"]
targets = [{ address = "192.0.2.1:5061", priority = 1, weight = 3 }, { host = "b.carrier.example:5061", priority = 2 }]
options_interval = "30s"
last_resort = false
credentials = { username = "trunk-4711", realm = "Carrier One", password_file = "carrier.password" }
registration = { aor = "sip:+4930123@carrier.example", expires = "5m" }
limits_in = { calls = 30, calls_per_second = 5 }
limits_out = { calls_per_second = 2.5 }
channels = 60
numbers = { country = "DE", area = "30", outgoing = "e164" }
numbers_allowed = ["+4930123*", "030999"]
users_allowed = ["Example.org"]
on_foreign_identity = "refuse"
contact_by_name = true
tls12_only = true
certificate = "rsa"
user_phone = true
header_policy = "acme@2026"
methods = ["OPTIONS", "MESSAGE"]
dtmf = "info"
transcode = "refuse"
ptime = 40
media = ["dtls", "sdes"]
sips = "never"
follow_redirects = true
failover_statuses = [480, 503]
[header_policy."acme@2026"]
extends = "trunk-edge@2026"
allow = ["X-Acme-Id"]
drop = ["Diversion"]
[devices]
domain = "example.org"
trust = "private"
realm = "phones of example.org"
authentication = ["certificate and scram", "certificate and digest", "certificate"]
credentials = "devices.credentials"
)";

TEST(Load, ATrunkSaysWhereItIsAndWhatProvesIt) {
  const auto config = valid(kTrunk);
  const auto& peer = *config.peer("carrier");
  EXPECT_EQ(peer.policy.authentication,
            (std::vector<Proofs>{{Proof::certificate, Proof::digest}, {Proof::certificate}}));
  EXPECT_TRUE(peer.policy.accepts(Proof::digest));
  EXPECT_FALSE(peer.policy.accepts(Proof::network));
  EXPECT_TRUE(peer.policy.acceptsWithout(Proof::digest));
  EXPECT_FALSE(peer.policy.acceptsWithout(Proof::certificate));
  EXPECT_THAT(peer.policy.digest_algorithms, ElementsAre(DigestAlgorithm::sha512_256));
  ASSERT_EQ(peer.targets.size(), 2u);
  EXPECT_EQ(peer.targets[0].address.toString(), "192.0.2.1:5061");
  EXPECT_EQ(peer.targets[0].weight, 3u);
  EXPECT_EQ(peer.targets[1].host->toString(), "b.carrier.example:5061");
  EXPECT_EQ(peer.targets[1].priority, 2u);
  EXPECT_TRUE(peer.connectable());
  EXPECT_EQ(peer.options_interval, 30s);
  EXPECT_FALSE(peer.last_resort);
  EXPECT_TRUE(peer.tls12_only);
  EXPECT_EQ(peer.certificate, CertificateKind::rsa);
}

TEST(Load, ATrunkSaysWhoWeAreToItAndHowMuchItCarries) {
  const auto config = valid(kTrunk);
  const auto& peer = *config.peer("carrier");
  EXPECT_EQ(peer.credentials->username, "trunk-4711");
  EXPECT_EQ(peer.credentials->realm, "Carrier One");
  EXPECT_EQ(peer.credentials->password_file, "/etc/sallyport/carrier.password");
  EXPECT_EQ(peer.registration->aor, "sip:+4930123@carrier.example");
  EXPECT_EQ(peer.registration->expires, 5min);
  EXPECT_EQ(peer.limits_in.calls, 30u);
  EXPECT_EQ(peer.limits_in.calls_per_second, 5.0);
  EXPECT_FALSE(peer.limits_out.calls);
  EXPECT_EQ(peer.limits_out.calls_per_second, 2.5);
  EXPECT_EQ(peer.channels, 60u);
}

TEST(Load, ATrunkSaysHowNumbersHeadersAndKeysCross) {
  const auto config = valid(kTrunk);
  const auto& peer = *config.peer("carrier");
  EXPECT_EQ(peer.numbers.country, "DE");
  EXPECT_EQ(peer.numbers.outgoing, NumberForm::e164);
  EXPECT_THAT(peer.numbers_allowed, ElementsAre("+4930123", "030999"));
  EXPECT_THAT(peer.users_allowed, ElementsAre("example.org"));
  EXPECT_EQ(peer.on_foreign_identity, OnForeignIdentity::refuse);
  EXPECT_EQ(peer.policy.dtmf, DtmfMode::info);
  EXPECT_EQ(peer.policy.transcode, Transcode::refuse);
  EXPECT_EQ(peer.policy.ptime, 40u);
  EXPECT_THAT(peer.policy.media, ElementsAre(Keying::dtls, Keying::sdes));
  EXPECT_EQ(peer.policy.ice, IceUse::accept) << "goes with DTLS";
  EXPECT_TRUE(peer.policy.follow_redirects);
  EXPECT_THAT(peer.policy.failover_statuses, ElementsAre(480u, 503u));
  EXPECT_EQ(peer.policy.sips, SipsMode::never);
  EXPECT_THAT(peer.policy.methods, ElementsAre("OPTIONS", "MESSAGE"));
  EXPECT_EQ(config.header_policies.at(0).name, "acme@2026");
  EXPECT_EQ(config.header_policies.at(0).extends, "trunk-edge@2026");
  EXPECT_THAT(config.header_policies.at(0).drop, ElementsAre("Diversion"));
  EXPECT_EQ(config.devices->realm, "phones of example.org");
  EXPECT_EQ(config.devices->credentials, Path{"/etc/sallyport/devices.credentials"});
}

TEST(Load, TheRealmOfDevicesIsTheirDomainUnlessSaid) {
  const auto config = valid("[devices]\ndomain = \"example.org\"\ntrust = \"private\"\n");
  EXPECT_EQ(config.devices->realm, "example.org");
}

TEST(Load, APeerKnownByItsNetworkNeedsNoCertificateToCallUs) {
  const auto config = valid(R"(
[[peer]]
name = "carrier"
authentication = ["network"]
networks = ["198.51.100.0/24"]
[[peer]]
name = "called"
authentication = ["network"]
networks = ["203.0.113.0/24"]
trust = "private"
host = "SIP.carrier.example:5061"
)");
  EXPECT_TRUE(config.peer("carrier")->identities.empty());
  EXPECT_EQ(config.peer("called")->server_name, "sip.carrier.example");
}

TEST(Load, AnUnprotectedPeerNeedsAnAddressAndNoCertificate) {
  const auto config = valid(
      "[unprotected_listener]\naddress = \"10.0.0.1:5060\"\n"
      "[[peer]]\nname = \"old\"\naddress = \"192.0.2.9:5060\"\nunprotected = true\n");
  const auto& peer = *config.peer("old");
  EXPECT_TRUE(peer.unprotected);
  EXPECT_EQ(peer.policy.authentication, (std::vector<Proofs>{{Proof::network}}));
  ASSERT_EQ(peer.networks.size(), 1u) << "where we reach it, and nowhere else";
  EXPECT_EQ(peer.networks[0].toString(), "192.0.2.9/32");
  EXPECT_EQ(config.unprotected_listener->address.toString(), "10.0.0.1:5060");
  EXPECT_FALSE(valid("").unprotected_listener);
}

TEST(Load, AnUnprotectedPeerComesFromTheNetworksItNamesWhateverItsPresetAsks) {
  const auto config = valid(R"([unprotected_listener]
address = "10.0.0.1:5060"
[[peer]]
name = "old"
preset = "kamailio"
targets = [{ address = "10.0.0.2:5060" }, { address = "10.0.0.3:5060" }]
networks = ["10.0.0.0/24"]
unprotected = true
)");
  const auto& peer = *config.peer("old");
  EXPECT_EQ(peer.policy.authentication, (std::vector<Proofs>{{Proof::network}}));
  EXPECT_FALSE(peer.path);
  EXPECT_EQ(peer.networks.size(), 1u);
}

TEST(Load, RoutesSayWhenWhereAndInWhichOrder) {
  const auto config = valid(R"([[route]]
number = "+49*"
caller = "+4930*"
time = { spans = ["Mon-Fri,Sun 08:00-18:00", "22:00-06:00"], utc_offset = "-03:30" }
to = [{ peer = "core", priority = 1, weight = 2 }, { peer = "device", priority = 2 }]
rewrite = "0{rest}"
header_policy = "core@2026"
[[route]]
user_regex = "[0-9]{3}"
refuse = 603
[registrar]
enabled = true
upstream = "core"
max_expires = "10m"
default_expires = "5m"
[turn]
urls = ["turns:turn.example.org:443?transport=tcp", "turn:turn.example.org"]
secret_file = "turn.secret"
lifetime = "20m"

[dns]
servers = ["192.0.2.53", "[2001:db8::53]:5353"]
timeout = "500ms"
[devices]
domain = "example.org"
trust = "private"
)");
  const auto& first = config.routes.at(1);
  EXPECT_EQ(first.number, "+49*");
  EXPECT_EQ(first.caller, "+4930*");
  EXPECT_EQ(first.user.kind, PatternKind::any);
  EXPECT_EQ(first.time.spans.size(), 2u);
  EXPECT_EQ(first.time.utc_offset, -210min);
  ASSERT_EQ(first.to.size(), 2u);
  EXPECT_EQ(first.to[0].weight, 2u);
  EXPECT_EQ(first.to[1].peer, "device");
  EXPECT_EQ(first.rewrite, "0{rest}");
  EXPECT_TRUE(config.routes.at(2).to.empty());
  EXPECT_EQ(config.routes.at(2).refuse, 603u);
  EXPECT_EQ(config.registrar.max_expires, 10min);
  EXPECT_EQ(config.registrar.store, "/var/lib/sallyport/registrations.sqlite");
  EXPECT_THAT(config.guard.methods, testing::Contains("REGISTER"));
  EXPECT_THAT(config.turn.urls, ElementsAre("turns:turn.example.org:443?transport=tcp", "turn:turn.example.org"));
  EXPECT_EQ(config.turn.secret_file, "/etc/sallyport/turn.secret");
  EXPECT_EQ(config.turn.lifetime, 20min);
  EXPECT_EQ(config.dns.servers.at(0).toString(), "192.0.2.53:53");
  EXPECT_EQ(config.dns.servers.at(1).port, 5353);
}

TEST(Load, RegisterIsNoMethodUnlessThereIsARegistrar) {
  EXPECT_THAT(valid("").guard.methods, testing::Not(testing::Contains("REGISTER")));
}

TEST(Load, AListenerMayTakeOtherProofsThanACertificate) {
  const auto config = valid(R"([[listener]]
name = "phones"
address = "0.0.0.0:5071"
certificate = "a"
key = "b"
client_certificate = "optional"
authentication = ["digest", "token"]
tls = "1.3"
[devices]
domain = "example.org"
authentication = ["digest", "token"]
credentials = "c"
[devices.token]
issuer = "https://login.example.org"
audience = "sip:example.org"
jwks = "keys.json"
authz_server = "https://login.example.org/authorize"
[guard]
source_auth_failures = { per_second = 2, burst = 5 }
identity_request_rate = { mode = "shadow" }
)");
  const auto& listener = config.listeners.at(1);
  EXPECT_EQ(listener.client_certificate, ClientCertificate::optional);
  EXPECT_EQ(listener.authentication, (std::vector<Proofs>{{Proof::digest}, {Proof::token}}));
  EXPECT_EQ(listener.tls, TlsFloor::tls13);
  EXPECT_EQ(config.devices->token->jwks, "/etc/sallyport/keys.json");
  EXPECT_EQ(config.guard.source_auth_failures.calls_per_second, 2);
  EXPECT_EQ(config.guard.identity_request_rate.mode, RuleMode::shadow);
}

TEST(Weaknesses, AreNamedWithWhatTheyMeanAndHowMuchTheyWeigh) {
  const auto config = valid(R"([unprotected_listener]
address = "10.0.0.1:5060"
[[peer]]
name = "a"
unprotected = true
address = "192.0.2.9:5060"
tier = "compatible"
digest_algorithms = ["MD5"]
[[peer]]
name = "b"
authentication = ["network"]
networks = ["198.51.100.0/24"]
tls12_only = true
tier = "compatible"
[firewall]
mode = "off"
[guard]
domain = "shadow"
)");
  std::vector<std::string> found;
  for (const auto& weakness : weaknessesOf(config)) {
    const bool refused = weakness.weight == Weakness::Weight::refused;
    found.push_back(std::to_string(weakness.index) + " " + std::string{weakness.key} +
                    (refused ? " refused" : " noted"));
  }
  EXPECT_THAT(found, ElementsAre("1 unprotected refused", "1 digest_algorithms refused", "2 authentication refused",
                                 "2 tier noted", "2 tls12_only noted", "0 mode noted", "0 domain refused"));
  EXPECT_THAT(weaknessesOf(valid("")), IsEmpty());
}

// --- from disk ---

class Secrets : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sallyport-secrets-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const auto* name : {"edge.pem", "edge.key", "ca.pem", "p", "c"}) write(name, "x", 0600);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const char* name, std::string_view text, mode_t mode) const {
    const auto path = folder_ / name;
    std::ofstream{path} << text;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }
  LoadOutcome load() const {
    write("sallyport.toml",
          std::string{kGoodFile} +
              "[[peer]]\nname = \"x\"\nidentities = [\"dns:x\"]\ntrust = \"private\"\n"
              "credentials = { username = \"u\", realm = \"r\", password_file = \"p\" }\n"
              "[devices]\ndomain = \"example.org\"\ntrust = \"private\"\ncredentials = \"c\"\n",
          0644);
    return config::load(folder_ / "sallyport.toml");
  }
  Path folder_;
};

TEST_F(Secrets, OfTheirOwnerAloneAreAccepted) {
  const auto outcome = load();
  EXPECT_TRUE(outcome.ok()) << outcome.report();
}

TEST_F(Secrets, ThatOthersCanReadAreRefusedWithTheirPlace) {
  write("p", "x", 0640);
  write("c", "x", 0604);
  const auto outcome = load();
  ASSERT_EQ(outcome.errors.size(), 2u) << outcome.report();
  for (const auto& error : outcome.errors) {
    EXPECT_STREQ(error.code, "config.file.mode");
    EXPECT_THAT(error.suggestion, HasSubstr("chmod 600"));
  }
  EXPECT_EQ(outcome.errors[0].line, 25u);
  EXPECT_EQ(outcome.errors[1].line, 29u);
}

TEST_F(Secrets, ThatAreNotThereAreAnErrorOnce) {
  std::filesystem::remove(folder_ / "p");
  const auto outcome = load();
  ASSERT_EQ(outcome.errors.size(), 1u) << outcome.report();
  EXPECT_STREQ(outcome.errors[0].code, "config.value.file");
}

}  // namespace
}  // namespace sallyport::config
