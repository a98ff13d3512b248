// SPDX-License-Identifier: Apache-2.0
#include "call/trunk_registrations.h"

#include <gtest/gtest.h>

#include "call/call_test_border.h"
#include "call/requester_test_support.h"

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using test::FakeRequester;

class NoCredentials final : public Challenges {
 public:
  Result<Authorization> answer(const ChallengedRequest&, const sip::Message&, identity::DigestAttempts&) override {
    return Error{ErrorKind::peerMisbehaved, "call.challenge.no_credentials", ""};
  }
  std::optional<Authorization> authorize(const ChallengedRequest&) override { return std::nullopt; }
};

// A policy whose carrier wants to be registered with, for so long.
EdgePolicyPtr policyWith(std::optional<config::PeerRegistration> registration) {
  auto config = *test::policyOf({})->config;
  for (auto& peer : config.peers) {
    if (peer.name == "carrier") peer.registration = registration;
  }
  return *compile(std::make_shared<const config::Config>(std::move(config)));
}
EdgePolicyPtr registered(const std::string& aor = "sip:+4930123@carrier.test") {
  return policyWith(config::PeerRegistration{aor, 600s});
}

class TrunkRegistrationsTest : public ::testing::Test {
 protected:
  FakeRequester::Asked asked() {
    auto next = requester.take(sip::Method::registration);
    SP_CHECK(next.has_value());
    return *std::move(next);
  }
  void grant(const std::string& headers = "Expires: 600\r\n") {
    auto next = asked();
    requester.answer(next, 200, headers);
  }
  void pass(std::chrono::seconds time) {
    clock.advance(time);
    trunks.advance();
  }

  FakeRequester requester;
  NoCredentials challenges;
  telemetry::RecordingSink log;
  FakeClock clock;
  bool connected = true;
  TrunkRegistrations trunks{parts()};

  TrunkRegistrations::Parts parts() {
    return {requester,
            challenges,
            log,
            clock,
            [] { return std::uint64_t{0}; },
            [this](sip::FlowId flow) { return connected && flow == requester.flow; }};
  }
};

TEST_F(TrunkRegistrationsTest, RegisterAtEveryPeerThatIsConfiguredSo) {
  trunks.adopt(registered());
  const auto first = asked();
  EXPECT_EQ(first.peer, "carrier");
  EXPECT_EQ(first.request.requestUri(), "sip:carrier.test");
  EXPECT_EQ(*first.request.header(sip::HeaderId::contact),
            "<sip:+4930123@edge.sallyport.test:5061;transport=tls>;expires=600");
  EXPECT_TRUE(requester.waiting.empty());
  EXPECT_EQ(trunks.snapshot().front().state, TrunkState::registering);
}

TEST_F(TrunkRegistrationsTest, TellTheOperatorWhatBecameOfIt) {
  trunks.adopt(registered());
  grant();
  const auto seen = trunks.snapshot();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen.front().peer, "carrier");
  EXPECT_EQ(seen.front().aor, "sip:+4930123@carrier.test");
  EXPECT_EQ(seen.front().state, TrunkState::registered);
  EXPECT_EQ(seen.front().last_status, 200);
  EXPECT_EQ(seen.front().since, clock.wall());
  EXPECT_EQ(*seen.front().expires, clock.wall() + 600s);
  EXPECT_EQ(*seen.front().next_try, clock.wall() + 480s);
  const auto events = log.events("trunk.registered");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events.front().fields.at("peer"), "carrier");
  EXPECT_EQ(events.front().fields.at("expires_seconds"), "600");
}

TEST_F(TrunkRegistrationsTest, SayWhyARegistrationFailedAndWhenItIsTriedAgain) {
  trunks.adopt(registered());
  auto next = asked();
  requester.answer(next, 401, "WWW-Authenticate: Digest realm=\"x\"\r\n");
  const auto events = log.events("trunk.registration_failed");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events.front().fields.at("reason"), "call.challenge.no_credentials");
  EXPECT_EQ(events.front().fields.at("status"), "401");
  EXPECT_EQ(events.front().fields.at("next_try_seconds"), "30");
  pass(30s);
  grant();
  EXPECT_EQ(trunks.snapshot().front().failures, 0u);
}

TEST_F(TrunkRegistrationsTest, RefreshInTimeAndSayNothingOfIt) {
  trunks.adopt(registered());
  grant();
  pass(480s);
  grant();
  EXPECT_EQ(log.events("trunk.registered").size(), 1u);
  EXPECT_EQ(*trunks.snapshot().front().next_try, clock.wall() + 480s);
}

TEST_F(TrunkRegistrationsTest, RegisterAgainWhenTheirConnectionIsLost) {
  trunks.adopt(registered());
  grant();
  pass(60s);
  trunks.advance();
  EXPECT_TRUE(requester.waiting.empty());
  connected = false;
  trunks.advance();
  connected = true;
  grant();
  EXPECT_EQ(trunks.snapshot().front().state, TrunkState::registered);
}

TEST_F(TrunkRegistrationsTest, KeepWhatAReloadDoesNotChange) {
  trunks.adopt(registered());
  grant();
  trunks.adopt(registered());
  EXPECT_TRUE(requester.waiting.empty());
  EXPECT_EQ(trunks.snapshot().front().state, TrunkState::registered);
}

TEST_F(TrunkRegistrationsTest, UnregisterWhatAReloadHasChangedAndRegisterTheNew) {
  trunks.adopt(registered());
  grant();
  trunks.adopt(registered("sip:+4930999@carrier.test"));
  auto old = asked();
  EXPECT_EQ(*old.request.header(sip::HeaderId::to), "<sip:+4930123@carrier.test>");
  EXPECT_EQ(*old.request.header(sip::HeaderId::expires), "0");
  requester.answer(old, 200);
  auto young = asked();
  EXPECT_EQ(*young.request.header(sip::HeaderId::to), "<sip:+4930999@carrier.test>");
  requester.answer(young, 200);
  trunks.advance();
  ASSERT_EQ(trunks.snapshot().size(), 1u);
  EXPECT_EQ(trunks.snapshot().front().aor, "sip:+4930999@carrier.test");
  EXPECT_EQ(log.events("trunk.unregistered").size(), 1u);
}

TEST_F(TrunkRegistrationsTest, UnregisterWhenTheEdgeIsDrained) {
  trunks.adopt(registered());
  grant();
  trunks.drain();
  EXPECT_FALSE(trunks.isIdle());
  auto last = asked();
  EXPECT_EQ(*last.request.header(sip::HeaderId::expires), "0");
  requester.fail(last);
  EXPECT_TRUE(trunks.isIdle());
  trunks.adopt(registered());
  EXPECT_TRUE(requester.waiting.empty());
}

TEST_F(TrunkRegistrationsTest, HearNothingOfAnswersThatOutliveThem) {
  std::optional<FakeRequester::Asked> last;
  {
    TrunkRegistrations brief{parts()};
    brief.adopt(registered());
    last.emplace(asked());
  }
  requester.answer(*last, 200);
  EXPECT_TRUE(log.events().empty());
}

}  // namespace
}  // namespace sallyport::call
