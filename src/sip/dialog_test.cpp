// SPDX-License-Identifier: Apache-2.0
// RFC 3261 12: creation, the requests a dialog writes, and what responses change.
#include "sip/dialog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sip/dialog_test_support.h"

namespace sallyport::sip {
namespace {

using namespace test;
using ::testing::ElementsAre;
using State = Dialog::State;

constexpr std::string_view kRecorded =
    "Record-Route: <sip:p3.example;lr>, <sip:p2.example;lr>\r\nRecord-Route: <sip:p1.example;lr>\r\n";

// --- Creation -------------------------------------------------------------------------------------------------

TEST(Dialog, TheCalledSideKeepsTheRouteInOrderAndTheCallerAsTarget) {
  auto invite = DialogText{.extra = kRecorded};
  const auto dialog = called(invite);
  EXPECT_EQ(dialog.state(), State::early);
  EXPECT_EQ(dialog.role(), Dialog::Role::uas);
  EXPECT_EQ(dialog.localTag(), "bob1");
  EXPECT_EQ(dialog.remoteTag(), "alice1");
  EXPECT_EQ(dialog.localUri(), "sip:bob@biloxi.example");
  EXPECT_EQ(dialog.remoteUri(), "sip:alice@atlanta.example");
  EXPECT_EQ(dialog.remoteTarget(), "sip:alice@192.0.2.4;transport=tls");
  EXPECT_THAT(dialog.routeSet(), ElementsAre("sip:p3.example;lr", "sip:p2.example;lr", "sip:p1.example;lr"));
  EXPECT_EQ(dialog.nextHop(), "sip:p3.example;lr");
}

TEST(Dialog, TheCallingSideReversesTheRoute) {
  auto ok = fromBob();
  ok.extra = kRecorded;
  const auto dialog = calling(200, ok);
  EXPECT_EQ(dialog.state(), State::confirmed);
  EXPECT_EQ(dialog.localTag(), "alice1");
  EXPECT_EQ(dialog.remoteTag(), "bob1");
  EXPECT_EQ(dialog.remoteTarget(), "sip:bob@198.51.100.9:5061;transport=tls");
  EXPECT_THAT(dialog.routeSet(), ElementsAre("sip:p1.example;lr", "sip:p2.example;lr", "sip:p3.example;lr"));
}

TEST(Dialog, SecureMeansTheRequestWentToASipsUri) {
  EXPECT_FALSE(called().isSecure());
  EXPECT_TRUE(called({.uri = "sips:bob@biloxi.example"}).isSecure());
  EXPECT_TRUE(Dialog::fromResponse(fromBob().response(200), "sips:bob@biloxi.example")->isSecure());
}

TEST(Dialog, ACallerWithoutATagIsPossible) {
  const auto dialog = called({.from = "<sip:alice@atlanta.example>"});
  EXPECT_EQ(dialog.remoteTag(), "");
}

TEST(Dialog, ACreatingRequestNeedsExactlyOneSipContact) {
  for (const std::string_view contact : {"", "<sip:a@h>, <sip:b@h>", "<tel:+15551234>", "<mailto:a@h>"}) {
    const auto refused = Dialog::fromRequest(DialogText{.contact = contact}.request(), "bob1");
    ASSERT_FALSE(refused) << contact;
    EXPECT_STREQ(refused.error().code, "sip.dialog.contact") << contact;
  }
}

TEST(Dialog, ARecordRouteThatIsNoSipUriIsRefused) {
  const DialogText invite{.extra = "Record-Route: <http://p1.example>\r\n"};
  const auto refused = Dialog::fromRequest(invite.request(), "bob1");
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "sip.dialog.record_route");
}

TEST(Dialog, OnlyATaggedAnswerFrom101To299Creates) {
  auto untagged = fromBob();
  untagged.to = "<sip:bob@biloxi.example>";
  EXPECT_STREQ(Dialog::fromResponse(untagged.response(180), "sip:b@h").error().code, "sip.dialog.to_tag");
  for (const int status : {100, 302, 486}) {
    EXPECT_STREQ(Dialog::fromResponse(fromBob().response(status), "sip:b@h").error().code, "sip.dialog.status");
  }
  auto mute = fromBob();
  mute.contact = "";
  EXPECT_STREQ(Dialog::fromResponse(mute.response(200), "sip:b@h").error().code, "sip.dialog.contact");
  const auto early = Dialog::fromResponse(mute.response(183), "sip:b@h");
  ASSERT_TRUE(early);
  EXPECT_EQ(early->remoteTarget(), "sip:b@h");
}

// --- Requests we send (12.2.1.1) ------------------------------------------------------------------------------

TEST(Dialog, ARequestCarriesTheDialogAndTheNextNumber) {
  auto dialog = calling();
  const auto bye = nextRequest(dialog, "BYE");
  EXPECT_EQ(bye.requestUri(), "sip:bob@198.51.100.9:5061;transport=tls");
  EXPECT_EQ(bye.method(), Method::bye);
  EXPECT_EQ(bye.cseq(), 11u);
  EXPECT_EQ(bye.fromTag(), "alice1");
  EXPECT_EQ(bye.toTag(), "bob1");
  EXPECT_EQ(bye.from().uri, "sip:alice@atlanta.example");
  EXPECT_EQ(bye.to().uri, "sip:bob@biloxi.example");
  EXPECT_EQ(bye.callId(), "c1");
  EXPECT_EQ(bye.topmostVia().branch(), "z9hG4bKe1");
  EXPECT_EQ(bye.maxForwards(), 70u);
  EXPECT_FALSE(bye.has(HeaderId::route));
  EXPECT_EQ(nextRequest(dialog, "INFO").cseq(), 12u);
}

TEST(Dialog, TheCalledSideNumbersItsOwnRequests) {
  auto dialog = answeredCall();
  const auto first = nextRequest(dialog, "INFO").cseq();
  EXPECT_EQ(nextRequest(dialog, "BYE").cseq(), first + 1);
}

TEST(Dialog, LooseRoutersStandInRouteAndTheTargetInTheRequestUri) {
  auto ok = fromBob();
  ok.extra = kRecorded;
  auto dialog = calling(200, ok);
  const auto bye = nextRequest(dialog, "BYE");
  EXPECT_EQ(bye.requestUri(), dialog.remoteTarget());
  EXPECT_THAT(bye.list(HeaderId::route),
              ElementsAre("<sip:p1.example;lr>", "<sip:p2.example;lr>", "<sip:p3.example;lr>"));
}

TEST(Dialog, AStrictRouterStandsInTheRequestUriAndTheTargetLastInRoute) {
  auto ok = fromBob();
  ok.extra = "Record-Route: <sip:p2.example;lr>, <sip:p1.example;method=INVITE;user=phone?Subject=x>\r\n";
  auto dialog = calling(200, ok);
  const auto bye = nextRequest(dialog, "BYE");
  EXPECT_EQ(bye.requestUri(), "sip:p1.example;user=phone");  // without what a Request-URI may not have
  EXPECT_THAT(bye.list(HeaderId::route),
              ElementsAre("<sip:p2.example;lr>", "<sip:bob@198.51.100.9:5061;transport=tls>"));
  EXPECT_EQ(dialog.nextHop(), "sip:p1.example;method=INVITE;user=phone?Subject=x");
}

TEST(Dialog, AContactWithHeadersLosesThemInTheRequestUri) {
  auto ok = fromBob();
  ok.contact = "<sip:bob@198.51.100.9?Replaces=x>";
  auto dialog = calling(200, ok);
  EXPECT_EQ(nextRequest(dialog, "BYE").requestUri(), "sip:bob@198.51.100.9");
}

TEST(Dialog, TheAckForASuccessHasTheNumberOfItsInvite) {
  auto dialog = calling();
  (void)nextRequest(dialog, "INFO");
  MessageWriter writer;
  dialog.startAck(writer, 10, kVia);
  const auto ack = written(writer);
  EXPECT_EQ(ack.method(), Method::ack);
  EXPECT_EQ(ack.cseq(), 10u);
  EXPECT_EQ(ack.requestUri(), dialog.remoteTarget());
  EXPECT_EQ(nextRequest(dialog, "BYE").cseq(), 12u);
}

// --- Responses ------------------------------------------------------------------------------------------------

TEST(Dialog, TheSuccessConfirmsAnEarlyDialogAndComputesItsRouteAgain) {
  auto ringing = fromBob();
  ringing.extra = "Record-Route: <sip:old.example;lr>\r\n";
  auto dialog = calling(180, ringing);
  EXPECT_EQ(dialog.state(), State::early);
  auto ok = fromBob();
  ok.extra = kRecorded;
  ok.contact = "<sip:bob@203.0.113.1>";
  EXPECT_TRUE(dialog.onResponse(ok.response(200)));
  EXPECT_EQ(dialog.state(), State::confirmed);
  EXPECT_EQ(dialog.nextHop(), "sip:p1.example;lr");
  EXPECT_EQ(dialog.remoteTarget(), "sip:bob@203.0.113.1");
}

TEST(Dialog, ASuccessToPrackDoesNotConfirm) {
  auto dialog = calling(183);
  auto ok = fromBob();
  ok.method = "PRACK";
  ok.cseq = nextRequest(dialog, "PRACK").cseq();
  EXPECT_TRUE(dialog.onResponse(ok.response(200)));
  EXPECT_EQ(dialog.state(), State::early);
}

TEST(Dialog, OnlyASuccessfulRefreshMovesTheTargetAndNothingMovesTheRouteAgain) {
  auto dialog = calling();
  auto response = fromBob();
  response.contact = "<sip:bob@203.0.113.1>";
  response.extra = kRecorded;
  for (const std::string_view method : {"INFO", "INVITE"}) {
    response.method = method;
    response.cseq = nextRequest(dialog, method).cseq();
    EXPECT_TRUE(dialog.onResponse(response.response(method == "INFO" ? 200 : 488)));
    EXPECT_EQ(dialog.remoteTarget(), "sip:bob@198.51.100.9:5061;transport=tls") << method;
  }
  response.cseq = nextRequest(dialog, "INVITE").cseq();
  EXPECT_TRUE(dialog.onResponse(response.response(200)));
  EXPECT_EQ(dialog.remoteTarget(), "sip:bob@203.0.113.1");
  EXPECT_TRUE(dialog.routeSet().empty());
}

TEST(Dialog, AResponseOfAnotherForkChangesNothing) {
  auto dialog = calling(180);
  auto fork = fromBob();
  fork.to = "<sip:bob@biloxi.example>;tag=other";
  const auto refused = dialog.onResponse(fork.response(200));
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "sip.dialog.mismatch");
  EXPECT_EQ(dialog.state(), State::early);
}

TEST(Dialog, ABrokenContactInASuccessKeepsTheOldTarget) {
  auto dialog = calling(180);
  auto ok = fromBob();
  ok.contact = "<tel:+15551234>";
  const auto status = dialog.onResponse(ok.response(200));
  ASSERT_FALSE(status);
  EXPECT_STREQ(status.error().code, "sip.dialog.contact");
  EXPECT_EQ(dialog.state(), State::confirmed);
  EXPECT_EQ(dialog.remoteTarget(), "sip:bob@198.51.100.9:5061;transport=tls");
}

TEST(Dialog, SomeResponsesEndTheDialogAndOthersOnlyTheirRequest) {
  for (const int status : {404, 408, 410, 481, 482, 604}) EXPECT_TRUE(endsDialog(status)) << status;
  for (const int status : {200, 401, 403, 407, 415, 422, 486, 488, 491, 500, 503})
    EXPECT_FALSE(endsDialog(status)) << status;
}

}  // namespace
}  // namespace sallyport::sip
