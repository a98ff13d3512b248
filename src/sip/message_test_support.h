// SPDX-License-Identifier: Apache-2.0
#pragma once
// A good INVITE to break in one place at a time. For tests only.

#include <string>
#include <string_view>

#include "sip/message.h"

namespace sallyport::sip::test {

inline constexpr std::string_view kBody = "v=0\r\n";

inline std::string goodInvite() {
  return "INVITE sip:bob@example.com SIP/2.0\r\n"
         "Via: SIP/2.0/TLS client.example.com:5061;branch=z9hG4bK74bf9\r\n"
         "Max-Forwards: 70\r\n"
         "From: Alice <sip:alice@example.com>;tag=9fxced76sl\r\n"
         "To: Bob <sip:bob@example.com>\r\n"
         "Call-ID: 3848276298220188511@client.example.com\r\n"
         "CSeq: 1 INVITE\r\n"
         "Contact: <sip:alice@client.example.com>\r\n"
         "Content-Type: application/sdp\r\n"
         "Content-Length: 5\r\n"
         "\r\n" +
         std::string{kBody};
}

// The good INVITE with the first `from` written as `to`.
inline std::string inviteWith(std::string_view from, std::string_view to) {
  std::string text = goodInvite();
  return text.replace(text.find(from), from.size(), to);
}

// The good INVITE with one more header line before Content-Type.
inline std::string inviteWithLine(std::string_view line) {
  return inviteWith("Content-Type", std::string{line} + "\r\nContent-Type");
}

// The code parse() refuses `frame` with, "" when it does not.
inline std::string refusal(std::string frame, const ParseLimits& limits = {}) {
  const auto message = Message::parse(std::move(frame), limits);
  return message ? "" : message.error().code;
}

}  // namespace sallyport::sip::test
