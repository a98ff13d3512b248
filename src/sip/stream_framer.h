// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cuts a byte stream into SIP messages (RFC 3261 18.3) and RFC 5626 3.5.1 keep-alives. One rule for
// Content-Length: present exactly once (long or compact), decimal digits only, no more than the
// limit. On any doubt the stream is finished: the caller answers 400 if it can and closes.
//
// One per connection. Holds at most one incomplete message, bounded by the limits.

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.h"
#include "sip/message.h"

namespace sallyport::sip {

class StreamFramer {
 public:
  struct Frame { std::string bytes; };
  struct Ping {};      // CRLFCRLF: answer with CRLF
  struct Pong {};      // CRLF: the answer to ours
  struct NeedMore {};
  using Event = std::variant<Frame, Ping, Pong, NeedMore>;

  explicit StreamFramer(ParseLimits limits = {}) : limits_(limits) {}

  void append(std::string_view bytes) { buffer_.append(bytes); }
  // Call until NeedMore. After an error the framer stays failed; `pending()` is what it choked on.
  Result<Event> next();
  std::string_view pending() const { return std::string_view{buffer_}.substr(at_); }
  // True while a message has begun and is not complete: the idle deadline is then the short one.
  bool inMessage() const;

 private:
  ParseLimits limits_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t scanned_ = 0;  // how far the end of the header section has been looked for
};

}  // namespace sallyport::sip
