// SPDX-License-Identifier: Apache-2.0
// Every reason for which Message::parse refuses a frame: one broken place in an otherwise good INVITE.
#include <gtest/gtest.h>

#include "sip/message.h"
#include "sip/message_test_support.h"

namespace sallyport::sip {
namespace {

using test::goodInvite;
using test::inviteWith;
using test::inviteWithLine;
using test::refusal;

constexpr std::string_view kRequestLine = "INVITE sip:bob@example.com SIP/2.0";

TEST(MessageRefusal, StartLine) {
  for (const char* line :
       {"INVITE  sip:bob@example.com SIP/2.0", "INVITE sip:bob@example.com  SIP/2.0",
        "INVITE sip:bob@example.com SIP/2.0 ", " INVITE sip:bob@example.com SIP/2.0",
        "INVITE <sip:bob@example.com> SIP/2.0", "INVITE sip:bob@example.com; lr SIP/2.0",
        "INVITE\tsip:bob@example.com SIP/2.0", "INV@TE sip:bob@example.com SIP/2.0", "INVITE sip:bob@example.com",
        "INVITE bob SIP/2.0", "INVITE  SIP/2.0", "INVITE sip:b@x HTTP/1.1", "SIP/2.0", "SIP/2.0 200", "SIP/x.y 200 OK",
        "", "INVITE sip:bob@example.com SIP/2."}) {
    EXPECT_EQ(refusal(inviteWith(kRequestLine, line)), "sip.start_line") << line;
  }
  EXPECT_EQ(refusal(inviteWith("\r\nVia", "\nVia")), "sip.start_line") << "bare LF";
  EXPECT_EQ(refusal(inviteWith("bob@", std::string_view{"b\0b@", 4})), "sip.start_line");
  EXPECT_EQ(refusal(""), "sip.start_line");
  EXPECT_EQ(refusal("INVITE"), "sip.start_line");
}

TEST(MessageRefusal, Version) {
  EXPECT_EQ(refusal(inviteWith("SIP/2.0", "SIP/7.0")), "sip.version");
  EXPECT_EQ(refusal(inviteWith("SIP/2.0", "SIP/02.0")), "sip.version");
  EXPECT_EQ(refusal(inviteWith(kRequestLine, "SIP/3.0 200 OK")), "sip.version");
}

TEST(MessageRefusal, Status) {
  for (const char* code : {"099", "700", "20", "2000", "4294967496", "-20", "2x0", "+20"}) {
    EXPECT_EQ(refusal(inviteWith(kRequestLine, "SIP/2.0 " + std::string{code} + " x")), "sip.status") << code;
  }
}

TEST(MessageRefusal, HeaderLinesThatTwoParsersWouldReadDifferently) {
  EXPECT_EQ(refusal(inviteWithLine("NoColonHere")), "sip.header.malformed");
  EXPECT_EQ(refusal(inviteWithLine(": nameless")), "sip.header.malformed");
  EXPECT_EQ(refusal(inviteWithLine("Bad Name: x")), "sip.header.malformed");
  EXPECT_EQ(refusal(inviteWithLine("B\"ad: x")), "sip.header.malformed");
  EXPECT_EQ(refusal(inviteWithLine("To\x01: <sip:eve@example.com>")), "sip.header.malformed");
  EXPECT_EQ(refusal(inviteWithLine("To\x0b: <sip:eve@example.com>")), "sip.header.malformed");
  EXPECT_EQ(refusal(inviteWith(" SIP/2.0\r\n", " SIP/2.0\r\n folded start line\r\n")), "sip.header.malformed");
  EXPECT_EQ(refusal(inviteWithLine("A: x\nB: y")), "sip.header.line_ending");
  EXPECT_EQ(refusal(inviteWithLine("A: x\rB: y")), "sip.header.line_ending");
  EXPECT_EQ(refusal(inviteWithLine("A: \"x\\\nTo: <sip:eve@example.com>\"")), "sip.header.line_ending");
}

TEST(MessageRefusal, ControlBytesInAValue) {
  for (const char byte : {'\0', '\x01', '\x08', '\x0b', '\x1b', '\x7f'}) {
    EXPECT_EQ(refusal(inviteWithLine(std::string{"Subject: a"} + byte + "b")), "sip.header.control_byte");
    EXPECT_EQ(refusal(inviteWithLine(std::string{"Subject: a\\"} + byte + "b")), "sip.header.control_byte")
        << "a backslash outside quotes escapes nothing";
  }
}

TEST(MessageRefusal, AHeaderSectionThatDoesNotEnd) {
  const std::string whole = goodInvite();
  const std::size_t section = whole.find("\r\n\r\n") + 3;
  const std::size_t first_line = whole.find("\r\n") + 2;
  for (std::size_t cut = first_line; cut < section; ++cut) {
    EXPECT_NE(refusal(whole.substr(0, cut)), "") << cut;
  }
  EXPECT_EQ(refusal(whole.substr(0, section - 1)), "sip.truncated");
}

TEST(MessageRefusal, ASecondCopyOfASingleHeader) {
  for (const char* line :
       {"Call-ID: x", "i: x", "CSeq: 1 INVITE", "From: <sip:e@x>;tag=1", "f: <sip:e@x>", "To: <sip:e@x>",
        "t: <sip:e@x>", "Max-Forwards: 70", "Content-Type: text/plain", "c: text/plain"}) {
    EXPECT_EQ(refusal(inviteWithLine(line)), "sip.header.duplicate") << line;
  }
  for (const char* name :
       {"Expires", "Date", "Event", "Session-Expires", "Min-SE", "Refer-To", "Replaces", "RSeq", "RAck"}) {
    const std::string line = std::string{name} + ": x";
    EXPECT_EQ(refusal(inviteWithLine(line + "\r\n" + line)), "sip.header.duplicate") << name;
  }
  EXPECT_EQ(refusal(inviteWithLine("Content-Length: 5")), "sip.content_length.conflict") << "even when they agree";
  EXPECT_EQ(refusal(inviteWithLine("l: 5")), "sip.content_length.conflict");
}

TEST(MessageRefusal, AMissingMandatoryHeader) {
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
    const std::string line = "\r\n" + std::string{name} + ":";
    EXPECT_EQ(refusal(inviteWith(line, "\r\nX-Gone:")), "sip.header.missing") << name;
  }
}

TEST(MessageRefusal, CSeq) {
  for (const char* cseq : {"2147483648 INVITE", "-1 INVITE", "+1 INVITE", "1INVITE", "1", "INVITE", "", "0x1 INVITE",
                           "18446744073709551617 INVITE", "1 INVITE INVITE", "1 INV,TE"}) {
    EXPECT_EQ(refusal(inviteWith("1 INVITE", cseq)), "sip.cseq") << cseq;
  }
  EXPECT_EQ(refusal(inviteWith("1 INVITE", "2147483647 INVITE")), "");
  EXPECT_EQ(refusal(inviteWith("1 INVITE", "1 BYE")), "sip.cseq.method");
  EXPECT_EQ(refusal(inviteWith("1 INVITE", "1 invite")), "sip.cseq.method");
}

TEST(MessageRefusal, MaxForwards) {
  for (const char* hops : {"256", "-1", "", "7 0", "0x7", "99999999999999999999"}) {
    EXPECT_EQ(refusal(inviteWith("Max-Forwards: 70", std::string{"Max-Forwards: "} + hops)), "sip.max_forwards")
        << hops;
  }
}

TEST(MessageRefusal, CallId) {
  for (const char* id : {"", "a b", "a,b", "a;b", "caf\xc3\xa9"}) {
    EXPECT_EQ(refusal(inviteWith("3848276298220188511@client.example.com", id)), "sip.call_id") << id;
  }
}

TEST(MessageRefusal, ContentLength) {
  for (const char* length : {"-5", "+5", "0x5", "5, 5", "5 5", "", "5;", "five"}) {
    EXPECT_EQ(refusal(inviteWith("Length: 5", std::string{"Length: "} + length)), "sip.content_length.invalid")
        << length;
  }
  EXPECT_EQ(refusal(inviteWith("Length: 5", "Length: 4294967301")), "sip.content_length.too_large");
  EXPECT_EQ(refusal(inviteWith("Length: 5", "Length: 18446744073709551621")), "sip.content_length.too_large");
  EXPECT_EQ(refusal(inviteWith("Length: 5", "Length: 4")), "sip.content_length.mismatch");
  EXPECT_EQ(refusal(inviteWith("Length: 5", "Length: 6")), "sip.content_length.mismatch");
}

TEST(MessageRefusal, BrokenTopmostViaFromOrTo) {
  EXPECT_EQ(refusal(inviteWith("SIP/2.0/TLS", "SIP/1.0/TLS")), "sip.via.protocol");
  EXPECT_EQ(refusal(inviteWith("client.example.com:5061", ":::")), "sip.via.sent_by");
  EXPECT_EQ(refusal(inviteWith(";branch=z9hG4bK74bf9", ";;branch=x")), "sip.via.params");
  EXPECT_EQ(refusal(inviteWith("To: Bob", "To: \"Bob")), "sip.name_addr.quote");
  EXPECT_EQ(refusal(inviteWith("To: Bob", "To: Bob, the")), "sip.name_addr.display_name");
  EXPECT_EQ(refusal(inviteWith("To: Bob <sip:bob@example.com>", "To: <sip:bob@example.com>, <sip:eve@x>")),
            "sip.name_addr.params");
  EXPECT_EQ(refusal(inviteWith("To: Bob <sip:bob@example.com>", "To: *")), "sip.name_addr.uri");
  EXPECT_EQ(refusal(inviteWith("To: Bob <sip:bob@example.com>", "To:")), "sip.name_addr.empty");
  EXPECT_EQ(refusal(inviteWith(";tag=9fxced76sl", ";tag=a;tag=b")), "sip.name_addr.params");
  EXPECT_EQ(refusal(inviteWith(";tag=9fxced76sl", ";tag=")), "sip.name_addr.params");
}

TEST(MessageRefusal, Limits) {
  ParseLimits limits;
  limits.max_headers = 9;
  EXPECT_EQ(refusal(goodInvite(), limits), "");
  EXPECT_EQ(refusal(inviteWithLine("X: y"), limits), "sip.too_many_headers");
  limits = {};
  limits.max_header_bytes = 100;
  EXPECT_EQ(refusal(inviteWithLine("X: " + std::string(95, 'y')), limits), "");
  EXPECT_EQ(refusal(inviteWithLine("X: " + std::string(96, 'y')), limits), "sip.header.too_long");
  EXPECT_EQ(refusal(inviteWith("bob", std::string(200, 'b')), limits), "sip.request_uri.too_long");
  limits = {};
  limits.max_bytes = goodInvite().size();
  EXPECT_EQ(refusal(goodInvite(), limits), "");
  EXPECT_EQ(refusal(goodInvite() + "x", limits), "sip.too_large");
  limits = {};
  limits.max_list_items = 4;
  EXPECT_EQ(refusal(inviteWithLine("Route: <sip:a@b>, <sip:a@b>"), limits), "");
  EXPECT_EQ(refusal(inviteWithLine("Route: <sip:a@b>, <sip:a@b>, <sip:a@b>"), limits), "sip.too_many_values");
}

TEST(MessageRefusal, IsThePeersFaultAndItsDetailIsFitForALog) {
  const auto refused = Message::parse(inviteWithLine("Evil\x1b[31m" + std::string(500, 'A')));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::peerMisbehaved);
  EXPECT_EQ(refused.error().detail.find('\x1b'), std::string::npos);
  EXPECT_LT(refused.error().detail.size(), 100U);
}

}  // namespace
}  // namespace sallyport::sip
