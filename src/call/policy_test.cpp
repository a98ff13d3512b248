// SPDX-License-Identifier: Apache-2.0
#include "call/policy.h"

#include <gmock/gmock.h>

#include "call/call_test_border.h"

namespace sallyport::call {
namespace {

using ::testing::ElementsAre;
using enum crypto::SrtpSuite;

TEST(PolicyCompiled, ATierIsItsSuitesInOrder) {
  const auto policy = test::policyOf({});
  EXPECT_THAT(policy->peer("core")->media.suites, ElementsAre(aeadAes256Gcm, aeadAes128Gcm));
  EXPECT_THAT(policy->peer(kDevices)->media.suites,
              ElementsAre(aeadAes256Gcm, aeadAes128Gcm, aes256CmHmacSha1_80, aesCm128HmacSha1_80));
}

TEST(PolicyCompiled, CodecsAreThoseConfiguredAndWhatBelongsToThem) {
  test::BorderConfig config;
  config.core += "codecs = [\"PCMA\", \"opus\"]\n";
  EXPECT_THAT(test::policyOf(config)->peer("core")->media.codecs,
              ElementsAre(sdp::Codec::pcma, sdp::Codec::opus, sdp::Codec::telephoneEvent, sdp::Codec::comfortNoise));
}

TEST(PolicyCompiled, ABrowserHasDtlsAndIceWhateverPhonesHave) {
  auto config = std::make_shared<config::Config>(*test::policyOf({})->config);
  for (const auto keying : {config::Keying::sdes, config::Keying::zrtp}) {
    config->devices->policy.media = {keying};
    const auto policy = compile(config);
    ASSERT_TRUE(policy);
    const auto& media = (*policy)->peer(kDevices)->overWebSocket().media;
    EXPECT_THAT(media.keyings, ElementsAre(sdp::Keying::dtls));
    EXPECT_EQ(media.ice, sdp::IceUse::require);
    EXPECT_EQ(media.protection, sdp::MediaProtection::srtp);
    EXPECT_EQ(media.zrtp, sdp::ZrtpUse::refused);
  }
}

TEST(PolicyCompiled, APeerIsCalledByTheNameItProves) {
  test::BorderConfig config;
  EXPECT_EQ(test::policyOf(config)->peer("core")->uri_host, "core.inner.test");
  EXPECT_EQ(test::policyOf(config)->peer("carrier")->uri_host, "sbc.carrier.test");
  config.core += "server_name = \"pbx.inner.test\"\n";
  EXPECT_EQ(test::policyOf(config)->peer("core")->uri_host, "pbx.inner.test");
}

TEST(PolicyCompiled, APeerWithoutADnsNameIsCalledAtItsUriElseByItsAddressElseAtOurDomain) {
  auto config = std::make_shared<config::Config>(*test::policyOf({})->config);
  for (auto& peer : config->peers) {
    peer.server_name.clear();
    peer.identities = {{config::IdentityKind::ip, "10.20.30.40"}};
  }
  auto policy = compile(config);
  ASSERT_TRUE(policy);
  EXPECT_EQ((*policy)->peer("core")->uri_host, "10.20.30.40");
  EXPECT_EQ((*policy)->peer("carrier")->uri_host, "sallyport.test");
  config->peers.front().identities = {{config::IdentityKind::uri, "sip:trunk@carrier.test"}};
  policy = compile(config);
  ASSERT_TRUE(policy);
  EXPECT_EQ((*policy)->peer("carrier")->uri_host, "carrier.test");
}

TEST(PolicyCompiled, NobodyUnknownIsAPeer) {
  const auto policy = test::policyOf({});
  EXPECT_EQ(policy->peer("nobody"), nullptr);
  EXPECT_EQ(policy->peer(""), nullptr);
  EXPECT_EQ(policy->peer(kDevices), &*policy->devices);
}

TEST(PolicyCompiled, OwnsItsDomainsWithoutCase) {
  const auto policy = test::policyOf({});
  EXPECT_TRUE(policy->ownsHost("SALLYPORT.test"));
  EXPECT_FALSE(policy->ownsHost("sallyport.test.evil"));
}

TEST(PolicyCompiled, TimersAreTheConfiguredOnesAndAnInviteOutlastsItsOwnLimit) {
  test::BorderConfig config;
  config.sip = "t1 = \"250ms\"\ninvite_timeout = \"30m\"\n";
  const auto policy = test::policyOf(config);
  EXPECT_EQ(policy->timers.t1, std::chrono::milliseconds{250});
  EXPECT_GT(policy->timers.abandon, std::chrono::minutes{30});
}

TEST(PolicyCompiled, ASuiteTheRelayDoesNotSpeakIsRefused) {
  auto config = std::make_shared<config::Config>(*test::policyOf({})->config);
  config->peers.front().policy.suites = {"F8_128_HMAC_SHA1_80"};
  const auto policy = compile(config);
  ASSERT_FALSE(policy);
  EXPECT_STREQ(policy.error().code, "config.suite.unknown");
}

}  // namespace
}  // namespace sallyport::call
