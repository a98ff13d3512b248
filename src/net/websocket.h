// SPDX-License-Identifier: Apache-2.0
#pragma once
// The frames of a WebSocket at its accepting side (RFC 6455 5): what a client sends becomes messages, what we say
// becomes frames. No extension is ever agreed on, so that no reserved bit means anything. No I/O, no clock.
//
// A WebSocketReader belongs to one connection, holds at most one incomplete message and one incomplete frame, and
// knows how large both may be before it keeps a byte of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.h"

namespace sallyport::net {

// RFC 6455 7.4.1.
enum class WebSocketClose : std::uint16_t {
  normal = 1000,
  goingAway = 1001,
  protocolError = 1002,
  noCode = 1005,  // never on the wire: the other side gave none
  notUtf8 = 1007,
  policy = 1008,
  tooLarge = 1009,
};

class WebSocketReader {
 public:
  struct Message {
    std::string payload;  // of a text or a binary message: whoever reads it knows what it is
  };
  struct Ping {
    std::string payload;  // at most 125 bytes, to be given back
  };
  struct Pong {};
  struct Close {
    std::uint16_t code = 0;
  };
  struct NeedMore {};
  using Event = std::variant<Message, Ping, Pong, Close, NeedMore>;

  explicit WebSocketReader(std::size_t largest_message) : largest_(largest_message) {}

  void append(std::string_view bytes);
  // Call until NeedMore. After an error the reader stays failed, after Close it hears nothing more. Errors,
  // peerMisbehaved: "net.websocket.unmasked", ".reserved" (a bit that no extension has), ".opcode",
  // ".control" (fragmented, or more than 125 bytes), ".continuation" (of nothing, or missing), ".length" (not the
  // shortest form), ".too_large", ".utf8", ".close" (a code that may not be sent).
  Result<Event> next();
  // A frame or a message has begun and is not complete: the peer owes the rest.
  bool inMessage() const { return fragmented_ || at_ < buffer_.size(); }

 private:
  struct Header {
    unsigned opcode = 0;
    bool last = false;
    std::uint64_t payload = 0;
    std::size_t size = 0;  // with the mask
  };
  std::string_view unread() const { return std::string_view{buffer_}.substr(at_); }
  Result<std::optional<Header>> header() const;
  Status judge(const Header& header) const;
  std::string takePayload(const Header& header);  // unmasked; the frame is behind us
  Result<std::optional<Event>> take(const Header& header);
  Result<Event> closing(std::string_view payload);

  std::size_t largest_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string message_;  // the fragments so far
  bool fragmented_ = false;
  bool text_ = false;
  bool closed_ = false;
  std::optional<Error> failure_;
};

// What to close with after such an error; `policy` for what is none of a reader's.
WebSocketClose closeCodeFor(const Error& error);

// Frames of ours, whole and unmasked (RFC 6455 5.1). A message goes as text where it is UTF-8 (RFC 7118 5).
std::string webSocketMessage(std::string_view payload);
std::string webSocketPing();
std::string webSocketPong(std::string_view payload);
std::string webSocketClose(WebSocketClose code);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2).
std::string webSocketAccept(std::string_view key);
// 16 bytes in base64, as a Sec-WebSocket-Key is (RFC 6455 4.2.1).
bool isWebSocketKey(std::string_view key);

}  // namespace sallyport::net
