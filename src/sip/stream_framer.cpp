// SPDX-License-Identifier: Apache-2.0
#include "sip/stream_framer.h"

#include <algorithm>
#include <utility>

#include "sip/header_lexer.h"

namespace sallyport::sip {
namespace {

constexpr auto kNpos = std::string_view::npos;
constexpr std::size_t kKeptCapacity = 2'048;  // what an idle connection may hold on to

// The value of Content-Length in a complete header section, or nothing when there is none.
Result<std::optional<std::size_t>> contentLength(std::string_view section, std::size_t maximum) {
  std::optional<std::size_t> length;
  std::size_t at = section.find("\r\n");
  if (at == kNpos) return misbehaved("sip.start_line", excerpt(section));
  at += 2;
  for (;;) {
    RawHeader raw;
    const std::size_t begin = at;
    const Lexed outcome = lexHeader(section, at, raw);
    if (outcome == Lexed::end) return length;
    if (outcome != Lexed::header) return lexError(outcome, section, begin);
    if (headerIdFrom(raw.name) != HeaderId::contentLength) continue;
    const std::string_view value = section.substr(raw.value_begin, raw.value_end - raw.value_begin);
    if (length) return misbehaved("sip.content_length.conflict", excerpt(value));
    SP_ASSIGN(length, parseContentLength(value, maximum));
  }
}

}  // namespace

void StreamFramer::append(std::string_view bytes) {
  if (failure_) return;
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
}

Result<StreamFramer::Event> StreamFramer::next() {
  if (failure_) return *failure_;
  if (message_size_ == 0) {
    if (auto event = keepAlive()) return *std::move(event);
    if (Status status = findHeaderEnd(); !status) return fail(std::move(status).error());
  }
  if (message_size_ == 0 || pending().size() < message_size_) return Event{NeedMore{}};
  return takeFrame();
}

// Between messages only: RFC 5626 3.5.1 keep-alives, and RFC 3261 7.5 empty lines before a start line.
std::optional<StreamFramer::Event> StreamFramer::keepAlive() {
  const std::string_view bytes = pending();
  const bool half_ping = std::exchange(half_ping_, half_ping_ && bytes.size() < 2);
  if (bytes.empty() || bytes == "\r") return NeedMore{};
  if (bytes.substr(0, 2) != "\r\n") return std::nullopt;
  scanned_ = 0;
  if (bytes.substr(0, 4) == "\r\n\r\n") {
    at_ += 4;
    return Ping{};
  }
  at_ += 2;
  if (half_ping) return Ping{};
  half_ping_ = bytes.size() == 2;
  return Pong{};
}

// Walks line by line, each byte once over the life of the message, to the empty line; then reads
// Content-Length. Leaves message_size_ 0 while the section is incomplete.
Status StreamFramer::findHeaderEnd() {
  const std::string_view bytes = pending();
  for (;;) {
    const std::size_t newline = bytes.find('\n', scanned_);
    if (newline == kNpos) {
      scanned_ = bytes.size();
      if (bytes.size() > limits_.max_bytes) return misbehaved("sip.too_large", "a header section without end");
      return success();
    }
    if (newline == 0 || bytes[newline - 1] != '\r') return misbehaved("sip.header.line_ending", excerpt(bytes));
    scanned_ = newline + 1;
    if (scanned_ > limits_.max_bytes) return misbehaved("sip.too_large", "a header section without end");
    if (newline >= 3 && bytes.substr(newline - 3, 4) == "\r\n\r\n") break;
  }
  SP_ASSIGN(const auto length, contentLength(bytes.substr(0, scanned_), limits_.max_bytes));
  if (!length) return misbehaved("sip.content_length.missing");
  if (*length > limits_.max_bytes - scanned_) return misbehaved("sip.too_large", std::to_string(*length));
  message_size_ = scanned_ + *length;
  return success();
}

StreamFramer::Event StreamFramer::takeFrame() {
  Frame frame;
  if (at_ == 0 && buffer_.size() == message_size_) {
    frame.bytes = std::exchange(buffer_, std::string{});
  } else {
    frame.bytes = buffer_.substr(at_, message_size_);
    at_ += message_size_;
    if (at_ == buffer_.size() && buffer_.capacity() > kKeptCapacity) {
      buffer_ = std::string{};
      at_ = 0;
    }
  }
  message_size_ = scanned_ = 0;
  half_ping_ = false;
  return frame;
}

Error StreamFramer::fail(Error error) {
  failure_ = error;
  return error;
}

bool StreamFramer::inMessage() const {
  const std::string_view bytes = pending();
  return !bytes.empty() && bytes != "\r" && bytes.substr(0, 2) != "\r\n";
}

Status StreamFramer::end() const {
  if (failure_) return *failure_;
  if (inMessage()) return misbehaved("sip.truncated", std::to_string(pending().size()) + " bytes of a message");
  return success();
}

Result<std::string_view> messageInDatagram(std::string_view datagram, const ParseLimits& limits) {
  while (datagram.substr(0, 2) == "\r\n") datagram.remove_prefix(2);
  if (datagram.size() > limits.max_bytes) return misbehaved("sip.too_large", std::to_string(datagram.size()));
  const std::size_t end = datagram.find("\r\n\r\n");
  if (end == kNpos) return misbehaved("sip.truncated", "the header section does not end");
  SP_ASSIGN(const auto length, contentLength(datagram.substr(0, end + 4), limits.max_bytes));
  if (!length) return datagram;
  const std::size_t present = datagram.size() - end - 4;
  if (*length > present) {
    return misbehaved("sip.content_length.mismatch",
                      std::to_string(*length) + " announced, " + std::to_string(present) + " present");
  }
  return datagram.substr(0, end + 4 + *length);
}

}  // namespace sallyport::sip
