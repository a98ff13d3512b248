// SPDX-License-Identifier: Apache-2.0
#include "sip/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>

#include "sip/message_test_support.h"

namespace sallyport::sip {
namespace {

using test::goodInvite;
using test::inviteWith;
using test::inviteWithLine;
using testing::ElementsAre;
using testing::Optional;

Message parsed(std::string frame) {
  auto message = Message::parse(std::move(frame));
  EXPECT_TRUE(message) << describe(message.error());
  SP_CHECK(message.ok());
  return *std::move(message);
}

TEST(Message, GivesWhatEveryRequestCarries) {
  const Message invite = parsed(goodInvite());
  EXPECT_TRUE(invite.isRequest());
  EXPECT_EQ(invite.method(), Method::invite);
  EXPECT_EQ(invite.methodName(), "INVITE");
  EXPECT_EQ(invite.requestUri(), "sip:bob@example.com");
  EXPECT_EQ(invite.topmostVia().transport, "TLS");
  EXPECT_EQ(invite.topmostVia().sent_by, "client.example.com:5061");
  EXPECT_EQ(invite.topmostVia().branch(), "z9hG4bK74bf9");
  EXPECT_EQ(invite.from().display_name, "Alice");
  EXPECT_EQ(invite.fromTag(), "9fxced76sl");
  EXPECT_EQ(invite.to().uri, "sip:bob@example.com");
  EXPECT_EQ(invite.toTag(), "");
  EXPECT_EQ(invite.callId(), "3848276298220188511@client.example.com");
  EXPECT_EQ(invite.cseq(), 1U);
  EXPECT_THAT(invite.maxForwards(), Optional(70U));
  EXPECT_EQ(invite.contentType(), "application/sdp");
  EXPECT_EQ(invite.body(), test::kBody);
}

TEST(Message, GivesWhatAResponseCarries) {
  const Message ringing = parsed(inviteWith("INVITE sip:bob@example.com SIP/2.0", "SIP/2.0 180 Ringing now"));
  EXPECT_FALSE(ringing.isRequest());
  EXPECT_EQ(ringing.status(), 180);
  EXPECT_EQ(ringing.reason(), "Ringing now");
  EXPECT_EQ(ringing.method(), Method::invite) << "of the CSeq";
  EXPECT_TRUE(ringing.isProvisional());
  EXPECT_FALSE(ringing.isFinal());
  EXPECT_EQ(ringing.requestUri(), "");
}

TEST(Message, AcceptsAnEmptyReasonAndTheEdgesOfTheStatusRange) {
  for (const char* line : {"SIP/2.0 100 ", "SIP/2.0 699 x", "sip/2.0 200 OK"}) {
    EXPECT_TRUE(Message::parse(inviteWith("INVITE sip:bob@example.com SIP/2.0", line))) << line;
  }
}

TEST(Message, ViewsLiveAsLongAsTheMessageDoesWhereverItMoves) {
  Message first = parsed(goodInvite());
  const std::string_view call_id = first.callId();
  const Message second = std::move(first);
  EXPECT_EQ(second.callId().data(), call_id.data());
  EXPECT_EQ(second.callId(), "3848276298220188511@client.example.com");
}

TEST(Message, EveryViewPointsIntoTheFrame) {
  const Message invite = parsed(goodInvite());
  const auto inside = [&invite](std::string_view view) {
    return view.data() >= invite.bytes().data() &&
           view.data() + view.size() <= invite.bytes().data() + invite.bytes().size();
  };
  for (const HeaderField& field : invite.headers()) {
    EXPECT_TRUE(inside(field.name) && inside(field.value)) << field.name;
  }
  EXPECT_TRUE(inside(invite.body()) && inside(invite.requestUri()) && inside(invite.callId()));
}

TEST(Message, ReadsCompactFormsInAnyCase) {
  const Message invite = parsed(
      "OPTIONS sip:a@b.example SIP/2.0\r\nv: SIP/2.0/TLS h;branch=z9hG4bKx\r\nF: <sip:x@y>;tag=1\r\nT: <sip:a@b>\r\n"
      "I: id1\r\ncseq: 7 OPTIONS\r\nM: <sip:c@d>\r\nK: timer\r\nl: 0\r\n\r\n");
  EXPECT_EQ(invite.callId(), "id1");
  EXPECT_THAT(invite.header(HeaderId::contact), Optional(std::string_view{"<sip:c@d>"}));
  EXPECT_TRUE(invite.listContains(HeaderId::supported, "TIMER"));
}

TEST(Message, UnfoldsWithoutLosingOrAddingAnythingButWhiteSpace) {
  const Message invite = parsed(inviteWithLine("Subject:\r\n first\r\n\tsecond\r\n   third  "));
  EXPECT_THAT(invite.header(HeaderId::subject), Optional(std::string_view{"first  \tsecond     third"}));
}

// RFC 3261 HCOLON: white space before the colon is legal; the name is what stands before it.
TEST(Message, WhiteSpaceBeforeTheColonDoesNotHideAHeader) {
  EXPECT_EQ(test::refusal(inviteWithLine("Call-ID \t: other@example.com")), "sip.header.duplicate");
  const Message invite = parsed(inviteWithLine("X-Bypass-me : yes"));
  EXPECT_THAT(invite.header("x-bypass-ME"), Optional(std::string_view{"yes"}));
}

TEST(Message, ControlBytesMayStandInQuotedPairsOnly) {
  const std::string nul{"To: \"a\\\0b\" <sip:bob@example.com>", 32};
  EXPECT_EQ(test::refusal(inviteWith("To: Bob <sip:bob@example.com>", nul)), "");
  const std::string bare{"To: \"a\0b\" <sip:bob@example.com>", 31};
  EXPECT_EQ(test::refusal(inviteWith("To: Bob <sip:bob@example.com>", bare)), "sip.header.control_byte");
  EXPECT_EQ(test::refusal(inviteWithLine("Subject: \"never closed \\\x01")), "sip.header.control_byte");
}

TEST(Message, ListsSpanLinesAndIgnoreCommasInsideQuotesAndBrackets) {
  const Message invite = parsed(inviteWithLine(
      "Route: \"a, b\" <sip:one,two@example.com;lr> , <sip:p2.example.com;lr>\r\nRoute: <sip:p3.example.com;lr>"));
  EXPECT_THAT(invite.list(HeaderId::route), ElementsAre("\"a, b\" <sip:one,two@example.com;lr>",
                                                        "<sip:p2.example.com;lr>", "<sip:p3.example.com;lr>"));
  const auto routes = invite.nameAddrs(HeaderId::route);
  ASSERT_TRUE(routes);
  EXPECT_EQ(routes->at(0).uri, "sip:one,two@example.com;lr");
  EXPECT_EQ(routes->at(0).display_name, "a, b");
}

TEST(Message, EmptyListElementsAreSkippedAsTokensAndRefusedAsAddresses) {
  const Message invite = parsed(inviteWithLine("Supported: ,100rel,, timer ,\r\nRoute: <sip:a@b>,,<sip:c@d>"));
  EXPECT_THAT(invite.list(HeaderId::supported), ElementsAre("100rel", "timer"));
  EXPECT_FALSE(invite.nameAddrs(HeaderId::route));
}

TEST(Message, GivesAllVias) {
  const Message invite = parsed(inviteWithLine(
      "Via: SIP/2.0/UDP one.example.com;branch=z9hG4bKa, SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bKb"));
  const auto vias = invite.vias();
  ASSERT_TRUE(vias);
  ASSERT_EQ(vias->size(), 3U);
  EXPECT_EQ(vias->at(2).sent_by, "[2001:db8::1]:5060");
  EXPECT_EQ(invite.topmostVia().branch(), "z9hG4bK74bf9");
}

TEST(Message, ABodyWithoutContentLengthReachesToTheEnd) {
  const Message invite = parsed(inviteWith("Content-Length: 5\r\n", ""));
  EXPECT_EQ(invite.body(), test::kBody);
}

TEST(Message, MaxForwardsMayBeAbsentAndZero) {
  EXPECT_EQ(parsed(inviteWith("Max-Forwards: 70\r\n", "")).maxForwards(), std::nullopt);
  EXPECT_THAT(parsed(inviteWith("70", "0")).maxForwards(), Optional(0U));
  EXPECT_THAT(parsed(inviteWith("70", "0255")).maxForwards(), Optional(255U));
}

TEST(Message, AnUnknownMethodKeepsItsName) {
  std::string frame = goodInvite();
  frame.replace(frame.find("1 INVITE"), 8, "1 invite").replace(0, 6, "invite");
  const Message message = parsed(frame);
  EXPECT_EQ(message.method(), Method::other) << "methods compare with case";
  EXPECT_EQ(message.methodName(), "invite");
}

TEST(MessageNames, EveryHeaderIsFoundByItsNameInAnyCase) {
  for (std::size_t i = 0; i + 1 < kHeaderIdCount; ++i) {
    const auto id = static_cast<HeaderId>(i);
    std::string name{toString(id)};
    EXPECT_EQ(headerIdFrom(name), id) << name;
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(headerIdFrom(name), id) << name;
    name.back() = name.back() == 'Q' ? 'Z' : 'Q';
    EXPECT_EQ(headerIdFrom(name), HeaderId::other) << name;
  }
  EXPECT_EQ(headerIdFrom(""), HeaderId::other);
  EXPECT_EQ(headerIdFrom("z"), HeaderId::other);
  EXPECT_EQ(headerIdFrom("1"), HeaderId::other);
  EXPECT_EQ(headerIdFrom(std::string(300, 'a')), HeaderId::other);
}

TEST(MessageNames, EveryMethodIsFoundByItsName) {
  for (int i = 0; i < static_cast<int>(Method::other); ++i) {
    EXPECT_EQ(methodFrom(toString(static_cast<Method>(i))), static_cast<Method>(i));
  }
  EXPECT_EQ(methodFrom("Invite"), Method::other);
  EXPECT_EQ(toString(Method::other), "");
}

}  // namespace
}  // namespace sallyport::sip
