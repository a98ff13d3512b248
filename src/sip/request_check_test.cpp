// SPDX-License-Identifier: Apache-2.0
#include "sip/request_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sip/message_test_support.h"

namespace sallyport::sip {
namespace {

using test::goodInvite;
using test::inviteWith;
using test::inviteWithLine;

// The code checkRequest() answers with ("" for none) and the status of it.
std::pair<std::string, int> judged(std::string frame) {
  const auto message = Message::parse(std::move(frame));
  if (!message) return {message.error().code, -1};
  const Status status = checkRequest(*message);
  if (status) return {"", 0};
  return {status.error().code, statusFor(status.error())};
}

using Verdict = std::pair<std::string, int>;

std::string requestOf(std::string_view method, std::string_view uri, std::string_view lines) {
  return std::string{method} + " " + std::string{uri} +
         " SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: "
         "i\r\nCSeq: 1 " +
         std::string{method} + "\r\n" + std::string{lines} + "\r\n";
}

TEST(CheckRequest, PassesAGoodInviteAndEveryKnownMethod) {
  EXPECT_EQ(judged(goodInvite()), (Verdict{"", 0}));
  for (int i = 0; i < static_cast<int>(Method::other); ++i) {
    const auto name = toString(static_cast<Method>(i));
    EXPECT_EQ(judged(requestOf(name, "sip:a@b", "Contact: <sip:c@d>\r\n")), (Verdict{"", 0})) << name;
  }
}

TEST(CheckRequest, Method) {
  EXPECT_EQ(judged(requestOf("NEWMETHOD", "sip:a@b", "")), (Verdict{"sip.method.unknown", 501}));
}

TEST(CheckRequest, RequestUri) {
  EXPECT_EQ(judged(requestOf("OPTIONS", "soap.beep://192.0.2.103:3002", "")), (Verdict{"sip.request_uri.scheme", 416}));
  EXPECT_EQ(judged(requestOf("OPTIONS", "tel:+1234", "")), (Verdict{"sip.request_uri.scheme", 416}));
  EXPECT_EQ(judged(requestOf("OPTIONS", "sip:a@b?Route=x", "")), (Verdict{"sip.request_uri.headers", 400}));
  EXPECT_EQ(judged(requestOf("OPTIONS", "sip:2001:db8::10", "")), (Verdict{"sip.uri.host", 400}));
  EXPECT_EQ(judged(requestOf("OPTIONS", "sip:a@b:0", "")), (Verdict{"sip.uri.port", 400}));
}

TEST(CheckRequest, Parties) {
  EXPECT_EQ(judged(inviteWith("alice@example.com>;tag", "a%zz@example.com>;tag")), (Verdict{"sip.uri.user", 400}));
  EXPECT_EQ(judged(inviteWith("To: Bob <sip:bob@example.com>", "To: Bob <sip:bob@[::1>")),
            (Verdict{"sip.uri.host", 400}));
  EXPECT_EQ(judged(inviteWith("To: Bob <sip:bob@example.com>", "To: <isbn:2983792873>")), (Verdict{"", 0})) << "opaque";
  const std::string registers = requestOf("REGISTER", "sip:b", "");
  EXPECT_EQ(judged(registers), (Verdict{"", 0}));
  std::string isbn = registers;
  EXPECT_EQ(judged(isbn.replace(isbn.find("To: <sip:a@b>"), 13, "To: isbn:2983")),
            (Verdict{"sip.register.to_scheme", 404}));
}

TEST(CheckRequest, Contact) {
  EXPECT_EQ(judged(inviteWith("Contact: <sip:alice@client.example.com>\r\n", "")),
            (Verdict{"sip.contact.missing", 400}));
  EXPECT_EQ(judged(inviteWithLine("m: <sip:b@c>")), (Verdict{"sip.contact.multiple", 400}));
  EXPECT_EQ(judged(inviteWith("<sip:alice@client.example.com>\r\n", "<tel:+1234>\r\n")),
            (Verdict{"sip.contact.scheme", 400}));
  EXPECT_EQ(judged(inviteWith("<sip:alice@client.example.com>\r\n", "*\r\n")), (Verdict{"sip.contact.wildcard", 400}));
  EXPECT_EQ(judged(inviteWith("<sip:alice@client", "<sip:alice@client..")), (Verdict{"sip.uri.host", 400}));
  EXPECT_EQ(judged(requestOf("REGISTER", "sip:b", "Contact: sip:a@b?Route=x\r\n")),
            (Verdict{"sip.name_addr.brackets", 400}));
  EXPECT_EQ(judged(requestOf("REGISTER", "sip:b", "Contact: *\r\nExpires: 0\r\n")), (Verdict{"", 0}));
  EXPECT_EQ(judged(requestOf("REGISTER", "sip:b", "Contact: *\r\n")), (Verdict{"sip.contact.wildcard", 400}));
  EXPECT_EQ(judged(requestOf("REGISTER", "sip:b", "Contact: *, <sip:a@b>\r\nExpires: 0\r\n")),
            (Verdict{"sip.contact.wildcard", 400}));
  EXPECT_EQ(judged(requestOf("REGISTER", "sip:b", "Contact: <sip:a@b>;expires=0, <name:John>\r\n")), (Verdict{"", 0}));
}

TEST(CheckRequest, Date) {
  EXPECT_EQ(judged(inviteWithLine("Date: Sat, 13 Nov 2010 23:29:00 GMT")), (Verdict{"", 0}));
  for (const char* date :
       {"Fri, 01 Jan 2010 16:00:00 EST", "Sat, 13 Nov 2010 24:29:00 GMT", "Sat, 32 Nov 2010 23:29:00 GMT",
        "Sat, 13 Foo 2010 23:29:00 GMT", "Zat, 13 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 23:29 GMT", "now"}) {
    EXPECT_EQ(judged(inviteWithLine(std::string{"Date: "} + date)), (Verdict{"sip.date", 400})) << date;
  }
}

TEST(CheckRequest, Require) {
  EXPECT_EQ(judged(inviteWithLine("Require: timer, 100REL")), (Verdict{"", 0}));
  const std::string frame = inviteWithLine("Require: timer, nothingSupportsThis\r\nRequire: norThis");
  EXPECT_EQ(judged(frame), (Verdict{"sip.require.unsupported", 420}));
  const auto message = Message::parse(frame);
  ASSERT_TRUE(message);
  EXPECT_THAT(unsupportedOptions(*message), testing::ElementsAre("nothingSupportsThis", "norThis"));
  EXPECT_EQ(judged(requestOf("ACK", "sip:a@b", "Require: what\r\n")), (Verdict{"", 0})) << "RFC 3261 8.2.2.3";
  const std::string_view tags[] = {"timer", "nothingSupportsThis", "norThis"};
  UasCapabilities all;
  all.option_tags = tags;
  EXPECT_TRUE(checkRequest(*message, all));
}

TEST(CheckRequest, Accept) {
  for (const char* accept : {"application/sdp", "text/plain, Application/SDP;level=1", "*/*", "application/*;q=0.5"}) {
    EXPECT_EQ(judged(inviteWithLine(std::string{"Accept: "} + accept)), (Verdict{"", 0})) << accept;
  }
  EXPECT_EQ(judged(inviteWithLine("Accept: text/nobodyKnowsThis")), (Verdict{"sip.accept.unacceptable", 406}));
  EXPECT_EQ(judged(inviteWithLine("Accept: text/*")), (Verdict{"sip.accept.unacceptable", 406}));
  EXPECT_EQ(judged(requestOf("OPTIONS", "sip:a@b", "Accept: text/plain\r\n")), (Verdict{"", 0}));
}

TEST(CheckRequest, Body) {
  const auto typed = [](std::string_view type) { return inviteWith("application/sdp", type); };
  EXPECT_EQ(judged(inviteWith("Content-Type: application/sdp\r\n", "")), (Verdict{"sip.content_type.missing", 400}));
  for (const char* type : {"", "sdp", "application/", "/sdp", "a b/c", ";x=y"}) {
    EXPECT_EQ(judged(typed(type)), (Verdict{"sip.content_type.invalid", 400})) << type;
  }
  EXPECT_EQ(judged(typed("application/unknownformat")), (Verdict{"sip.content_type.unsupported", 415}));
  EXPECT_EQ(judged(typed("APPLICATION/sdp;charset=utf-8")), (Verdict{"", 0}));
  EXPECT_EQ(judged(typed("multipart/mixed;boundary=abc")), (Verdict{"", 0}));
  EXPECT_EQ(judged(typed("multipart/mixed")), (Verdict{"sip.multipart.boundary", 400}));
  EXPECT_EQ(judged(typed("multipart/mixed;boundary=")), (Verdict{"sip.multipart.boundary", 400}));
  EXPECT_EQ(judged(inviteWithLine("e: gzip")), (Verdict{"sip.content_encoding.unsupported", 415}));
  EXPECT_EQ(judged(inviteWithLine("e: identity")), (Verdict{"", 0}));
  EXPECT_EQ(judged(inviteWith("application/sdp", "x/y\r\nContent-Disposition: render;handling=optional")),
            (Verdict{"", 0}));
  EXPECT_EQ(judged(requestOf("MESSAGE", "sip:a@b", "Content-Type: text/plain\r\n\r\nhi")).first, "");
}

TEST(StatusFor, IsTotalOverKindsAndKnowsTheCodesOfTheRoom) {
  const auto status = [](ErrorKind kind, const char* code) { return statusFor(Error{kind, code, {}}); };
  EXPECT_EQ(status(ErrorKind::peerMisbehaved, "sip.version"), 505);
  EXPECT_EQ(status(ErrorKind::peerMisbehaved, "sip.too_large"), 513);
  EXPECT_EQ(status(ErrorKind::peerMisbehaved, "sip.content_length.too_large"), 413);
  EXPECT_EQ(status(ErrorKind::peerMisbehaved, "sip.request_uri.too_long"), 414);
  EXPECT_EQ(status(ErrorKind::peerMisbehaved, "sip.max_forwards.exhausted"), 483);
  EXPECT_EQ(status(ErrorKind::peerMisbehaved, "sip.anything"), 400);
  EXPECT_EQ(status(ErrorKind::peerDenied, "guard.anything"), 403);
  EXPECT_EQ(status(ErrorKind::overloaded, "x"), 503);
  EXPECT_EQ(status(ErrorKind::unavailable, "x"), 503);
  EXPECT_EQ(status(ErrorKind::misconfigured, "x"), 500);
  EXPECT_EQ(status(ErrorKind::internal, "x"), 500);
}

}  // namespace
}  // namespace sallyport::sip
