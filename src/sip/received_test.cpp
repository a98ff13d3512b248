// SPDX-License-Identifier: Apache-2.0
#include "sip/received.h"

#include <gtest/gtest.h>

#include "sip/message_writer.h"

namespace sallyport::sip {
namespace {

const Endpoint kSource = *Endpoint::parse("203.0.113.9:31000");

Message from(std::string_view via) {
  auto message = Message::parse("OPTIONS sip:edge.example SIP/2.0\r\nVia: " + std::string{via} +
                                "\r\nFrom: <sip:a@example>;tag=1\r\nTo: <sip:edge.example>\r\nCall-ID: c\r\n"
                                "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_TRUE(message) << via;
  return *std::move(message);
}

// The Via of the response to it.
std::string answered(std::string_view via, const Endpoint& source = kSource) {
  auto request = from(via);
  if (auto stamped = withReceived(request, source)) {
    auto again = Message::parse(*std::move(stamped));
    if (!again) return "broken: " + describe(again.error());
    EXPECT_EQ(again->body(), "body");
    EXPECT_EQ(again->topmostVia().branch(), request.topmostVia().branch());
    EXPECT_EQ(again->topmostVia().sent_by, request.topmostVia().sent_by);
    request = *std::move(again);
  }
  const auto response = responseTo(request, 200, {}, "t").lines();
  const auto begin = response.find("Via: ") + 5;
  return response.substr(begin, response.find("\r\n", begin) - begin);
}

TEST(Received, IsSaidWhereTheViaNamesAnotherHost) {
  EXPECT_EQ(answered("SIP/2.0/TLS 192.168.1.2:5061;branch=z9hG4bK1"),
            "SIP/2.0/TLS 192.168.1.2:5061;branch=z9hG4bK1;received=203.0.113.9");
  EXPECT_EQ(answered("SIP/2.0/TLS phone.example;branch=z9hG4bK1"),
            "SIP/2.0/TLS phone.example;branch=z9hG4bK1;received=203.0.113.9");
}

TEST(Received, IsNotSaidWhereItIsTheVerySame) {
  EXPECT_FALSE(withReceived(from("SIP/2.0/TLS 203.0.113.9:5061;branch=z9hG4bK1"), kSource));
  EXPECT_FALSE(
      withReceived(from("SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bK1"), *Endpoint::parse("[2001:db8::9]:7")));
}

TEST(Received, ThePortIsSaidToWhoAsks) {
  EXPECT_EQ(answered("SIP/2.0/TLS 192.168.1.2:5061;rport;branch=z9hG4bK1"),
            "SIP/2.0/TLS 192.168.1.2:5061;branch=z9hG4bK1;received=203.0.113.9;rport=31000");
  EXPECT_EQ(answered("SIP/2.0/TLS 203.0.113.9:5061;branch=z9hG4bK1;rport"),
            "SIP/2.0/TLS 203.0.113.9:5061;branch=z9hG4bK1;received=203.0.113.9;rport=31000")
      << "RFC 3581 4: with received, whatever the host";
}

TEST(Received, WhatTheClientSaysOfItIsNotBelieved) {
  EXPECT_EQ(answered("SIP/2.0/TLS 203.0.113.9;received=198.51.100.1;branch=z9hG4bK1"),
            "SIP/2.0/TLS 203.0.113.9;branch=z9hG4bK1");
  EXPECT_EQ(answered("SIP/2.0/TLS 192.168.1.2;Received=198.51.100.1;RPORT=99;branch=z9hG4bK1"),
            "SIP/2.0/TLS 192.168.1.2;branch=z9hG4bK1;received=203.0.113.9;rport=31000");
}

TEST(Received, OtherValuesOfTheHeaderAndQuotedParametersStay) {
  EXPECT_EQ(
      answered("SIP/2.0/TLS 192.168.1.2;x=\";rport\";branch=z9hG4bK1 , SIP/2.0/TLS 10.0.0.9;rport;branch=z9hG4bK0"),
      "SIP/2.0/TLS 192.168.1.2;x=\";rport\";branch=z9hG4bK1;received=203.0.113.9 , SIP/2.0/TLS "
      "10.0.0.9;rport;branch=z9hG4bK0");
}

TEST(Received, OfAnIpv6SourceHasNoBrackets) {
  EXPECT_EQ(answered("SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1", *Endpoint::parse("[2001:db8::9]:7")),
            "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1;received=2001:db8::9");
}

}  // namespace
}  // namespace sallyport::sip
