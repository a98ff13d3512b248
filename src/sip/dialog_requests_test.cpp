// SPDX-License-Identifier: Apache-2.0
// RFC 3261 12.2.2 and 14, RFC 3311 5: what is accepted inside a dialog, and who may offer when.
#include <gtest/gtest.h>

#include "sip/dialog.h"
#include "sip/dialog_test_support.h"

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using namespace test;
using State = Dialog::State;

constexpr std::string_view kSdp = "v=0\r\n";

// The status the request is refused with and why; {0, ""} when it is accepted.
std::pair<int, std::string> verdict(Dialog& dialog, const DialogText& text, std::uint64_t random = 7) {
  const auto refusal = dialog.onRequest(text.request(), random);
  if (!refusal) return {0, ""};
  return {refusal->status, refusal->error.code};
}

const std::pair<int, std::string> kAccepted{0, ""};

TEST(DialogRequests, RisingNumbersAreAcceptedAndGapsAreFine) {
  auto dialog = answeredCall();
  EXPECT_EQ(verdict(dialog, fromAlice("INFO", 11)), kAccepted);
  EXPECT_EQ(verdict(dialog, fromAlice("BYE", 500)), kAccepted);
}

TEST(DialogRequests, ALowerOrEqualNumberIs500) {
  auto dialog = answeredCall();
  const std::pair refused{500, std::string{"sip.dialog.cseq"}};
  EXPECT_EQ(verdict(dialog, fromAlice("INFO", 9)), refused);
  EXPECT_EQ(verdict(dialog, fromAlice("INFO", 10)), refused);
}

TEST(DialogRequests, TheCallersSideTakesAnyFirstNumber) {
  auto dialog = calling();
  DialogText bye{.method = "BYE",
                 .from = "<sip:bob@biloxi.example>;tag=bob1",
                 .to = "<sip:alice@atlanta.example>;tag=alice1",
                 .cseq = 1};
  EXPECT_EQ(verdict(dialog, bye), kAccepted);
}

TEST(DialogRequests, AWrongTagOrAnEndedDialogIs481) {
  auto dialog = answeredCall();
  const std::pair refused{481, std::string{"sip.dialog.mismatch"}};
  auto other = fromAlice("BYE", 11);
  other.to = "<sip:bob@biloxi.example>;tag=guess";
  EXPECT_EQ(verdict(dialog, other), refused);
  other = fromAlice("BYE", 11);
  other.from = "<sip:alice@atlanta.example>;tag=guess";
  EXPECT_EQ(verdict(dialog, other), refused);
  dialog.terminate();
  EXPECT_EQ(verdict(dialog, fromAlice("BYE", 11)), refused);
}

TEST(DialogRequests, TheirRefreshMovesTheTargetOnlyWhenWeAcceptIt) {
  auto dialog = answeredCall();
  auto refresh = fromAlice("INVITE", 11);
  refresh.contact = "<sip:alice@203.0.113.7>";
  EXPECT_EQ(verdict(dialog, refresh), kAccepted);
  dialog.onAnswered(Method::invite, 488);
  EXPECT_EQ(dialog.remoteTarget(), "sip:alice@192.0.2.4;transport=tls");
  refresh.cseq = 12;
  EXPECT_EQ(verdict(dialog, refresh), kAccepted);
  dialog.onAnswered(Method::invite, 200);
  EXPECT_EQ(dialog.remoteTarget(), "sip:alice@203.0.113.7");
}

TEST(DialogRequests, ARefreshWithABrokenContactIs400AndOneWithoutKeepsTheTarget) {
  auto dialog = answeredCall();
  auto refresh = fromAlice("UPDATE", 11);
  refresh.contact = "<tel:+15551234>";
  EXPECT_EQ(verdict(dialog, refresh), (std::pair{400, std::string{"sip.dialog.contact"}}));
  refresh.cseq = 12;
  refresh.contact = "";
  EXPECT_EQ(verdict(dialog, refresh), kAccepted);
  dialog.onAnswered(Method::update, 200);
  EXPECT_EQ(dialog.remoteTarget(), "sip:alice@192.0.2.4;transport=tls");
}

TEST(DialogRequests, OurFinalAnswerConfirmsOrEndsTheDialog) {
  auto dialog = called();
  dialog.onAnswered(Method::invite, 180);
  dialog.onAnswered(Method::prack, 200);
  EXPECT_EQ(dialog.state(), State::early);
  dialog.onAnswered(Method::invite, 200);
  EXPECT_EQ(dialog.state(), State::confirmed);
  auto refused = called();
  refused.onAnswered(Method::invite, 486);
  EXPECT_EQ(refused.state(), State::terminated);
}

TEST(DialogRequests, AnAckBelongsToTheInviteWeAnsweredLast) {
  auto dialog = called();
  dialog.onAnswered(Method::invite, 200);
  EXPECT_FALSE(dialog.onAck(fromAlice("ACK", 9).request()));
  auto other = fromAlice("ACK", 10);
  other.from = "<sip:alice@atlanta.example>;tag=guess";
  EXPECT_FALSE(dialog.onAck(other.request()));
  EXPECT_TRUE(dialog.onAck(fromAlice("ACK", 10).request()));
  EXPECT_TRUE(dialog.onAck(fromAlice("ACK", 10).request()));  // repeated
}

// --- One at a time --------------------------------------------------------------------------------------------

TEST(DialogGlare, TheirInviteDuringOursIs491) {
  auto dialog = answeredCall();
  const auto ours = nextRequest(dialog, "INVITE").cseq();
  EXPECT_FALSE(dialog.mayInvite());
  EXPECT_EQ(verdict(dialog, fromAlice("INVITE", 11)), (std::pair{491, std::string{"sip.dialog.glare"}}));
  EXPECT_EQ(verdict(dialog, fromAlice("INFO", 12)), kAccepted);

  DialogText ok{
      .from = "<sip:bob@biloxi.example>;tag=bob1", .to = "<sip:alice@atlanta.example>;tag=alice1", .cseq = ours};
  EXPECT_TRUE(dialog.onResponse(ok.response(180)));
  EXPECT_FALSE(dialog.mayInvite());
  EXPECT_TRUE(dialog.onResponse(ok.response(200)));
  EXPECT_TRUE(dialog.mayInvite());
  EXPECT_EQ(verdict(dialog, fromAlice("INVITE", 13)), kAccepted);
}

TEST(DialogGlare, OurInviteThatFailsWithoutAnAnswerIsOverToo) {
  auto dialog = answeredCall();
  (void)nextRequest(dialog, "INVITE");
  dialog.onRequestFailed(Method::invite);
  EXPECT_TRUE(dialog.mayInvite());
}

TEST(DialogGlare, TheirSecondInviteBeforeOurAnswerIs500WithRetryAfter) {
  auto dialog = called();
  for (const std::uint64_t random : {0u, 10u, 11u, 12345u}) {
    const auto refusal = dialog.onRequest(fromAlice("INVITE", static_cast<unsigned>(11 + random)).request(), random);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 500);
    EXPECT_STREQ(refusal->error.code, "sip.dialog.overlap");
    ASSERT_TRUE(refusal->retry_after);
    EXPECT_LE(*refusal->retry_after, 10s);
  }
}

TEST(DialogGlare, WeDoNotInviteUntilTheirInviteHasItsAck) {
  auto dialog = called();
  EXPECT_FALSE(dialog.mayInvite());
  dialog.onAnswered(Method::invite, 200);
  EXPECT_FALSE(dialog.mayInvite());
  EXPECT_TRUE(dialog.onAck(fromAlice("ACK", 10).request()));
  EXPECT_TRUE(dialog.mayInvite());
}

// RFC 3311 5.2.
TEST(DialogGlare, AnUpdateWithAnOfferCrossingOursIs491AndDuringTheirs500) {
  auto dialog = answeredCall();
  auto update = fromAlice("UPDATE", 11);
  update.body = kSdp;
  dialog.offerSent();
  EXPECT_FALSE(dialog.mayOffer());
  EXPECT_EQ(verdict(dialog, update), (std::pair{491, std::string{"sip.dialog.glare"}}));
  dialog.offerAnswered();
  dialog.offerReceived();
  update.cseq = 12;
  EXPECT_EQ(verdict(dialog, update), (std::pair{500, std::string{"sip.dialog.overlap"}}));
  update.cseq = 13;
  update.body = "";  // a session refresh offers nothing
  EXPECT_EQ(verdict(dialog, update), kAccepted);
}

TEST(DialogGlare, AnUpdateDuringAnUnansweredUpdateIs500) {
  auto dialog = answeredCall();
  EXPECT_EQ(verdict(dialog, fromAlice("UPDATE", 11)), kAccepted);
  EXPECT_EQ(verdict(dialog, fromAlice("UPDATE", 12)), (std::pair{500, std::string{"sip.dialog.overlap"}}));
  dialog.onAnswered(Method::update, 200);
  EXPECT_EQ(verdict(dialog, fromAlice("UPDATE", 13)), kAccepted);
}

TEST(DialogGlare, AnUpdateWithinARingingCallIsNoGlareOnceTheOffersAreAnswered) {
  auto dialog = calling(183);
  DialogText update{.method = "UPDATE",
                    .from = "<sip:bob@biloxi.example>;tag=bob1",
                    .to = "<sip:alice@atlanta.example>;tag=alice1",
                    .cseq = 1,
                    .body = kSdp};
  EXPECT_EQ(verdict(dialog, update), kAccepted);
}

// RFC 3261 14.1.
TEST(DialogGlare, TheOwnerOfTheCallIdWaitsLonger) {
  const auto owner = calling();
  const auto other = called();
  EXPECT_EQ(owner.glareDelay(0), 2'100ms);
  EXPECT_EQ(owner.glareDelay(190), 4'000ms);
  EXPECT_EQ(other.glareDelay(0), 0ms);
  EXPECT_EQ(other.glareDelay(200), 2'000ms);
  for (std::uint64_t random = 0; random < 1'000; ++random) {
    EXPECT_GE(owner.glareDelay(random), 2'100ms);
    EXPECT_LE(owner.glareDelay(random), 4'000ms);
    EXPECT_LE(other.glareDelay(random), 2'000ms);
  }
}

}  // namespace
}  // namespace sallyport::sip
