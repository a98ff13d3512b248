// SPDX-License-Identifier: Apache-2.0
// RFC 6665 3.1 and 4.4.1: dialogs that SUBSCRIBE makes, and a NOTIFY that comes before its 2xx.
#include <gtest/gtest.h>

#include "sip/dialog.h"
#include "sip/dialog_test_support.h"

namespace sallyport::sip {
namespace {

using namespace test;

// Bob tells us, Alice, of what we subscribed to.
DialogText notify(unsigned cseq = 1) {
  return {.method = "NOTIFY",
          .uri = "sip:alice@192.0.2.4",
          .from = "<sip:bob@biloxi.example>;tag=bob1",
          .to = "<sip:alice@atlanta.example>;tag=alice1",
          .cseq = cseq,
          .contact = "<sip:bob@198.51.100.9:5061;transport=tls>",
          .extra = "Event: dialog\r\nSubscription-State: active\r\n"};
}

TEST(SubscriptionDialog, BeginsWithTheNotifyThatOvertakesThe2xx) {
  auto dialog = Dialog::fromNotify(notify().request(), 5);
  ASSERT_TRUE(dialog.ok());
  EXPECT_EQ(dialog->state(), Dialog::State::confirmed);
  EXPECT_EQ(dialog->localTag(), "alice1");
  EXPECT_EQ(dialog->remoteTag(), "bob1");
  const auto refresh = nextRequest(*dialog, "SUBSCRIBE");
  EXPECT_EQ(refresh.cseq(), 6u);
  EXPECT_EQ(refresh.requestUri(), "sip:bob@198.51.100.9:5061;transport=tls");
  EXPECT_FALSE(dialog->onRequest(notify(2).request(), 0));
  EXPECT_EQ(dialog->onRequest(notify(2).request(), 0)->status, 500);
}

TEST(SubscriptionDialog, NeedsToKnowWhereTheNotifierIs) {
  auto nowhere = notify();
  nowhere.contact = "";
  const auto dialog = Dialog::fromNotify(nowhere.request(), 5);
  ASSERT_FALSE(dialog.ok());
  EXPECT_STREQ(dialog.error().code, "sip.dialog.contact");
}

TEST(SubscriptionDialog, FollowsTheContactOfANotifyAndOfASubscribe) {
  auto dialog = *Dialog::fromNotify(notify().request(), 5);
  auto moved = notify(2);
  moved.contact = "<sip:bob@203.0.113.7>";
  ASSERT_FALSE(dialog.onRequest(moved.request(), 0));
  EXPECT_EQ(dialog.remoteTarget(), "sip:bob@198.51.100.9:5061;transport=tls");
  dialog.onAnswered(Method::notify, 200);
  EXPECT_EQ(dialog.remoteTarget(), "sip:bob@203.0.113.7");

  auto subscribed = *Dialog::fromRequest(DialogText{.method = "SUBSCRIBE"}.request(), "bob1");
  subscribed.onAnswered(Method::subscribe, 200);
  EXPECT_EQ(subscribed.state(), Dialog::State::confirmed);
  auto refresh = fromAlice("SUBSCRIBE", 11);
  refresh.contact = "<sip:alice@203.0.113.8>";
  ASSERT_FALSE(subscribed.onRequest(refresh.request(), 0));
  subscribed.onAnswered(Method::subscribe, 200);
  EXPECT_EQ(subscribed.remoteTarget(), "sip:alice@203.0.113.8");
}

TEST(SubscriptionDialog, TakesOneNotifyAfterAnotherWithoutGlare) {
  auto dialog = *Dialog::fromNotify(notify().request(), 5);
  auto second = notify(2);
  second.body = "<dialog-info/>";
  EXPECT_FALSE(dialog.onRequest(second.request(), 0));  // not yet answered
  auto third = notify(3);
  third.body = "<dialog-info/>";
  EXPECT_FALSE(dialog.onRequest(third.request(), 0));
}

}  // namespace
}  // namespace sallyport::sip
