// SPDX-License-Identifier: Apache-2.0
#pragma once
// Message::parse as a one-shot object: start line, header section, the headers every message must
// carry, body. Lives on the caller's stack for one message. RFC 3261 7, 8.1.1, 20.

#include <string>
#include <string_view>

#include "core/result.h"
#include "sip/message.h"

namespace sallyport::sip {

class MessageParser {
 public:
  explicit MessageParser(const ParseLimits& limits) : limits_(limits) {}
  Result<Message> parse(std::string frame);

 private:
  Status parseStartLine();
  Status parseRequestLine(std::string_view line);
  Status parseStatusLine(std::string_view line);
  Status parseHeaders();
  const char* addHeader(std::string_view name, std::string_view value);
  Status parseMandatory();
  Status parseCSeq(std::string_view value);
  Status parseMaxForwards();
  Status parseBody();

  std::string_view text() const { return *message_.frame_; }

  const ParseLimits& limits_;
  Message message_;
  std::size_t at_ = 0;
  std::size_t list_items_ = 0;
};

}  // namespace sallyport::sip
