// SPDX-License-Identifier: Apache-2.0
#include "call/request_routes.h"

#include <gtest/gtest.h>

#include "call/call_test_border.h"

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;

class PolicyRoutesTest : public ::testing::Test {
 protected:
  static RelayRequest message(const std::string& user, std::string_view from = "alice", const std::string& headers = {},
                              const std::string& scheme = "sip:") {
    auto parsed = sip::Message::parse("MESSAGE " + scheme + user +
                                      "@sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\n"
                                      "From: <sip:eve@elsewhere.test>;tag=1\r\nTo: <sip:" +
                                      user + "@sallyport.test>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n" + headers +
                                      "Content-Length: 0\r\n\r\n");
    SP_CHECK(parsed.ok());
    return {sip::ServerTransactionId{1}, sip::FlowId{11},
            identity::Principal::fromCertificate(test::principal(from).proof), *std::move(parsed)};
  }
  std::string codeOf(const RelayRequest& request) {
    const auto route = routes.decide(request);
    return route ? "" : route.error().code;
  }
  void bind(const std::string& aor, const std::string& path = {}) {
    Binding binding;
    binding.aor = aor;
    binding.contact.uri = "sip:desk@10.0.0.9:5061;transport=tls";
    binding.flow = sip::FlowId{44};
    binding.path = path;
    binding.call_id = "r";
    binding.cseq = 1;
    binding.expires = clock.wall() + 600s;
    RegistrationChange change;
    change.aor = aor;
    change.call_id = "r";
    change.cseq = 1;
    change.updates = {binding};
    SP_CHECK(registered.apply(std::move(change), clock.wall()).ok());
  }

  FakeClock clock;
  Registrations registered{{8, 100}};
  EdgePolicyPtr policy = withCore({});
  static EdgePolicyPtr withCore(const std::string& more) {
    test::BorderConfig config;
    if (!more.empty()) config.core = more;
    config.media = "[unprotected_listener]\naddress = \"10.0.0.1:5060\"\n";
    config.routes = "[[route]]\nuser = \"bob\"\nto = \"core\"\n[[route]]\nuser = \"dora\"\nto = \"device\"\n";
    config.sip = "[registrar]\nenabled = true\n";
    config.guard = "methods = [\"INVITE\", \"ACK\", \"BYE\", \"CANCEL\", \"MESSAGE\", \"REGISTER\"]\n";
    return test::policyOf(config);
  }
  PolicyRoutes routes{policy, clock, &registered};
};

TEST_F(PolicyRoutesTest, APeerIsAskedAsItWouldBeForACall) {
  const auto route = routes.decide(message("bob"));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->target.peer->name, "core");
  EXPECT_EQ(route->target.request_uri, "sip:bob@core.inner.test");
  EXPECT_EQ(route->target.to_uri, "sip:bob@core.inner.test");
  EXPECT_FALSE(route->target.flow);
}

// RFC 5630 3.1.2: what is asked for over sips: is not carried on as sip:.
TEST_F(PolicyRoutesTest, WhatIsAskedWithSipsGoesOnWithSips) {
  const auto route = routes.decide(message("bob", "alice", {}, "sips:"));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->target.request_uri, "sips:bob@core.inner.test");
  EXPECT_EQ(route->target.to_uri, "sips:bob@core.inner.test");
  EXPECT_TRUE(route->target.from_uri.starts_with("sips:"));
}

TEST_F(PolicyRoutesTest, WhatIsAskedWithSipsNeverGoesToAnUnprotectedPeer) {
  routes.adopt(withCore("address = \"10.20.30.40:5060\"\nunprotected = true\n"));
  EXPECT_EQ(codeOf(message("bob", "alice", {}, "sips:")), "call.sips.hop");
  EXPECT_EQ(codeOf(message("bob")), "");
}

TEST_F(PolicyRoutesTest, TheSenderIsWhoIsProvenWhateverItSays) {
  const auto route = routes.decide(message("bob", "alice", "P-Asserted-Identity: <sip:boss@sallyport.test>\r\n"));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->target.from_uri, "sip:alice@sallyport.test");
  EXPECT_EQ(route->target.asserted_identity, "sip:alice@sallyport.test");
}

TEST_F(PolicyRoutesTest, PrivacyIsObeyed) {
  const auto route = routes.decide(message("bob", "alice", "Privacy: id\r\n"));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->target.from_uri.find("alice"), std::string::npos);
  EXPECT_TRUE(route->target.asserted_identity.empty());
}

TEST_F(PolicyRoutesTest, ARegisteredUserIsReachedOnTheirConnection) {
  bind("dora@sallyport.test", "<sip:edge1.test;lr>, <sip:edge2.test;lr>");
  const auto route = routes.decide(message("dora"));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->target.flow, sip::FlowId{44});
  EXPECT_EQ(route->target.request_uri, "sip:desk@10.0.0.9:5061;transport=tls");
  EXPECT_EQ(route->target.to_uri, "sip:dora@sallyport.test");
  EXPECT_EQ(route->target.route, (std::vector<std::string>{"sip:edge1.test;lr", "sip:edge2.test;lr"}));
}

TEST_F(PolicyRoutesTest, WhoRegisteredWithoutAPathIsReachedWithoutARoute) {
  bind("dora@sallyport.test");
  const auto route = routes.decide(message("dora"));
  ASSERT_TRUE(route.ok()) << route.error().code;
  EXPECT_EQ(route->target.request_uri, "sip:desk@10.0.0.9:5061;transport=tls");
  EXPECT_TRUE(route->target.route.empty());
}

TEST_F(PolicyRoutesTest, WhoIsNotReachableIsRefused) {
  EXPECT_EQ(codeOf(message("dora")), "registrar.no_binding");
  bind("dora@sallyport.test");
  registered.flowClosed(sip::FlowId{44});
  EXPECT_EQ(codeOf(message("dora")), "registrar.no_flow");
  PolicyRoutes nobody{policy, clock};
  EXPECT_STREQ(nobody.decide(message("dora")).error().code, "registrar.no_binding");
}

TEST_F(PolicyRoutesTest, NoRouteAndTheWayBackAreRefused) {
  EXPECT_EQ(codeOf(message("nobody")), "call.route.none");
  EXPECT_EQ(codeOf(message("bob", "core")), "call.route.to_origin");
}

TEST_F(PolicyRoutesTest, APeerThatIsGoneFromTheConfigurationIsRefused) {
  test::BorderConfig config;
  config.peers = test::BorderConfig::Peers::withoutCore;
  routes.adopt(test::policyOf(config));
  EXPECT_EQ(codeOf(message("bob", "core")), "call.peer_removed");
}

}  // namespace
}  // namespace sallyport::call
