// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cuts a byte stream into SIP messages (RFC 3261 18.3) and RFC 5626 3.5.1 keep-alives. One rule for
// Content-Length: present exactly once (long or compact), decimal digits only, no more than the
// limit. On any doubt the stream is finished: the caller answers 400 if it can and closes.
//
// One per connection. Holds at most one incomplete message, bounded by the limits.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.h"
#include "sip/message.h"

namespace sallyport::sip {

class StreamFramer {
 public:
  struct Frame {
    std::string bytes;
  };
  struct Ping {};  // CRLFCRLF: answer with CRLF
  struct Pong {};  // CRLF: the answer to ours. A ping that arrives in two halves is a Pong, then a Ping
  struct NeedMore {};
  using Event = std::variant<Frame, Ping, Pong, NeedMore>;

  explicit StreamFramer(ParseLimits limits = {}) : limits_(limits) {}

  void append(std::string_view bytes);
  // Call until NeedMore. After an error the framer stays failed; `pending()` is what it choked on.
  // Codes: "sip.content_length.missing", ".conflict", ".invalid", ".too_large"; "sip.too_large";
  // "sip.header.line_ending", ".malformed"; "sip.start_line".
  Result<Event> next();
  // The peer has closed: "sip.truncated" when a message had begun.
  Status end() const;
  std::string_view pending() const { return std::string_view{buffer_}.substr(at_); }
  // True while a message has begun and is not complete: the idle deadline is then the short one.
  bool inMessage() const;

 private:
  std::optional<Event> keepAlive();
  Status findHeaderEnd();
  Event takeFrame();
  Error fail(Error error);

  ParseLimits limits_;
  std::string buffer_;
  std::size_t at_ = 0;            // where the unconsumed bytes begin
  std::size_t scanned_ = 0;       // how far, from at_, the end of the header section has been looked for
  std::size_t message_size_ = 0;  // header section and body, once the former is complete; else 0
  bool half_ping_ = false;        // the last event was a Pong with nothing behind it
  std::optional<Error> failure_;
};

// The message inside a datagram: leading CRLFs skipped, octets past Content-Length dropped; all of it
// when there is no Content-Length (RFC 3261 18.3). Codes as next(), and "sip.content_length.mismatch".
Result<std::string_view> messageInDatagram(std::string_view datagram, const ParseLimits& limits = {});

}  // namespace sallyport::sip
