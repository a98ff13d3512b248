// SPDX-License-Identifier: Apache-2.0
#pragma once
// Serialises a SIP message into a string, in call order: start line, headers, then finish(). A CR,
// LF or NUL in any value is a bug of ours, since everything written was parsed or made by us, and
// is replaced by a space so that no value can ever become two lines. So is every other control byte
// but HTAB: the parser lets one in only as a quoted-pair, which reads the same with a space.

#include <cstdint>
#include <string>
#include <string_view>

#include "sip/message.h"

namespace sallyport::sip {

class MessageWriter {
 public:
  explicit MessageWriter(std::size_t reserve = 1'024) { out_.reserve(reserve); }

  MessageWriter& request(std::string_view method, std::string_view uri);
  MessageWriter& response(int status, std::string_view reason = {});  // reason defaults to the RFC's phrase
  MessageWriter& header(HeaderId id, std::string_view value);
  MessageWriter& header(HeaderId id, std::uint64_t value);
  MessageWriter& header(std::string_view name, std::string_view value);
  // Copies every header line of that name from `source`, re-serialised with its canonical name.
  MessageWriter& copy(const Message& source, HeaderId id);
  // What was written so far, complete lines without an end.
  std::string lines() { return std::move(out_); }
  // Content-Type (unless the body is empty), Content-Length, the empty line, the body.
  std::string finish(std::string_view content_type = {}, std::string_view body = {});

 private:
  void put(std::string_view text);
  std::string out_;
};

// A response to `request` with Via, From, To (plus `to_tag` when it had none), Call-ID and CSeq
// copied (RFC 3261 8.2.6.2), ready for more headers and finish().
MessageWriter responseTo(const Message& request, int status, std::string_view reason, std::string_view to_tag);

std::string_view reasonPhrase(int status);

}  // namespace sallyport::sip
