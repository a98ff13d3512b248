// SPDX-License-Identifier: Apache-2.0
#include "call/request_relay.h"

#include "call/relay_test_support.h"

namespace sallyport::call {
namespace {

using test::RelayTest;
using Refused = std::pair<int, std::string>;

TEST_F(RelayTest, AMessageIsCarriedAndItsAnswerComesBack) {
  const auto id = say({.body = "hello"});
  auto asked = requester.take(sip::Method::message);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->peer, "core");
  EXPECT_EQ(asked->request.requestUri(), "sip:bob@core.inner.test");
  EXPECT_EQ(asked->request.body(), "hello");
  EXPECT_EQ(asked->request.contentType(), "text/plain");
  EXPECT_EQ(asked->request.maxForwards(), 69u);
  EXPECT_EQ(*asked->request.header(sip::HeaderId::pAssertedIdentity), "<sip:alice@sallyport.test>");
  EXPECT_EQ(*asked->request.header(sip::HeaderId::subject), "lunch");
  EXPECT_EQ(answers.of(id), nullptr);
  requester.answer(*asked, 202, "Server: SecretPBX/1.2\r\n");
  EXPECT_EQ(statusOf(id), 202);
  EXPECT_FALSE(answers.of(id)->has(sip::HeaderId::server));
  EXPECT_TRUE(answers.of(id)->toTag().starts_with("7-"));
  EXPECT_EQ(relay.pending(), 0u);
}

TEST_F(RelayTest, NothingOfOneSideIsSeenOnTheOther) {
  say({.headers = "X-Secret: 1\r\n", .body = "hello"});
  auto asked = requester.take(sip::Method::message);
  ASSERT_TRUE(asked);
  for (const auto* secret : {"leaky", "Leaky", "10.9.8.7", "secretive", "X-Secret"}) {
    EXPECT_EQ(asked->request.bytes().find(secret), std::string_view::npos) << secret;
  }
  EXPECT_FALSE(asked->request.has(sip::HeaderId::contact));  // RFC 3428 9
}

TEST_F(RelayTest, AMessageToADeviceGoesOnItsOwnConnection) {
  say({.user = "dora", .body = "hello"});
  auto asked = requester.take(sip::Method::message);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->flow, sip::FlowId{44});
}

TEST_F(RelayTest, ACharsetIsCarriedAndOtherParametersAreNot) {
  say({.type = "text/plain; charset=UTF-8; x=\"secret\"", .body = "hello"});
  EXPECT_EQ(*requester.take(sip::Method::message)->request.header(sip::HeaderId::contentType),
            "text/plain;charset=UTF-8");
}

TEST_F(RelayTest, WhatTheFarSideRefusesIsToldInOurWords) {
  for (const auto& [far, near] : {std::pair{404, 404},
                                  {480, 480},
                                  {486, 486},
                                  {400, 500},
                                  {401, 502},
                                  {407, 502},
                                  {503, 500},
                                  {302, 480},
                                  {603, 603}}) {
    const auto id = say({.body = "hello"});
    auto asked = requester.take(sip::Method::message);
    ASSERT_TRUE(asked);
    requester.answer(*asked, far, "WWW-Authenticate: Digest realm=\"inner\"\r\n");
    EXPECT_EQ(statusOf(id), near) << far;
    EXPECT_FALSE(answers.of(id)->has(sip::HeaderId::wwwAuthenticate));
  }
}

TEST_F(RelayTest, AChallengeOfTheFarSideIsAnsweredThere) {
  const auto id = say({.body = "hello"});
  auto asked = requester.take(sip::Method::message);
  requester.answer(*asked, 401, challengeOf("inner"));
  auto again = requester.take(sip::Method::message);
  ASSERT_TRUE(again);
  EXPECT_EQ(answers.of(id), nullptr);
  EXPECT_EQ(again->request.callId(), asked->request.callId());
  EXPECT_EQ(again->request.cseq(), 2u);
  EXPECT_EQ(again->request.body(), "hello");
  const auto proof = identity::DigestAnswer::parse(again->request.header(sip::HeaderId::authorization).value_or(""));
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(proof->uri, again->request.requestUri());
  EXPECT_EQ(proof->nonce, "n1");
  requester.answer(*again, 401, challengeOf("inner"));
  EXPECT_EQ(statusOf(id), 502);
  EXPECT_FALSE(answers.of(id)->has(sip::HeaderId::wwwAuthenticate));
  EXPECT_EQ(log.events("trunk.challenge_refused").front().fields.at("reason"), "identity.digest.rejected");
}

TEST_F(RelayTest, AChallengeOfAnotherRealmIsNotAnswered) {
  const auto id = say({.body = "hello"});
  auto asked = requester.take(sip::Method::message);
  requester.answer(*asked, 401, challengeOf("bank.example"));
  EXPECT_FALSE(requester.take(sip::Method::message));
  EXPECT_EQ(statusOf(id), 502);
}

TEST_F(RelayTest, NoAnswerIsToldAsWhatItIs) {
  const auto id = say({.body = "hello"});
  auto asked = requester.take(sip::Method::message);
  requester.fail(*asked);
  EXPECT_EQ(statusOf(id), 408);
  const auto other = say({.body = "hello"});
  auto unreachable = requester.take(sip::Method::message);
  requester.fail(*unreachable, "call.peer.not_connected");
  EXPECT_EQ(statusOf(other), 480);
  EXPECT_EQ(log.events("relay.carried").back().fields.at("reason"), "call.peer.not_connected");
}

TEST_F(RelayTest, WhatCanNotBeRoutedIsRefused) {
  EXPECT_EQ(refused({.user = "nobody", .body = "hello"}), (Refused{404, "call.route.none"}));
}

TEST_F(RelayTest, AMessageIsRefusedForItsBody) {
  EXPECT_EQ(refused({.body = std::string(8'193, 'x')}), (Refused{413, "relay.body.too_large"}));
  const auto id = say({.type = "text/html", .body = "<script>"});
  EXPECT_EQ(statusOf(id), 415);
  EXPECT_EQ(refusal(), "relay.body.type");
  EXPECT_EQ(*answers.of(id)->header(sip::HeaderId::accept), "text/plain");
  say({.body = std::string(8'192, 'x')});
  EXPECT_TRUE(requester.take(sip::Method::message));
}

TEST_F(RelayTest, TooManyHopsAreRefused) {
  EXPECT_EQ(refused({.body = "x", .max_forwards = 0}), (Refused{483, "relay.max_forwards"}));
}

TEST_F(RelayTest, OnlyMethodsThatStandAloneAreCarried) {
  for (const auto* method : {"INFO", "UPDATE", "PRACK", "BYE", "REGISTER"}) {
    const auto id = say({.method = method});
    EXPECT_EQ(statusOf(id), 405) << method;
    EXPECT_EQ(refusal(), "relay.method.denied") << method;
    EXPECT_TRUE(answers.of(id)->has(sip::HeaderId::allow));
  }
  EXPECT_EQ(refused({.method = "REFER", .headers = "Refer-To: <sip:premium@elsewhere.test>\r\n"}),
            (Refused{403, "relay.refer.outside"}));
  EXPECT_EQ(refused({.method = "NOTIFY", .headers = "Event: dialog\r\nSubscription-State: active\r\n"}),
            (Refused{481, "relay.notify.unknown"}));
  EXPECT_TRUE(requester.waiting.empty());
}

TEST_F(RelayTest, APolicyThatNamesItsMethodsAllowsNoOthers) {
  reconfigure([](config::Config& config) { config.devices->policy.methods = {"SUBSCRIBE"}; });
  EXPECT_EQ(refused({.body = "hello"}), (Refused{405, "relay.method.denied"}));
  reconfigure([](config::Config& config) {
    config.devices->policy.methods = {"MESSAGE"};
    for (auto& peer : config.peers) peer.policy.methods = {"SUBSCRIBE"};
  });
  EXPECT_EQ(refused({.body = "hello"}), (Refused{405, "relay.method.target"}));
  reconfigure([](config::Config& config) {
    config.devices->policy.methods = {"MESSAGE"};
    for (auto& peer : config.peers) peer.policy.methods = {"message", "PUBLISH"};
  });
  say({.body = "hello"});
  EXPECT_TRUE(requester.take(sip::Method::message));
}

TEST_F(RelayTest, APeerThatIsGoneFromTheConfigurationIsRefused) {
  reconfigure([](config::Config& config) { config.devices.reset(); });
  EXPECT_EQ(refused({.body = "hello"}), (Refused{403, "call.peer_removed"}));
}

TEST_F(RelayTest, OnePrincipalAndAllTogetherMayHaveSoManyOnTheirWay) {
  for (int i = 0; i < 3; ++i) say({.body = "hello"});
  EXPECT_EQ(refused({.body = "hello"}), (Refused{480, "relay.pending.identity"}));
  EXPECT_EQ(statusOf(say({.body = "hello"}, "mallory")), 0);
  EXPECT_EQ(refused({.body = "hello"}, "carrier"), (Refused{503, "relay.pending.full"}));
  while (auto asked = requester.take(sip::Method::message)) requester.answer(*asked, 200);
  EXPECT_EQ(relay.pending(), 0u);
  EXPECT_EQ(statusOf(say({.body = "hello"})), 0);
}

TEST_F(RelayTest, APublicationIsCarriedWithItsEntityTag) {
  const auto id = say({.method = "PUBLISH",
                       .headers = "Event: presence\r\nExpires: 1800\r\nSIP-If-Match: dx200xyz\r\n",
                       .type = "application/pidf+xml",
                       .body = "<presence/>"});
  auto asked = requester.take(sip::Method::publish);
  ASSERT_TRUE(asked);
  EXPECT_EQ(*asked->request.header(sip::HeaderId::event), "presence");
  EXPECT_EQ(*asked->request.header(sip::HeaderId::expires), "1800");
  EXPECT_EQ(*asked->request.header("SIP-If-Match"), "dx200xyz");
  EXPECT_EQ(asked->request.body(), "<presence/>");
  requester.answer(*asked, 200, "SIP-ETag: kwj449x\r\nExpires: 900\r\n");
  EXPECT_EQ(statusOf(id), 200);
  EXPECT_EQ(*answers.of(id)->header("SIP-ETag"), "kwj449x");
  EXPECT_EQ(*answers.of(id)->header(sip::HeaderId::expires), "900");
}

TEST_F(RelayTest, APublicationIsRefusedForItsEventItsTimeAndItsBody) {
  const auto id = say({.method = "PUBLISH", .headers = "Event: winfo\r\n"});
  EXPECT_EQ(statusOf(id), 489);
  EXPECT_EQ(refusal(), "relay.event.denied");
  EXPECT_EQ(*answers.of(id)->header(sip::HeaderId::allowEvents), "dialog, message-summary, presence");
  EXPECT_EQ(refused({.method = "PUBLISH"}), (Refused{489, "relay.event.denied"}));
  EXPECT_EQ(refused({.method = "PUBLISH", .headers = "Event: refer\r\n"}), (Refused{489, "relay.event.denied"}));
  EXPECT_EQ(refused({.method = "PUBLISH", .headers = "Event: presence\r\nExpires: soon\r\n"}),
            (Refused{400, "relay.expires.invalid"}));
  EXPECT_EQ(refused({.method = "PUBLISH", .headers = "Event: presence\r\nExpires: 5\r\n"}),
            (Refused{423, "relay.expires.brief"}));
  EXPECT_EQ(refused({.method = "PUBLISH", .headers = "Event: presence\r\n", .body = "hello"}),
            (Refused{415, "relay.body.type"}));
}

TEST_F(RelayTest, APublicationIsRefusedWhereThePolicyDoesNotNameIt) {
  reconfigure([](config::Config& config) { config.devices->policy.methods = {"MESSAGE"}; });
  EXPECT_EQ(refused({.method = "PUBLISH", .headers = "Event: presence\r\n"}), (Refused{405, "relay.method.denied"}));
}

TEST_F(RelayTest, AnAnswerThatOutlivesTheRelayReachesNobody) {
  std::optional<test::FakeRequester::Asked> last;
  {
    RequestRelay brief{{7, requester, answers, log, clock, {}}, routes, policy};
    brief.take(
        {sip::ServerTransactionId{99}, sip::FlowId{11}, who("alice"), *sip::Message::parse(text({.body = "x"}))});
    last = requester.take(sip::Method::message);
  }
  requester.answer(*last, 200);
  EXPECT_EQ(answers.of(sip::ServerTransactionId{99}), nullptr);
}

}  // namespace
}  // namespace sallyport::call
