// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sip/message.h"
#include "sip/message_test_support.h"

namespace sallyport::sip {
namespace {

using test::goodInvite;
using test::inviteWith;
using test::inviteWithLine;

constexpr std::string_view kRequestLine = "INVITE sip:bob@example.com SIP/2.0";

TEST(SalvageResponse, AnswersARequestWhoseFaultIsElsewhere) {
  const std::string broken = inviteWith("Max-Forwards: 70", "Max-Forwards: many");
  ASSERT_FALSE(Message::parse(broken));
  const auto bytes = salvageResponse(broken, 400, "Bad Request");
  ASSERT_TRUE(bytes);
  const auto answer = Message::parse(*bytes);
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(answer->status(), 400);
  EXPECT_EQ(answer->topmostVia().branch(), "z9hG4bK74bf9");
  EXPECT_EQ(answer->callId(), "3848276298220188511@client.example.com");
  EXPECT_EQ(answer->fromTag(), "9fxced76sl");
  EXPECT_FALSE(answer->toTag().empty()) << "RFC 3261 8.2.6.2";
  EXPECT_EQ(answer->cseq(), 1U);
  EXPECT_EQ(answer->body(), "");
}

TEST(SalvageResponse, GivesNoAnswerThatItsReaderCouldNotRead) {
  const std::string_view from = "From: Alice <sip:alice@example.com>;tag=9fxced76sl";
  EXPECT_FALSE(salvageResponse(inviteWith(from, "From: *"), 400, {}));
  for (const std::string_view tag : {";tag", ";tag=", ";tag=\"\""}) {
    const auto broken = inviteWith(";tag=9fxced76sl", tag);
    EXPECT_FALSE(Message::parse(broken)) << tag;
    EXPECT_FALSE(salvageResponse(broken, 400, {})) << tag;
  }
}

TEST(SalvageResponse, RepeatsItselfForARetransmission) {
  const std::string broken = inviteWith("SIP/2.0\r\n", "SIP/3.0\r\n");
  EXPECT_EQ(salvageResponse(broken, 505, {}), salvageResponse(broken, 505, {}));
}

TEST(SalvageResponse, ReadsAFrameThatIsCutShortOrCannotBeFramed) {
  EXPECT_TRUE(salvageResponse(inviteWith("Length: 5", "Length: -5"), 400, {}));
  const std::string whole = goodInvite();
  EXPECT_TRUE(salvageResponse(whole.substr(0, whole.find("Content-Type")), 513, {}));
  EXPECT_TRUE(salvageResponse(inviteWithLine("no colon here"), 400, {}));
}

TEST(SalvageResponse, CopiesEveryViaInOrderAndUnfolded) {
  const auto bytes = salvageResponse(inviteWithLine("v: SIP/2.0/TCP b\r\n\t;branch=2, SIP/2.0/UDP c"), 400, {});
  ASSERT_TRUE(bytes);
  const auto answer = Message::parse(*bytes);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->vias()->size(), 3U);
}

TEST(SalvageResponse, KeepsTheTagTheRequestHas) {
  const auto bytes = salvageResponse(
      inviteWith("To: Bob <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=t\r\nMax-Forwards: 1"), 400, {});
  ASSERT_TRUE(bytes);
  EXPECT_EQ(Message::parse(*bytes)->toTag(), "t");
}

TEST(SalvageResponse, NeverAnswersAnAckOrAResponse) {
  EXPECT_FALSE(salvageResponse(inviteWith(kRequestLine, "ACK sip:bob@example.com SIP/2.0"), 400, {}));
  EXPECT_FALSE(salvageResponse(inviteWith(kRequestLine, "SIP/2.0 200 OK"), 400, {}));
  EXPECT_FALSE(salvageResponse(inviteWith(kRequestLine, "sip/9.9 200 OK"), 400, {}));
}

TEST(SalvageResponse, SaysNothingWhereAnythingIsInDoubt) {
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
    EXPECT_FALSE(salvageResponse(inviteWith("\r\n" + std::string{name} + ":", "\r\nX-Gone:"), 400, {})) << name;
  }
  for (const char* line : {"i: other", "CSeq: 2 INVITE", "f: <sip:e@x>;tag=2", "t: <sip:e@x>"}) {
    EXPECT_FALSE(salvageResponse(inviteWithLine(line), 400, {})) << line;
  }
  EXPECT_FALSE(salvageResponse(inviteWith("To: Bob", "To: \"Bob"), 400, {}));
  EXPECT_FALSE(salvageResponse(inviteWith("SIP/2.0/TLS", "SIP/2.0/TLS,"), 400, {}));
  EXPECT_FALSE(salvageResponse(inviteWith("1 INVITE", "one INVITE"), 400, {}));
  EXPECT_FALSE(salvageResponse(inviteWith("Call-ID: 38", "Call-ID: a b"), 400, {}));
  EXPECT_FALSE(salvageResponse(inviteWith("Call-ID: 38", "Call-ID: a\x1b"), 400, {}));
  EXPECT_FALSE(salvageResponse(inviteWith("Call-ID: 38", "Call-ID: " + std::string(2'000, 'c')), 400, {}));
  for (const char* frame : {"", "\r\n", "INVITE", "INVITE\r\n\r\n", "INV@TE sip:a SIP/2.0\r\n\r\n"}) {
    EXPECT_FALSE(salvageResponse(frame, 400, {})) << frame;
  }
}

TEST(SalvageResponse, IsBounded) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "v: SIP/2.0/TCP h;branch=" + std::to_string(i) + "\r\n";
  EXPECT_FALSE(salvageResponse(inviteWithLine(many + "X: y"), 400, {}));
}

}  // namespace
}  // namespace sallyport::sip
