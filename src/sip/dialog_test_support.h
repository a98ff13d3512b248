// SPDX-License-Identifier: Apache-2.0
#pragma once
// Messages for the dialog tests: Alice calls Bob, we are either.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sip/dialog.h"
#include "sip/message.h"

namespace sallyport::sip::test {

struct DialogText {
  std::string_view method = "INVITE";
  std::string_view uri = "sip:bob@biloxi.example";
  std::string_view from = "<sip:alice@atlanta.example>;tag=alice1";
  std::string_view to = "<sip:bob@biloxi.example>";
  unsigned cseq = 10;
  std::string_view contact = "<sip:alice@192.0.2.4;transport=tls>";
  std::string_view extra = "";  // complete lines
  std::string_view body = "";

  Message request() const { return parse(std::string{method} + " " + std::string{uri} + " SIP/2.0\r\n"); }
  Message response(int status) const { return parse("SIP/2.0 " + std::to_string(status) + " Whatever\r\n"); }

 private:
  Message parse(std::string start) const {
    std::string text =
        std::move(start) + "Via: SIP/2.0/TLS client.example;branch=z9hG4bK1\r\nFrom: " + std::string{from} +
        "\r\nTo: " + std::string{to} + "\r\nCall-ID: c1\r\nMax-Forwards: 70\r\nCSeq: " + std::to_string(cseq) + " " +
        std::string{method} + "\r\n";
    if (!contact.empty()) text += "Contact: " + std::string{contact} + "\r\n";
    if (!body.empty()) text += "Content-Type: application/sdp\r\n";
    text += std::string{extra} + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
    auto message = Message::parse(std::move(text));
    EXPECT_TRUE(message.ok()) << (message ? "" : describe(message.error()));
    SP_CHECK(message.ok());
    return *std::move(message);
  }
};

constexpr std::string_view kVia = "SIP/2.0/TLS edge.example;branch=z9hG4bKe1";

inline Message written(MessageWriter& writer) {
  auto message = Message::parse(writer.finish());
  SP_CHECK(message.ok());
  return *std::move(message);
}
inline Message nextRequest(Dialog& dialog, std::string_view method) {
  MessageWriter writer;
  dialog.startRequest(writer, method, kVia);
  return written(writer);
}

// We are Bob, and have been called.
inline Dialog called(const DialogText& text = {}) {
  auto dialog = Dialog::fromRequest(text.request(), "bob1");
  SP_CHECK(dialog.ok());
  return *std::move(dialog);
}
inline Dialog answeredCall(const DialogText& text = {}) {
  auto dialog = called(text);
  dialog.onAnswered(Method::invite, 200);
  (void)dialog.onAck(DialogText{.method = "ACK", .to = "<sip:bob@biloxi.example>;tag=bob1"}.request());
  return dialog;
}
// What Alice sends within it.
inline DialogText fromAlice(std::string_view method, unsigned cseq) {
  return {.method = method, .to = "<sip:bob@biloxi.example>;tag=bob1", .cseq = cseq};
}

// We are Alice, and Bob answers.
inline DialogText fromBob() {
  return {.to = "<sip:bob@biloxi.example>;tag=bob1", .contact = "<sip:bob@198.51.100.9:5061;transport=tls>"};
}
inline Dialog calling(int status = 200, const DialogText& text = fromBob()) {
  auto dialog = Dialog::fromResponse(text.response(status), "sip:bob@biloxi.example");
  SP_CHECK(dialog.ok());
  return *std::move(dialog);
}

}  // namespace sallyport::sip::test
