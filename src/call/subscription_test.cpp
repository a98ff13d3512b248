// SPDX-License-Identifier: Apache-2.0
#include "call/subscription.h"

#include "call/relay_test_support.h"

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using test::FakeRequester;
using Refused = std::pair<int, std::string>;

class SubscriptionTest : public test::RelayTest {
 protected:
  static Text subscribing(const std::string& headers = "Event: dialog\r\nExpires: 600\r\n") {
    return {.method = "SUBSCRIBE", .headers = headers};
  }
  // alice's SUBSCRIBE has reached core.
  bool ask(const Text& what = subscribing()) {
    subscribe = say(what);
    far = requester.take(sip::Method::subscribe);
    if (far) far_tag = std::string{far->request.fromTag()};
    return far.has_value();
  }
  bool grant(const std::string& expires = "600") {
    requester.answer(*far, 200, kFarContact + "Expires: " + expires + "\r\n");
    const auto* said = answers.of(subscribe);
    if (said == nullptr || !said->isSuccess()) return false;
    near_tag = std::string{said->toTag()};
    return true;
  }
  bool establish() { return ask() && grant(); }

  struct Notify {
    std::string state = "active;expires=600";
    std::string event = "dialog";
    std::string type = "application/dialog-info+xml";
    std::string body = "<dialog-info/>";
    std::string method = "NOTIFY";
    std::string remote_tag = "far-tag";
    unsigned cseq = 0;  // 0: the next
  };
  sip::ServerTransactionId notify(const Notify& what, std::string_view from = "core") {
    const auto number = what.cseq == 0 ? ++notify_cseq_ : what.cseq;
    std::string out = what.method + " sip:" + far_tag +
                      "@edge.sallyport.test:5061 SIP/2.0\r\nVia: SIP/2.0/TLS "
                      "10.20.30.40;branch=z9hG4bKn\r\nFrom: <sip:bob@core.inner.test>;tag=" +
                      what.remote_tag + "\r\nTo: <sip:alice@sallyport.test>;tag=" + far_tag +
                      "\r\nCall-ID: " + std::string{far ? far->request.callId() : ""} +
                      "\r\nCSeq: " + std::to_string(number) + " " + what.method + "\r\nMax-Forwards: 70\r\n" +
                      kFarContact + "Event: " + what.event + "\r\nSubscription-State: " + what.state + "\r\n";
    if (!what.body.empty()) out += "Content-Type: " + what.type + "\r\n";
    return sayBytes(out + "Content-Length: " + std::to_string(what.body.size()) + "\r\n\r\n" + what.body, from,
                    sip::FlowId{22});
  }
  Text refreshing(unsigned cseq, const std::string& headers = "Event: dialog\r\nExpires: 600\r\n") const {
    return {.method = "SUBSCRIBE", .headers = headers, .to_tag = near_tag, .cseq = cseq};
  }

  const std::string kFarContact = "Contact: <sip:inner@10.20.30.40:5060;transport=tls>\r\n";
  sip::ServerTransactionId subscribe{};
  std::optional<FakeRequester::Asked> far;
  std::string far_tag, near_tag;

 private:
  unsigned notify_cseq_ = 0;
};

TEST_F(SubscriptionTest, ASubscriptionHasADialogOfItsOwnOnEachSide) {
  ASSERT_TRUE(ask());
  EXPECT_EQ(far->peer, "core");
  EXPECT_EQ(far->request.requestUri(), "sip:bob@core.inner.test");
  EXPECT_EQ(*far->request.header(sip::HeaderId::event), "dialog");
  EXPECT_EQ(*far->request.header(sip::HeaderId::expires), "600");
  EXPECT_TRUE(far_tag.starts_with("7-"));
  EXPECT_EQ(*far->request.header(sip::HeaderId::contact),
            "<sip:" + far_tag + "@edge.sallyport.test:5061;transport=tls>");
  for (const auto* secret : {"leaky", "10.9.8.7", "secretive", "Leaky"}) {
    EXPECT_EQ(far->request.bytes().find(secret), std::string_view::npos) << secret;
  }
  ASSERT_TRUE(grant("300"));
  const auto* said = answers.of(subscribe);
  EXPECT_EQ(*said->header(sip::HeaderId::expires), "300");
  EXPECT_EQ(*said->header(sip::HeaderId::contact), "<sip:" + near_tag + "@edge.sallyport.test:5061;transport=tls>");
  EXPECT_EQ(said->bytes().find("10.20.30.40"), std::string_view::npos);
  EXPECT_NE(near_tag, far_tag);
  EXPECT_EQ(relay.subscriptions(), 1u);
}

TEST_F(SubscriptionTest, ABrowserIsToldOfTheWebListenerInContact) {
  over = Transport::wss;
  ASSERT_TRUE(establish());
  EXPECT_EQ(*answers.of(subscribe)->header(sip::HeaderId::contact),
            "<sip:" + near_tag + "@edge.sallyport.test:8443;transport=ws>");
  notify({});
  const auto told = requester.take(sip::Method::notify);
  ASSERT_TRUE(told);
  EXPECT_EQ(*told->request.header(sip::HeaderId::contact),
            "<sip:" + near_tag + "@edge.sallyport.test:8443;transport=ws>");
}

TEST_F(SubscriptionTest, ANotifyIsCarriedOnTheSubscribersConnectionAndAnswered) {
  ASSERT_TRUE(establish());
  const auto id = notify({});
  auto told = requester.take(sip::Method::notify);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->flow, sip::FlowId{11});
  EXPECT_EQ(told->request.requestUri(), "sip:secretive@10.9.8.7:5061;transport=tls");
  EXPECT_EQ(told->request.callId(), "leaky-call");
  EXPECT_EQ(told->request.toTag(), "leaky-tag");
  EXPECT_EQ(told->request.fromTag(), near_tag);
  EXPECT_EQ(*told->request.header(sip::HeaderId::subscriptionState), "active;expires=600");
  EXPECT_EQ(told->request.contentType(), "application/dialog-info+xml");
  EXPECT_EQ(told->request.body(), "<dialog-info/>");
  EXPECT_EQ(told->request.bytes().find("10.20.30.40"), std::string_view::npos);
  requester.answer(*told, 200);
  EXPECT_EQ(statusOf(id), 200);
}

TEST_F(SubscriptionTest, ANotifyMayOvertakeThe2xx) {
  ASSERT_TRUE(ask());
  const auto id = notify({});
  auto told = requester.take(sip::Method::notify);
  ASSERT_TRUE(told);
  requester.answer(*told, 200);
  EXPECT_EQ(statusOf(id), 200);
  ASSERT_TRUE(grant());
  EXPECT_EQ(told->request.fromTag(), near_tag);
  say(refreshing(2));
  auto again = requester.take(sip::Method::subscribe);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->request.cseq(), 2u);
}

TEST_F(SubscriptionTest, ARefreshIsCarriedInsideTheDialog) {
  ASSERT_TRUE(establish());
  const auto id = say(refreshing(2));
  auto again = requester.take(sip::Method::subscribe);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->request.requestUri(), "sip:inner@10.20.30.40:5060;transport=tls");
  EXPECT_EQ(again->request.fromTag(), far_tag);
  EXPECT_EQ(again->request.toTag(), "far-tag");
  EXPECT_EQ(again->request.callId(), far->request.callId());
  EXPECT_EQ(again->request.cseq(), 2u);
  requester.answer(*again, 200, kFarContact + "Expires: 500\r\n");
  EXPECT_EQ(statusOf(id), 200);
  EXPECT_EQ(*answers.of(id)->header(sip::HeaderId::expires), "500");
}

TEST_F(SubscriptionTest, UnsubscribingEndsWithTheLastNotify) {
  ASSERT_TRUE(establish());
  const auto id = say(refreshing(2, "Event: dialog\r\nExpires: 0\r\n"));
  auto stop = requester.take(sip::Method::subscribe);
  ASSERT_TRUE(stop);
  EXPECT_EQ(*stop->request.header(sip::HeaderId::expires), "0");
  requester.answer(*stop, 200, "Expires: 0\r\n");
  EXPECT_EQ(statusOf(id), 200);
  EXPECT_EQ(relay.subscriptions(), 1u);
  const auto last = notify({.state = "terminated;reason=timeout"});
  auto told = requester.take(sip::Method::notify);
  EXPECT_EQ(*told->request.header(sip::HeaderId::subscriptionState), "terminated;reason=timeout");
  requester.answer(*told, 200);
  EXPECT_EQ(statusOf(last), 200);
  EXPECT_EQ(relay.subscriptions(), 0u);
  EXPECT_EQ(log.events("relay.subscription.ended").back().fields.at("reason"), "relay.subscription.terminated");
}

TEST_F(SubscriptionTest, AChallengeOfTheNotifierIsAnsweredThere) {
  ASSERT_TRUE(ask());
  requester.answer(*far, 401, challengeOf("inner"));
  far = requester.take(sip::Method::subscribe);
  ASSERT_TRUE(far);
  EXPECT_EQ(far->request.cseq(), 2u);
  EXPECT_EQ(far->request.fromTag(), far_tag);
  EXPECT_TRUE(far->request.has(sip::HeaderId::authorization));
  ASSERT_TRUE(grant());
  const auto refresh = say(refreshing(2));
  auto again = requester.take(sip::Method::subscribe);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->request.cseq(), 3u);
  const auto proof = identity::DigestAnswer::parse(again->request.header(sip::HeaderId::authorization).value_or(""));
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(proof->nonce_count, "00000002");
  EXPECT_EQ(proof->uri, again->request.requestUri());
  requester.answer(*again, 401, challengeOf("bank.example"));
  EXPECT_EQ(statusOf(refresh), 502);
  EXPECT_EQ(relay.subscriptions(), 1u);
}

TEST_F(SubscriptionTest, WhatTheNotifierRefusesIsTheEndOfIt) {
  for (const auto& [far_status, headers, near] : {std::tuple{404, "", 404},
                                                  {423, "Min-Expires: 1800\r\n", 423},
                                                  {489, "", 489},
                                                  {401, "", 502},
                                                  {481, "", 500}}) {
    ASSERT_TRUE(ask());
    requester.answer(*far, far_status, headers);
    EXPECT_EQ(statusOf(subscribe), near) << far_status;
    EXPECT_EQ(relay.subscriptions(), 0u);
    const auto* said = answers.of(subscribe);
    EXPECT_EQ(said->header(sip::HeaderId::minExpires).value_or(""), near == 423 ? "1800" : "");
    EXPECT_EQ(said->header(sip::HeaderId::allowEvents).value_or(""), near == 489 ? "dialog" : "");
  }
  ASSERT_TRUE(ask());
  requester.fail(*far);
  EXPECT_EQ(statusOf(subscribe), 408);
  EXPECT_EQ(relay.subscriptions(), 0u);
}

TEST_F(SubscriptionTest, A2xxThatMakesNoDialogIsABadGateway) {
  ASSERT_TRUE(ask());
  requester.answer(*far, 200, "Expires: 600\r\n");  // no Contact
  EXPECT_EQ(statusOf(subscribe), 502);
  EXPECT_EQ(relay.subscriptions(), 0u);
}

TEST_F(SubscriptionTest, ARefreshThatFindsNothingEndsItAndOneThatFailsDoesNot) {
  ASSERT_TRUE(establish());
  const auto busy = say(refreshing(2));
  auto again = requester.take(sip::Method::subscribe);
  requester.answer(*again, 500);
  EXPECT_EQ(statusOf(busy), 500);
  EXPECT_EQ(relay.subscriptions(), 1u);
  const auto lost = say(refreshing(3));
  again = requester.take(sip::Method::subscribe);
  requester.answer(*again, 481);
  EXPECT_EQ(statusOf(lost), 481);
  EXPECT_EQ(relay.subscriptions(), 0u);
}

TEST_F(SubscriptionTest, OnlyEventsOfTheListAreSubscribedTo) {
  for (const auto* headers : {"", "Event: winfo\r\n", "Event: refer\r\n", "Event: Dialog\r\n", "Event: a b\r\n"}) {
    const auto id = say(subscribing(headers));
    EXPECT_EQ(statusOf(id), 489) << headers;
    EXPECT_EQ(refusal(), "relay.event.denied");
    EXPECT_EQ(*answers.of(id)->header(sip::HeaderId::allowEvents), "dialog, message-summary, presence");
  }
  EXPECT_TRUE(requester.waiting.empty());
}

TEST_F(SubscriptionTest, AnIntervalIsBounded) {
  const auto id = say(subscribing("Event: dialog\r\nExpires: 30\r\n"));
  EXPECT_EQ(statusOf(id), 423);
  EXPECT_EQ(refusal(), "relay.expires.brief");
  EXPECT_EQ(*answers.of(id)->header(sip::HeaderId::minExpires), "60");
  EXPECT_EQ(refused(subscribing("Event: dialog\r\nExpires: x\r\n")), (Refused{400, "relay.expires.invalid"}));
  ASSERT_TRUE(ask(subscribing("Event: dialog\r\nExpires: 999999\r\n")));
  EXPECT_EQ(*far->request.header(sip::HeaderId::expires), "3600");
  ASSERT_TRUE(grant("99999"));
  EXPECT_EQ(*answers.of(subscribe)->header(sip::HeaderId::expires), "3600");
}

TEST_F(SubscriptionTest, AFilterIsNotCarried) {
  auto filtered = subscribing();
  filtered.type = "application/simple-filter+xml";
  filtered.body = "<filter/>";
  EXPECT_EQ(refused(filtered), (Refused{415, "relay.body.type"}));
}

TEST_F(SubscriptionTest, ASubscriberMustSayWhereItIs) {
  auto nowhere = subscribing();
  nowhere.contact = "";
  EXPECT_EQ(refused(nowhere), (Refused{400, "sip.dialog.contact"}));
  EXPECT_EQ(relay.subscriptions(), 0u);
}

TEST_F(SubscriptionTest, OnePrincipalAndAllTogetherMayHaveSoMany) {
  ASSERT_TRUE(establish());
  ASSERT_TRUE(ask());
  EXPECT_EQ(refused(subscribing()), (Refused{480, "relay.subscriptions.identity"}));
  say(subscribing(), "mallory");
  EXPECT_EQ(relay.subscriptions(), 3u);
  EXPECT_EQ(refused(subscribing(), "carrier"), (Refused{503, "relay.subscriptions.full"}));
}

TEST_F(SubscriptionTest, ANotifyIsRefusedForWhatItSays) {
  ASSERT_TRUE(establish());
  const auto check = [&](const Notify& what) {
    const auto id = notify(what);
    return Refused{statusOf(id), refusal()};
  };
  EXPECT_EQ(check({.event = "presence"}), (Refused{489, "relay.notify.event"}));
  EXPECT_EQ(check({.event = "dialog;id=2"}), (Refused{489, "relay.notify.event"}));
  EXPECT_EQ(check({.state = "weird"}), (Refused{400, "relay.notify.state"}));
  EXPECT_EQ(check({.type = "text/html"}), (Refused{415, "relay.body.type"}));
  EXPECT_EQ(check({.body = std::string(8'193, 'x')}), (Refused{413, "relay.body.too_large"}));
  EXPECT_EQ(check({.remote_tag = "another-fork"}), (Refused{481, "sip.dialog.mismatch"}));
  EXPECT_TRUE(requester.waiting.empty());
  notify({.cseq = 50});
  EXPECT_EQ(check({.cseq = 49}), (Refused{500, "sip.dialog.cseq"}));
}

TEST_F(SubscriptionTest, TooManyNotifiesAtOnceAreRefused) {
  ASSERT_TRUE(establish());
  for (int i = 0; i < 4; ++i) notify({});
  const auto id = notify({});
  EXPECT_EQ(statusOf(id), 500);
  EXPECT_EQ(refusal(), "relay.overlap");
  EXPECT_TRUE(answers.of(id)->has(sip::HeaderId::retryAfter));
}

TEST_F(SubscriptionTest, ASecondRefreshWaitsForTheFirst) {
  ASSERT_TRUE(establish());
  say(refreshing(2));
  EXPECT_EQ(refused(refreshing(3)), (Refused{500, "relay.overlap"}));
}

TEST_F(SubscriptionTest, ARefreshIsOfTheSameEventAndInOrder) {
  ASSERT_TRUE(establish());
  EXPECT_EQ(refused(refreshing(2, "Event: presence\r\n")), (Refused{489, "relay.event.denied"}));
  EXPECT_EQ(refused(refreshing(2)), (Refused{500, "sip.dialog.cseq"}));
  EXPECT_EQ(refused(refreshing(3, "Event: dialog\r\nExpires: 1\r\n")), (Refused{423, "relay.expires.brief"}));
}

TEST_F(SubscriptionTest, ADialogBelongsToWhomItBeganWith) {
  ASSERT_TRUE(establish());
  EXPECT_EQ(refused(refreshing(2), "mallory"), (Refused{481, "relay.dialog.foreign"}));
  const auto id = notify({}, "carrier");
  EXPECT_EQ(statusOf(id), 481);
  EXPECT_EQ(refusal(), "relay.dialog.foreign");
  auto other_call = refreshing(2);
  other_call.call_id = "another";
  EXPECT_EQ(refused(other_call), (Refused{481, "relay.dialog.foreign"}));
  EXPECT_TRUE(requester.waiting.empty());
}

TEST_F(SubscriptionTest, AnUnknownDialogIsRefused) {
  Text lost = subscribing();
  lost.to_tag = "7-nobody";
  EXPECT_FALSE(relay.owns("7-nobody"));
  EXPECT_EQ(refused(lost), (Refused{481, "relay.dialog.unknown"}));
}

TEST_F(SubscriptionTest, NothingElseIsCarriedInsideIt) {
  ASSERT_TRUE(establish());
  auto message = refreshing(2);
  message.method = "MESSAGE";
  EXPECT_EQ(refused(message), (Refused{405, "relay.method.dialog"}));
  const auto id = notify({.method = "SUBSCRIBE"});
  EXPECT_EQ(statusOf(id), 405);
}

TEST_F(SubscriptionTest, ASubscriberThatDoesNotKnowOfItEndsIt) {
  for (const auto& [status, kept] : {std::pair{500, 1u}, {481, 0u}}) {
    ASSERT_TRUE(establish());
    const auto id = notify({});
    auto told = requester.take(sip::Method::notify);
    requester.answer(*told, status);
    EXPECT_EQ(statusOf(id), status);
    EXPECT_EQ(relay.subscriptions(), kept);
    if (kept != 0) relay.endAll();
    requester.waiting.clear();
  }
  ASSERT_TRUE(establish());
  const auto id = notify({});
  auto told = requester.take(sip::Method::notify);
  requester.fail(*told);
  EXPECT_EQ(statusOf(id), 481);
  EXPECT_EQ(relay.subscriptions(), 0u);
}

TEST_F(SubscriptionTest, WhatNobodyRefreshesEndsOnBothSides) {
  ASSERT_TRUE(establish());
  clock.advance(631s);
  relay.watch();
  EXPECT_EQ(relay.subscriptions(), 1u);
  clock.advance(1s);
  relay.watch();
  EXPECT_EQ(relay.subscriptions(), 0u);
  auto told = requester.take(sip::Method::notify);
  ASSERT_TRUE(told);
  EXPECT_EQ(*told->request.header(sip::HeaderId::subscriptionState), "terminated;reason=timeout");
  auto stop = requester.take(sip::Method::subscribe);
  ASSERT_TRUE(stop);
  EXPECT_EQ(*stop->request.header(sip::HeaderId::expires), "0");
  requester.answer(*told, 481);
  requester.answer(*stop, 200);
}

TEST_F(SubscriptionTest, ADeviceWhoseConnectionIsLostIsNoSubscriberAnyMore) {
  ASSERT_TRUE(establish());
  relay.flowClosed(sip::FlowId{12});
  relay.watch();
  EXPECT_EQ(relay.subscriptions(), 1u);
  relay.flowClosed(sip::FlowId{11});
  relay.watch();
  EXPECT_EQ(relay.subscriptions(), 0u);
  EXPECT_TRUE(requester.take(sip::Method::subscribe));
}

TEST_F(SubscriptionTest, APeerThatIsGoneFromTheConfigurationHasNoSubscriptions) {
  ASSERT_TRUE(establish());
  reconfigure([](config::Config&) {});
  EXPECT_EQ(relay.subscriptions(), 1u);
  reconfigure([](config::Config& config) {
    std::erase_if(config.peers, [](const config::Peer& peer) { return peer.name == "core"; });
    config.routes.clear();
  });
  EXPECT_EQ(relay.subscriptions(), 0u);
  EXPECT_EQ(log.events("relay.subscription.ended").back().fields.at("reason"), "relay.peer_removed");
}

TEST_F(SubscriptionTest, EndingAnswersWhatIsStillOpen) {
  ASSERT_TRUE(ask());
  const auto early = notify({});
  relay.endAll();
  EXPECT_EQ(statusOf(subscribe), 480);
  EXPECT_EQ(statusOf(early), 481);
  EXPECT_EQ(relay.subscriptions(), 0u);
}

}  // namespace
}  // namespace sallyport::call
