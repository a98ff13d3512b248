// SPDX-License-Identifier: Apache-2.0
#include "sip/message_writer.h"

#include <gtest/gtest.h>

#include "sip/message_test_support.h"

namespace sallyport::sip {
namespace {

using test::goodInvite;
using test::inviteWith;
using test::inviteWithLine;

Message parsed(std::string frame) {
  auto message = Message::parse(std::move(frame));
  EXPECT_TRUE(message) << describe(message.error());
  SP_CHECK(message.ok());
  return *std::move(message);
}

TEST(MessageWriter, WritesARequestInTheOrderOfTheCalls) {
  MessageWriter writer;
  writer.request("MESSAGE", "sip:bob@example.com").header(HeaderId::maxForwards, 70).header("X-Trace", "1");
  EXPECT_EQ(writer.finish("text/plain", "hi"),
            "MESSAGE sip:bob@example.com SIP/2.0\r\nMax-Forwards: 70\r\nX-Trace: 1\r\nContent-Type: text/plain\r\n"
            "Content-Length: 2\r\n\r\nhi");
}

TEST(MessageWriter, AnEmptyBodyHasALengthAndNoType) {
  MessageWriter writer;
  writer.response(404);
  EXPECT_EQ(writer.finish("application/sdp", ""), "SIP/2.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

TEST(MessageWriter, NoValueCanBecomeTwoLines) {
  MessageWriter writer;
  writer.request("INFO\r\nX: y", "sip:a@b\r\n\r\nBYE").response(200, "OK\nEvil: 1");
  writer.header("X\r\nY", "a\r\nTo: <sip:eve@x>")
      .header(HeaderId::subject, std::string_view{"nul\0esc\x1b"
                                                  "del\x7ftab\t",
                                                  16});
  const std::string text = writer.finish();
  EXPECT_EQ(text,
            "INFO  X: y sip:a@b    BYE SIP/2.0\r\nSIP/2.0 200 OK Evil: 1\r\nX  Y: a  To: <sip:eve@x>\r\n"
            "Subject: nul esc del tab\t\r\nContent-Length: 0\r\n\r\n");
}

TEST(MessageWriter, CopiesAllLinesOfAHeaderUnderItsCanonicalName) {
  const Message invite = parsed(inviteWithLine("v: SIP/2.0/TCP two.example.com\r\n ;branch=z9hG4bK2"));
  MessageWriter writer;
  writer.copy(invite, HeaderId::via).copy(invite, HeaderId::route).copy(invite, HeaderId::other);
  EXPECT_EQ(writer.finish(),
            "Via: SIP/2.0/TLS client.example.com:5061;branch=z9hG4bK74bf9\r\n"
            "Via: SIP/2.0/TCP two.example.com   ;branch=z9hG4bK2\r\nContent-Length: 0\r\n\r\n");
}

TEST(MessageWriter, WhatItWritesIsWhatTheParserReads) {
  const Message invite = parsed(goodInvite());
  MessageWriter writer;
  writer.request("INVITE", invite.requestUri());
  for (const HeaderId id : {HeaderId::via, HeaderId::from, HeaderId::to, HeaderId::callId, HeaderId::cseq}) {
    writer.copy(invite, id);
  }
  const Message again = parsed(writer.finish("application/sdp", invite.body()));
  EXPECT_EQ(again.callId(), invite.callId());
  EXPECT_EQ(again.body(), invite.body());
  EXPECT_EQ(again.contentType(), "application/sdp");
}

TEST(ResponseTo, CopiesWhatRfc3261Asks) {
  const Message response = parsed(responseTo(parsed(goodInvite()), 180, {}, "b0b").finish());
  EXPECT_EQ(response.status(), 180);
  EXPECT_EQ(response.reason(), "Ringing");
  EXPECT_EQ(response.topmostVia().branch(), "z9hG4bK74bf9");
  EXPECT_EQ(response.fromTag(), "9fxced76sl");
  EXPECT_EQ(response.toTag(), "b0b");
  EXPECT_EQ(response.callId(), "3848276298220188511@client.example.com");
  EXPECT_EQ(response.cseq(), 1U);
  EXPECT_EQ(response.method(), Method::invite);
}

TEST(ResponseTo, KeepsTheToTagOfADialog) {
  const Message invite = parsed(inviteWith("To: Bob <sip:bob@example.com>", "To: Bob <sip:bob@example.com>;tag=old"));
  EXPECT_EQ(parsed(responseTo(invite, 200, {}, "new").finish()).toTag(), "old");
}

TEST(ResponseTo, ATagStaysOutsideABareUri) {
  const Message invite = parsed(inviteWith("To: Bob <sip:bob@example.com>", "To: sip:bob@example.com"));
  const Message response = parsed(responseTo(invite, 200, {}, "t1").finish());
  EXPECT_EQ(response.to().uri, "sip:bob@example.com");
  EXPECT_EQ(response.toTag(), "t1");
}

TEST(ResponseTo, TryingHasNoTagAndEchoesTheTimestamp) {
  const Message trying = parsed(responseTo(parsed(inviteWithLine("Timestamp: 54.21")), 100, {}, {}).finish());
  EXPECT_EQ(trying.toTag(), "");
  EXPECT_EQ(trying.header(HeaderId::timestamp), "54.21");
}

TEST(ReasonPhrase, IsKnownOrThatOfTheClass) {
  EXPECT_EQ(reasonPhrase(488), "Not Acceptable Here");
  EXPECT_EQ(reasonPhrase(608), "Rejected");
  for (int status = 100; status < 700; ++status) EXPECT_FALSE(reasonPhrase(status).empty()) << status;
  EXPECT_EQ(reasonPhrase(499), "Bad Request");
}

}  // namespace
}  // namespace sallyport::sip
