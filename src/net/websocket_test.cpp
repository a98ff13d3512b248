// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.h"

#include <gmock/gmock.h>

#include <vector>

#include "net/test_support.h"
#include "net/websocket_test_support.h"

namespace sallyport::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kLargest = 65'536;

// What a reader makes of the bytes, one word per event; the last one is the error's code where there is one.
std::vector<std::string> read(WebSocketReader& reader, std::string_view bytes) {
  std::vector<std::string> said;
  reader.append(bytes);
  for (;;) {
    auto event = reader.next();
    if (!event) {
      said.emplace_back(event.error().code);
      return said;
    }
    if (std::holds_alternative<WebSocketReader::NeedMore>(*event)) return said;
    if (auto* message = std::get_if<WebSocketReader::Message>(&*event)) said.push_back(message->payload);
    if (auto* ping = std::get_if<WebSocketReader::Ping>(&*event)) said.push_back("ping " + ping->payload);
    if (std::holds_alternative<WebSocketReader::Pong>(*event)) said.emplace_back("pong");
    if (auto* close = std::get_if<WebSocketReader::Close>(&*event))
      said.push_back("close " + std::to_string(close->code));
  }
}

std::vector<std::string> read(std::string_view bytes) {
  WebSocketReader reader{kLargest};
  return read(reader, bytes);
}

TEST(WebSocketReader, ReadsTextAndBinaryMessagesHoweverTheyArrive) {
  const auto bytes = clientFrame(0x81, "OPTIONS") + clientFrame(0x82, std::string(300, '\xff')) + clientFrame(0x81, "");
  WebSocketReader whole{kLargest};
  EXPECT_THAT(read(whole, bytes), ElementsAre("OPTIONS", std::string(300, '\xff'), ""));
  EXPECT_FALSE(whole.inMessage());
  WebSocketReader trickled{kLargest};
  std::vector<std::string> said;
  for (const char byte : bytes) {
    for (auto& each : read(trickled, {&byte, 1})) said.push_back(std::move(each));
  }
  EXPECT_THAT(said, ElementsAre("OPTIONS", std::string(300, '\xff'), ""));
}

TEST(WebSocketReader, JoinsFragmentsAndHearsWhatStandsBetweenThem) {
  WebSocketReader reader{kLargest};
  EXPECT_THAT(read(reader, clientFrame(0x01, "OPT") + clientFrame(0x89, "?")), ElementsAre("ping ?"));
  EXPECT_TRUE(reader.inMessage());
  EXPECT_THAT(read(reader, clientFrame(0x00, "ION") + clientFrame(0x8A, "") + clientFrame(0x80, "S")),
              ElementsAre("pong", "OPTIONS"));
  EXPECT_FALSE(reader.inMessage());
}

TEST(WebSocketReader, RefusesWhatAClientMayNotSend) {
  const auto bad = [](std::string_view bytes) { return read(bytes).back(); };
  auto unmasked = clientFrame(0x81, "x");
  unmasked[1] = '\x01';
  EXPECT_EQ(bad(unmasked), "net.websocket.unmasked");
  EXPECT_EQ(bad("\x81\x01"), "net.websocket.unmasked") << "before its payload has come";
  EXPECT_EQ(bad(clientFrame(0xC1, "x")), "net.websocket.reserved");
  EXPECT_EQ(bad(clientFrame(0x91, "x")), "net.websocket.reserved");
  EXPECT_EQ(bad(clientFrame(0x83, "x")), "net.websocket.opcode");
  EXPECT_EQ(bad(clientFrame(0x8B, "x")), "net.websocket.opcode");
  EXPECT_EQ(bad(clientFrame(0x09, "x")), "net.websocket.control");
  EXPECT_EQ(bad(clientFrame(0x89, std::string(126, 'x'))), "net.websocket.control");
  EXPECT_EQ(bad(clientFrame(0x80, "x")), "net.websocket.continuation");
  EXPECT_EQ(bad(clientFrame(0x01, "x") + clientFrame(0x81, "y")), "net.websocket.continuation");
  EXPECT_EQ(bad(std::string{"\x81\xFE\x00\x05mask12345", 13}), "net.websocket.length");
  EXPECT_EQ(bad(std::string{"\x81\xFF\0\0\0\0\0\0\x01\0mask", 14}), "net.websocket.length");
}

TEST(WebSocketReader, KnowsALengthBeforeItKeepsAByte) {
  EXPECT_THAT(read(std::string{"\x81\xFF\x80\0\0\0\0\0\0\0", 10}), ElementsAre("net.websocket.too_large"));
  EXPECT_THAT(read(std::string{"\x82\xFF\0\0\0\0\0\x01\0\x01", 10}), ElementsAre("net.websocket.too_large"));
  EXPECT_THAT(read(clientFrame(0x81, std::string(kLargest, 'x'))), ElementsAre(std::string(kLargest, 'x')));
  WebSocketReader reader{8};
  EXPECT_THAT(read(reader, clientFrame(0x01, "12345") + clientFrame(0x00, "678") + clientFrame(0x80, "9")),
              ElementsAre("net.websocket.too_large"));
}

TEST(WebSocketReader, TakesOnlyUtf8AsText) {
  EXPECT_THAT(read(clientFrame(0x01, "\xc3") + clientFrame(0x80, "\xbc")), ElementsAre("\xc3\xbc"));
  EXPECT_THAT(read(clientFrame(0x81, "\xc3")), ElementsAre("net.websocket.utf8"));
  EXPECT_THAT(read(clientFrame(0x01, "a") + clientFrame(0x80, "\xc3")), ElementsAre("net.websocket.utf8"));
  EXPECT_THAT(read(clientFrame(0x82, "\xc3")), ElementsAre("\xc3"));
  EXPECT_THAT(read(clientFrame(0x02, "a") + clientFrame(0x80, "\xc3")), ElementsAre("a\xc3"));
}

TEST(WebSocketReader, HearsNothingAfterAClose) {
  EXPECT_THAT(read(clientFrame(0x88, "") + clientFrame(0x81, "x")), ElementsAre("close 1005"));
  EXPECT_THAT(read(clientFrame(0x88,
                               "\x03\xE9"
                               "bye") +
                   clientFrame(0x81, "x")),
              ElementsAre("close 1001"));
  for (const auto* payload : {"\x03", "\x03\xED", "\x03\xEE", "\x03\xF7", "\x0B\xB7", "\x13\x88"}) {
    EXPECT_THAT(read(clientFrame(0x88, payload)), ElementsAre("net.websocket.close"));
  }
  EXPECT_THAT(read(clientFrame(0x88, std::string{"\x03\xE8\xff", 3})), ElementsAre("net.websocket.utf8"));
}

TEST(WebSocketReader, StaysFailed) {
  WebSocketReader reader{kLargest};
  EXPECT_THAT(read(reader, clientFrame(0x83, "x")), ElementsAre("net.websocket.opcode"));
  EXPECT_THAT(read(reader, clientFrame(0x81, "x")), ElementsAre("net.websocket.opcode"));
}

TEST(WebSocketReader, EveryErrorHasItsCloseCode) {
  const auto code = [](const char* of) {
    return static_cast<unsigned>(closeCodeFor({ErrorKind::peerMisbehaved, of, {}}));
  };
  EXPECT_EQ(code("net.websocket.too_large"), 1009u);
  EXPECT_EQ(code("net.websocket.utf8"), 1007u);
  EXPECT_EQ(code("net.websocket.unmasked"), 1002u);
  EXPECT_EQ(code("sip.malformed.repeated"), 1008u);
}

TEST(WebSocketFrames, HaveTheShortestLengthAndNoMask) {
  EXPECT_EQ(webSocketMessage("hi"), "\x81\x02hi");
  EXPECT_EQ(webSocketMessage("\xff"), "\x82\x01\xff") << "what is no text";
  EXPECT_EQ(webSocketMessage(std::string(126, 'x')).substr(0, 4), (std::string{"\x81\x7e\x00\x7e", 4}));
  EXPECT_EQ(webSocketMessage(std::string(65'536, 'x')).substr(0, 10), (std::string{"\x81\x7f\0\0\0\0\0\x01\0\0", 10}));
  EXPECT_EQ(webSocketPing(), (std::string{"\x89\0", 2}));
  EXPECT_EQ(webSocketPong("?"), "\x8a\x01?");
  EXPECT_EQ(webSocketClose(WebSocketClose::goingAway), "\x88\x02\x03\xE9");
}

TEST(WebSocketFrames, AnswerTheKeyOfTheRfc) {
  EXPECT_EQ(webSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 1.3
  EXPECT_TRUE(isWebSocketKey("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_FALSE(isWebSocketKey("dGhlIHNhbXBsZSBub25j"));
  EXPECT_FALSE(isWebSocketKey(""));
}

}  // namespace
}  // namespace sallyport::net
