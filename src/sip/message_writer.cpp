// SPDX-License-Identifier: Apache-2.0
#include "sip/message_writer.h"

#include <charconv>

#include "sip/char_class.h"

namespace sallyport::sip {

// Any control byte but HTAB becomes a space: CR, LF and NUL so that no value is two lines or ends
// early, the others because the only place they may stand (a quoted-pair) means the same with a space.
void MessageWriter::put(std::string_view text) {
  const std::size_t begin = out_.size();
  out_.append(text);
  for (std::size_t at = findControl(text, 0); at < text.size(); at = findControl(text, at + 1)) {
    if (text[at] != '\t') out_[begin + at] = ' ';
  }
}

MessageWriter& MessageWriter::request(std::string_view method, std::string_view uri) {
  put(method);
  out_.push_back(' ');
  put(uri);
  out_.append(" SIP/2.0\r\n");
  return *this;
}

MessageWriter& MessageWriter::response(int status, std::string_view reason) {
  out_.append("SIP/2.0 ").append(std::to_string(status)).push_back(' ');
  put(reason.empty() ? reasonPhrase(status) : reason);
  out_.append("\r\n");
  return *this;
}

MessageWriter& MessageWriter::header(HeaderId id, std::string_view value) { return header(toString(id), value); }

MessageWriter& MessageWriter::header(HeaderId id, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  return header(toString(id), {digits, static_cast<std::size_t>(end - digits)});
}

MessageWriter& MessageWriter::header(std::string_view name, std::string_view value) {
  put(name);
  out_.append(": ");
  put(value);
  out_.append("\r\n");
  return *this;
}

MessageWriter& MessageWriter::copy(const Message& source, HeaderId id) {
  for (const HeaderField& field : source.headers()) {
    if (field.id == id && id != HeaderId::other) header(id, field.value);
  }
  return *this;
}

std::string MessageWriter::finish(std::string_view content_type, std::string_view body) {
  if (!body.empty() && !content_type.empty()) header(HeaderId::contentType, content_type);
  header(HeaderId::contentLength, std::uint64_t{body.size()});
  out_.append("\r\n").append(body);
  return std::move(out_);
}

MessageWriter responseTo(const Message& request, int status, std::string_view reason, std::string_view to_tag) {
  MessageWriter writer;
  writer.response(status, reason).copy(request, HeaderId::via).copy(request, HeaderId::from);
  const std::string_view to = request.header(HeaderId::to).value_or(std::string_view{});
  if (to_tag.empty() || !request.toTag().empty()) {
    writer.header(HeaderId::to, to);
  } else {
    writer.header(HeaderId::to, std::string{to}.append(";tag=").append(to_tag));
  }
  writer.copy(request, HeaderId::callId).copy(request, HeaderId::cseq);
  if (status == 100) writer.copy(request, HeaderId::timestamp);  // RFC 3261 8.2.6.1
  return writer;
}

}  // namespace sallyport::sip
