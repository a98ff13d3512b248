// SPDX-License-Identifier: Apache-2.0
#include "app/nat_view.h"

#include <gmock/gmock.h>

namespace sallyport::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

class NatViewTest : public testing::Test {
 protected:
  NatViewTest() {
    config.edge.domains = {"example.org"};
    auto& listener = config.listeners.emplace_back();
    listener.name = "public";
    listener.address = *Endpoint::parse("203.0.113.10:5061");
    config.media.v4 = config::MediaAddress{address("203.0.113.10"), std::nullopt};
  }
  NatView view() const { return natView(config, here); }
  std::vector<std::string> codes() const {
    std::vector<std::string> found;
    for (const auto& finding : view().findings) found.emplace_back(finding.code);
    return found;
  }
  std::string said(std::string_view code) const {
    for (const auto& finding : view().findings) {
      if (code == finding.code) return finding.text;
    }
    return {};
  }
  void bind(const char* signalling, const char* media) {
    config.listeners[0].address = *Endpoint::parse(signalling);
    config.media.v4->bind = address(media);
  }

  config::Config config;
  // 203.0.113.0/24 is for documentation and no host's: what a test calls public has an address of the Internet.
  std::vector<IpAddress> here{address("127.0.0.1"), address("8.8.8.8"), address("10.0.0.5")};
};

TEST_F(NatViewTest, APublicAddressOfThisHostIsAllThereIsToSay) {
  bind("8.8.8.8:5061", "8.8.8.8");
  const auto seen = view();
  ASSERT_EQ(seen.ways.size(), 1u);
  EXPECT_EQ(seen.ways[0].signalling, "8.8.8.8:5061");
  EXPECT_THAT(seen.ways[0].media, ElementsAre("8.8.8.8"));
  EXPECT_EQ(seen.media_ports, "20000-29999");
  EXPECT_THAT(seen.findings, IsEmpty());
}

TEST_F(NatViewTest, EachWayInShowsWhatIsToldThere) {
  bind("10.0.0.5:5061", "10.0.0.5");
  config.listeners[0].advertise = {"edge.example.org", {}};
  config.listeners[0].media_advertise.v4 = address("9.9.9.9");
  auto& inside = config.listeners.emplace_back();
  inside.name = "inside";
  inside.address = *Endpoint::parse("10.0.0.5:5071");
  auto& web = config.web_listener.emplace();
  web.address = *Endpoint::parse("10.0.0.5:443");
  web.ice_servers = {"stun:stun.example.org"};
  config.turn.urls = {"turns:turn.example.org:443?transport=tcp"};
  auto& core = config.peers.emplace_back();
  core.name = "core";
  core.listener = "inside";
  const auto seen = view();
  ASSERT_EQ(seen.ways.size(), 3u);
  EXPECT_EQ(seen.ways[0].signalling, "edge.example.org:5061");
  EXPECT_THAT(seen.ways[0].media, ElementsAre("9.9.9.9"));
  EXPECT_EQ(seen.ways[1].signalling, "10.0.0.5:5071");
  EXPECT_THAT(seen.ways[1].media, ElementsAre("10.0.0.5"));
  EXPECT_THAT(seen.ways[1].peers, ElementsAre("core"));
  EXPECT_EQ(seen.ways[2].over, "WSS");
  EXPECT_THAT(seen.relays, ElementsAre("stun:stun.example.org", "turns:turn.example.org:443?transport=tcp"));
}

struct Range {
  const char* told;
  const char* code;
};
class WhatLeadsNowhere : public NatViewTest, public testing::WithParamInterface<Range> {};

TEST_P(WhatLeadsNowhere, IsWarnedOfInSignallingAndInSdp) {
  bind("8.8.8.8:5061", "8.8.8.8");
  config.listeners[0].advertise = {GetParam().told, {}};
  config.listeners[0].media_advertise.v4 = address(GetParam().told);
  std::size_t warnings = 0;
  for (const auto& finding : view().findings) {
    if (std::string_view{finding.code} != GetParam().code) continue;
    ++warnings;
    EXPECT_EQ(finding.weight, NatFinding::Weight::warning);
    EXPECT_THAT(finding.text, HasSubstr(GetParam().told));
    EXPECT_THAT(finding.suggestion, HasSubstr("advertise"));
  }
  EXPECT_EQ(warnings, 2u);
}

INSTANTIATE_TEST_SUITE_P(Ranges, WhatLeadsNowhere,
                         testing::Values(Range{"192.168.1.2", "nat.private"}, Range{"172.31.0.1", "nat.private"},
                                         Range{"100.64.0.9", "nat.shared"}, Range{"169.254.1.1", "nat.link_local"},
                                         Range{"127.0.0.1", "nat.loopback"}, Range{"203.0.113.1", "nat.special"}));

TEST_F(NatViewTest, UniqueLocalAddressesArePrivateToo) {
  bind("8.8.8.8:5061", "8.8.8.8");
  config.media.v6 = config::MediaAddress{address("fd00::5"), std::nullopt};
  here.push_back(address("fd00::5"));
  EXPECT_THAT(said("nat.private"), HasSubstr("fd00::5"));
}

TEST_F(NatViewTest, AListenerOnEveryAddressIsAmbiguous) {
  bind("0.0.0.0:5061", "8.8.8.8");
  EXPECT_THAT(said("nat.wildcard"), HasSubstr("example.org"));
  EXPECT_THAT(said("nat.ambiguous"), HasSubstr("8.8.8.8, 10.0.0.5"));
  here = {address("127.0.0.1"), address("8.8.8.8")};
  EXPECT_THAT(codes(), ElementsAre("nat.wildcard"));
  config.listeners[0].advertise = {"edge.example.org", {}};
  EXPECT_THAT(codes(), ElementsAre("nat.name"));
}

TEST_F(NatViewTest, AnAddressOnNoInterfaceMeansThatANatHasToForward) {
  bind("10.0.0.5:5061", "10.0.0.5");
  config.listeners[0].advertise = {"9.9.9.9", {}};
  config.media.v4->advertise = address("9.9.9.9");
  EXPECT_THAT(codes(), ElementsAre("nat.in_front", "nat.in_front"));
  EXPECT_EQ(view().findings[0].weight, NatFinding::Weight::note);
  EXPECT_THAT(view().findings[0].text, HasSubstr("TCP port 5061 to 10.0.0.5:5061"));
  EXPECT_THAT(view().findings[1].text, HasSubstr("UDP ports 20000-29999 to 10.0.0.5"));
}

TEST_F(NatViewTest, WhatIsBoundToNoAddressOfThisHostIsSaid) {
  bind("8.8.4.4:5061", "8.8.8.8");
  EXPECT_THAT(said("nat.absent"), HasSubstr("8.8.4.4"));
  here.clear();
  EXPECT_THAT(codes(), Not(Contains("nat.absent"))) << "where the system does not say";
}

TEST_F(NatViewTest, PublicSignallingWithPrivateVoiceIsSilence) {
  bind("10.0.0.5:5061", "10.0.0.5");
  config.listeners[0].advertise = {"9.9.9.9", {}};
  EXPECT_THAT(codes(), Contains("nat.silent"));
  config.media.v4->advertise = address("9.9.9.9");
  EXPECT_THAT(codes(), Not(Contains("nat.silent")));
}

TEST_F(NatViewTest, OneFamilyThatIsAdvertisedLeavesTheOtherAtItsOwn) {
  bind("8.8.8.8:5061", "8.8.8.8");
  config.media.v4->advertise = address("9.9.9.9");
  config.media.v6 = config::MediaAddress{address("2606:4700::1"), std::nullopt};
  EXPECT_THAT(said("nat.families"), HasSubstr("2606:4700::1"));
  config.media.v6->advertise = address("2606:4700::2");
  EXPECT_THAT(codes(), Not(Contains("nat.families")));
}

TEST_F(NatViewTest, ATurnServerInsideIsOfNoUseOutside) {
  bind("8.8.8.8:5061", "8.8.8.8");
  config.turn.urls = {"turn:10.0.0.7:3478", "turns:[fd00::7]:5349?transport=tcp", "turn:turn.example.org"};
  EXPECT_THAT(codes(), ElementsAre("nat.private", "nat.private"));
  EXPECT_THAT(view().findings[1].text, HasSubstr("fd00::7"));
}

TEST(InterfaceAddresses, AreThoseOfThisHost) {
  EXPECT_THAT(interfaceAddresses(), Contains(IpAddress::v4({127, 0, 0, 1})));
}

}  // namespace
}  // namespace sallyport::app
