// SPDX-License-Identifier: Apache-2.0
#include "crypto/peer_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/test_certificates.h"

namespace sallyport::crypto {
namespace {

using std::chrono::hours;
using testing::anchorsOf;
using testing::caSpec;
using ::testing::HasSubstr;
using testing::kNow;
using testing::Made;
using testing::make;
using testing::makeCrl;
using testing::Spec;

SubjectAltName dns(std::string value) { return {SanKind::dns, std::move(value)}; }
SubjectAltName uri(std::string value) { return {SanKind::uri, std::move(value)}; }
SubjectAltName ip(std::string value) { return {SanKind::ip, std::move(value)}; }

class PeerDirectoryTest : public ::testing::Test {
 protected:
  PeerEntry peer(std::string name, std::vector<SubjectAltName> identities) const {
    return {.name = std::move(name), .identities = std::move(identities), .anchors = anchorsOf(ca_)};
  }
  DeviceRule devices() const { return {.anchors = anchorsOf(phones_), .domain = "Example.org"}; }

  static std::shared_ptr<const PeerDirectory> build(std::vector<PeerEntry> peers,
                                                    std::optional<DeviceRule> devices = std::nullopt) {
    auto directory = PeerDirectory::build(std::move(peers), std::move(devices));
    EXPECT_TRUE(directory) << describe(directory.error());
    return *directory;
  }
  // "name/identity", or the code of the refusal.
  static std::string verdict(const PeerDirectory& directory, const Made& leaf, WallTime now = kNow,
                             PeerRole role = PeerRole::client) {
    const auto peer = directory.identify(leaf.certificate, {}, role, now);
    return peer ? peer->name() + "/" + peer->identity() : peer.error().code;
  }
  Made leaf(std::string sans) const { return make({.sans = std::move(sans)}, &ca_); }
  Made phone(std::string sans) const { return make({.sans = std::move(sans)}, &phones_); }

  const Made ca_ = make(caSpec("Peers CA"));
  const Made phones_ = make(caSpec("Phones CA"));
};

TEST_F(PeerDirectoryTest, APeerIsKnownByItsNameInAnySpelling) {
  const auto directory = build({peer("core", {dns("Core.Example.net"), ip("2001:DB8::1")})});
  EXPECT_EQ(verdict(*directory, leaf("DNS:CORE.example.NET")), "core/dns:core.example.net");
  EXPECT_EQ(verdict(*directory, leaf("DNS:x.example,IP:2001:db8:0:0::1")), "core/ip:2001:db8::1");
  // RFC 5922 7.1: a SIP URI without a user is the domain's.
  EXPECT_EQ(verdict(*directory, leaf("URI:SIP:core.example.net")), "core/dns:core.example.net");
}

TEST_F(PeerDirectoryTest, ANameInTheSubjectIsNoIdentity) {
  const auto directory = build({peer("core", {dns("core.example.net")})});
  EXPECT_EQ(verdict(*directory, make({.name = "core.example.net"}, &ca_)), "tls.peer.unknown");
}

TEST_F(PeerDirectoryTest, SomethingLikeTheNameIsNotTheName) {
  const auto directory = build({peer("core", {dns("core.example.net"), uri("sip:trunk@example.net")})});
  for (const auto* sans :
       {"DNS:core.example.net.evil.org", "DNS:xcore.example.net", "DNS:example.net", "DNS:*.example.net",
        "URI:sip:alice@core.example.net", "URI:sips:core.example.net", "URI:sip:core.example.net;transport=tls",
        "URI:sip:Trunk@example.net", "email:core@core.example.net"}) {
    EXPECT_EQ(verdict(*directory, leaf(sans)), "tls.peer.unknown") << sans;
  }
  EXPECT_EQ(verdict(*directory, leaf("URI:sip:trunk@EXAMPLE.net")), "core/uri:sip:trunk@example.net");
}

TEST_F(PeerDirectoryTest, AnUnknownNameIsToldToTheOperator) {
  const auto directory = build({peer("core", {dns("core.example.net")})});
  const auto stranger =
      directory->identify(leaf("DNS:other.example.net,IP:192.0.2.9").certificate, {}, PeerRole::client, kNow);
  ASSERT_FALSE(stranger);
  EXPECT_STREQ(stranger.error().code, "tls.peer.unknown");
  EXPECT_EQ(stranger.error().kind, ErrorKind::peerDenied);
  EXPECT_THAT(stranger.error().detail, HasSubstr("dns:other.example.net, ip:192.0.2.9"));
}

TEST_F(PeerDirectoryTest, AStrangerOfAForeignCaIsToldApartFromAnUnknownName) {
  const auto directory = build({peer("core", {dns("core.example.net")})});
  const auto foreign = make(caSpec("Foreign CA"));
  EXPECT_EQ(verdict(*directory, make({.sans = "DNS:other.example.net"}, &foreign)), "tls.certificate.untrusted_issuer");
  EXPECT_EQ(verdict(*directory, make({.sans = "DNS:core.example.net"}, &foreign)), "tls.certificate.untrusted_issuer");
}

TEST_F(PeerDirectoryTest, OnlyAPeersOwnAnchorsVouchForIt) {
  const auto other_ca = make(caSpec("Other CA"));
  auto other = peer("other", {dns("other.example.net")});
  other.anchors = anchorsOf(other_ca);
  const auto directory = build({peer("core", {dns("core.example.net")}), other});
  EXPECT_EQ(verdict(*directory, make({.sans = "DNS:core.example.net"}, &other_ca)), "tls.certificate.untrusted_issuer");
  EXPECT_EQ(verdict(*directory, make({.sans = "DNS:other.example.net"}, &other_ca)), "other/dns:other.example.net");
}

TEST_F(PeerDirectoryTest, AConfiguredPeerThatIsAlsoEnrolledIsThatPeer) {
  auto desk = peer("desk", {{SanKind::uri, "sip:desk@example.org"}});
  desk.anchors = anchorsOf(phones_);
  const auto directory = build({desk}, devices());
  EXPECT_EQ(verdict(*directory, phone("URI:sip:desk@example.org")), "desk/uri:sip:desk@example.org");
}

TEST_F(PeerDirectoryTest, ACertificateOfTwoPeersIsNeither) {
  const auto directory = build({peer("a", {dns("a.example")}), peer("b", {dns("b.example")})});
  const auto both = leaf("DNS:a.example,DNS:b.example");
  EXPECT_EQ(verdict(*directory, both), "tls.peer.ambiguous");
  EXPECT_EQ(verdict(*directory, both), "tls.peer.ambiguous");  // and is not remembered as the first
}

TEST_F(PeerDirectoryTest, WildcardsCountOnlyWhereThePeerOptsIn) {
  auto entry = peer("teams", {dns("sip.pstnhub.example"), dns("sip2.pstnhub.example")});
  const auto wild = leaf("DNS:*.pstnhub.example");
  EXPECT_EQ(verdict(*build({entry}), wild), "tls.peer.unknown");
  entry.wildcards = Wildcards::oneLabel;
  EXPECT_EQ(verdict(*build({entry}), wild).substr(0, 6), "teams/");
  EXPECT_EQ(verdict(*build({entry}), leaf("DNS:*.example")), "tls.peer.unknown");
  EXPECT_EQ(verdict(*build({entry}), leaf("DNS:*.sip.pstnhub.example")), "tls.peer.unknown");
}

TEST_F(PeerDirectoryTest, AConfiguredWildcardStandsForOneLabel) {
  auto entry = peer("carrier", {dns("*.carrier.example")});
  EXPECT_STREQ(PeerDirectory::build({entry}).error().code, "peers.identity.wildcard");
  entry.wildcards = Wildcards::oneLabel;
  const auto directory = build({entry});
  EXPECT_EQ(verdict(*directory, leaf("DNS:sbc7.carrier.example")), "carrier/dns:*.carrier.example");
  EXPECT_EQ(verdict(*directory, leaf("DNS:a.b.carrier.example")), "tls.peer.unknown");
  EXPECT_EQ(verdict(*directory, leaf("DNS:carrier.example")), "tls.peer.unknown");
}

TEST_F(PeerDirectoryTest, TheUsageFollowsThePartInTheHandshakeUnlessThePeerSaysOtherwise) {
  auto entry = peer("core", {dns("core.example.net")});
  const auto server_only = make({.sans = "DNS:core.example.net", .eku = "serverAuth"}, &ca_);
  EXPECT_EQ(verdict(*build({entry}), server_only, kNow, PeerRole::client), "tls.certificate.wrong_eku");
  EXPECT_EQ(verdict(*build({entry}), server_only, kNow, PeerRole::server), "core/dns:core.example.net");
  entry.eku = Eku::any;
  EXPECT_EQ(verdict(*build({entry}), server_only, kNow, PeerRole::client), "core/dns:core.example.net");
}

TEST_F(PeerDirectoryTest, AnEnrolledDeviceIsItsSipUri) {
  const auto directory = build({}, devices());
  const auto alice = directory->identify(phone("URI:sip:alice@EXAMPLE.org").certificate, {}, PeerRole::client, kNow);
  ASSERT_TRUE(alice) << describe(alice.error());
  EXPECT_EQ(alice->kind(), PeerKind::device);
  EXPECT_EQ(alice->name(), kDevicePeerName);
  EXPECT_EQ(alice->identity(), "alice@example.org");
  EXPECT_EQ(alice->anchor(), "CN=Phones CA");
  EXPECT_EQ(alice->validUntil(), kNow + hours{24});
}

TEST_F(PeerDirectoryTest, ADeviceHasOneUriOfOurDomain) {
  const auto directory = build({}, devices());
  for (const auto* sans :
       {"URI:sip:alice@example.com", "URI:sip:alice@example.org,URI:sip:bob@example.org",
        "URI:sip:alice@example.org,URI:https://example.org", "URI:sip:example.org", "URI:sips:alice@example.org",
        "URI:sip:alice@example.org;user=phone", "URI:sip:al%69ce@example.org", "URI:sip:alice@example.org:5061",
        "URI:sip:a:pw@example.org", "URI:sip:@example.org", "DNS:alice.example.org"}) {
    EXPECT_EQ(verdict(*directory, phone(sans)), "tls.peer.unknown") << sans;
  }
}

TEST_F(PeerDirectoryTest, ADeviceThatIsConfiguredByItsNameIsThatPeerAndNoDevice) {
  auto bob = peer("bob", {uri("sip:bob@example.org")});
  bob.anchors = anchorsOf(phones_);
  const auto directory = build({bob}, devices());
  EXPECT_EQ(verdict(*directory, phone("URI:sip:bob@EXAMPLE.org")), "bob/uri:sip:bob@example.org");
  EXPECT_EQ(verdict(*directory, phone("URI:sip:alice@example.org")), "device/alice@example.org");
}

TEST_F(PeerDirectoryTest, ADeviceThatIsAlsoAPeerByAnotherNameIsNeither) {
  auto carrier = peer("carrier", {dns("carrier.example")});
  carrier.anchors = anchorsOf(phones_);
  const auto directory = build({carrier}, devices());
  EXPECT_EQ(verdict(*directory, phone("URI:sip:carol@example.org,DNS:carrier.example")), "tls.peer.ambiguous");
}

TEST_F(PeerDirectoryTest, EnrolmentIsAskedInEveryHandshake) {
  auto rule = devices();
  bool enrolled = true;
  std::string asked;
  rule.enrolled = [&](std::string_view fingerprint) {
    asked = fingerprint;
    return enrolled;
  };
  const auto directory = build({}, std::move(rule));
  const auto alice = phone("URI:sip:alice@example.org");
  EXPECT_EQ(verdict(*directory, alice), "device/alice@example.org");
  EXPECT_EQ(asked, alice.certificate.facts()->fingerprint);
  enrolled = false;
  EXPECT_EQ(verdict(*directory, alice), "tls.peer.not_enrolled");
}

TEST_F(PeerDirectoryTest, AVerifiedChainIsRememberedUntilItExpires) {
  const auto directory = build({peer("core", {dns("core.example.net")})});
  const auto core = leaf("DNS:core.example.net");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(verdict(*directory, core), "core/dns:core.example.net");
  EXPECT_EQ(directory->cacheCounters().hits, 2u);
  EXPECT_EQ(verdict(*directory, core, kNow + hours{25}), "tls.certificate.expired");
  EXPECT_EQ(verdict(*directory, core, kNow - hours{2}), "tls.certificate.not_yet_valid");
  EXPECT_EQ(directory->cacheCounters().hits, 2u);
}

TEST_F(PeerDirectoryTest, ARememberedChainIsJudgedAgainWhenTheListIsDue) {
  auto entry = peer("core", {dns("core.example.net")});
  entry.anchors = anchorsOf(ca_, makeCrl(ca_, {}));
  const auto directory = build({entry});
  const auto core = leaf("DNS:core.example.net");
  EXPECT_EQ(verdict(*directory, core), "core/dns:core.example.net");
  EXPECT_EQ(verdict(*directory, core, kNow + hours{13}), "tls.certificate.crl_stale");
}

TEST_F(PeerDirectoryTest, AFailureIsNotRemembered) {
  const auto directory = build({peer("core", {dns("core.example.net")})});
  const auto early = make({.sans = "DNS:core.example.net", .not_before = hours{1}}, &ca_);
  EXPECT_EQ(verdict(*directory, early), "tls.certificate.not_yet_valid");
  EXPECT_EQ(verdict(*directory, early, kNow + hours{2}), "core/dns:core.example.net");
}

TEST_F(PeerDirectoryTest, AProofIsJudgedAgainByTodaysDirectory) {
  auto entry = peer("core", {dns("core.example.net")});
  const auto core = leaf("DNS:core.example.net");
  const auto proof = *build({entry})->identify(core.certificate, {}, PeerRole::client, kNow);

  EXPECT_TRUE(build({entry})->reverify(proof, kNow));
  const auto codeAfter = [&](std::vector<PeerEntry> peers, WallTime now) {
    return std::string{build(std::move(peers))->reverify(proof, now).error().code};
  };
  EXPECT_EQ(codeAfter({entry}, kNow + hours{25}), "tls.certificate.expired");
  EXPECT_EQ(codeAfter({peer("core", {dns("new.example.net")})}, kNow), "tls.peer.unknown");
  EXPECT_EQ(codeAfter({peer("renamed", {dns("core.example.net")})}, kNow), "tls.peer.changed");
  entry.anchors = anchorsOf(ca_, makeCrl(ca_, {&core}));
  EXPECT_EQ(codeAfter({entry}, kNow), "tls.certificate.revoked");
}

TEST_F(PeerDirectoryTest, AContradictoryConfigurationIsRefused) {
  const auto codeOf = [](std::vector<PeerEntry> peers, std::optional<DeviceRule> rule = std::nullopt) {
    auto directory = PeerDirectory::build(std::move(peers), std::move(rule));
    return std::string{directory ? "ok" : directory.error().code};
  };
  EXPECT_EQ(codeOf({peer("a", {dns("a.example")}), peer("a", {dns("b.example")})}), "peers.name.duplicate");
  EXPECT_EQ(codeOf({peer("device", {dns("a.example")})}), "peers.name.reserved");
  EXPECT_EQ(codeOf({peer("a", {})}), "peers.identity.none");
  EXPECT_EQ(codeOf({peer("a", {dns("a..example")})}), "peers.identity.malformed");
  EXPECT_EQ(codeOf({peer("a", {ip("192.0.2.256")})}), "peers.identity.malformed");
  EXPECT_EQ(codeOf({peer("a", {dns("A.example")}), peer("b", {dns("a.example")})}), "peers.identity.duplicate");
  auto unanchored = peer("a", {dns("a.example")});
  unanchored.anchors.reset();
  EXPECT_EQ(codeOf({unanchored}), "peers.anchors.none");
  auto rule = devices();
  rule.domain = "not a domain";
  EXPECT_EQ(codeOf({}, rule), "peers.device.domain");
  EXPECT_EQ(codeOf({}), "ok");
}

TEST_F(PeerDirectoryTest, AnEmptyDirectoryKnowsNobody) {
  EXPECT_EQ(verdict(*build({}), leaf("DNS:core.example.net")), "tls.peer.unknown");
}

}  // namespace
}  // namespace sallyport::crypto
