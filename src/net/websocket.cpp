// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/bytes.h"
#include "core/utf8.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"

namespace sallyport::net {
namespace {

// RFC 6455 5.2.
constexpr unsigned kContinuation = 0x0, kText = 0x1, kBinary = 0x2, kClose = 0x8, kPing = 0x9, kPong = 0xA;
constexpr unsigned kLastFragment = 0x80, kReservedBits = 0x70, kOpcodeBits = 0x0F;
constexpr unsigned kMasked = 0x80, kLengthBits = 0x7F;
constexpr unsigned kLength16 = 126, kLength64 = 127;
constexpr std::size_t kMaskBytes = 4;
constexpr std::size_t kMostControl = 125;
constexpr std::size_t kKeptCapacity = 1'024;  // an idle connection holds no larger buffer
constexpr std::size_t kKeyBytes = 16;
constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

Error refused(const char* code, std::string detail) { return {ErrorKind::peerMisbehaved, code, std::move(detail)}; }

bool isControl(unsigned opcode) { return opcode >= kClose; }

std::uint64_t bigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = (value << 8) | static_cast<unsigned char>(byte);
  return value;
}

void release(std::string& buffer) {
  if (buffer.capacity() > kKeptCapacity) {
    buffer = {};
  } else {
    buffer.clear();
  }
}

// RFC 6455 7.4: what an endpoint may say; 1004 to 1006 and 1015 never stand in a frame.
bool maySay(std::uint64_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

std::string frame(unsigned opcode, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  out += static_cast<char>(kLastFragment | opcode);
  const auto appendBytes = [&](unsigned count) {
    for (unsigned shift = 8 * count; shift > 0; shift -= 8) out += static_cast<char>(payload.size() >> (shift - 8));
  };
  if (payload.size() <= kMostControl) {
    out += static_cast<char>(payload.size());
  } else if (payload.size() <= std::numeric_limits<std::uint16_t>::max()) {
    out += static_cast<char>(kLength16);
    appendBytes(2);
  } else {
    out += static_cast<char>(kLength64);
    appendBytes(8);
  }
  return out.append(payload);
}

}  // namespace

void WebSocketReader::append(std::string_view bytes) {
  if (failure_ || closed_) return;
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
}

Result<WebSocketReader::Event> WebSocketReader::next() {
  while (!failure_ && !closed_) {
    auto read = header();
    if (!read) return *(failure_ = std::move(read).error());
    if (!*read || unread().size() - (*read)->size < (*read)->payload) break;
    auto event = take(**read);
    if (!event) return *(failure_ = std::move(event).error());
    if (*event) return std::move(**event);
  }
  if (failure_) return *failure_;
  if (closed_ || at_ == buffer_.size()) {
    at_ = 0;
    release(buffer_);
  }
  return Event{NeedMore{}};
}

// Nothing until all of it has come; what is wrong in its first bytes is said at once.
Result<std::optional<WebSocketReader::Header>> WebSocketReader::header() const {
  const auto bytes = unread();
  if (bytes.size() < 2) return std::optional<Header>{};
  const unsigned first = static_cast<unsigned char>(bytes[0]), second = static_cast<unsigned char>(bytes[1]);
  if ((first & kReservedBits) != 0) return refused("net.websocket.reserved", "no extension was agreed on");
  Header header;
  header.opcode = first & kOpcodeBits;
  header.last = (first & kLastFragment) != 0;
  if ((second & kMasked) == 0) return refused("net.websocket.unmasked", "a client masks its frames (RFC 6455 5.1)");
  const unsigned form = second & kLengthBits;
  header.payload = form;
  const std::size_t extended = form == kLength16 ? 2 : form == kLength64 ? 8 : 0;
  if (extended > 0) {
    if (isControl(header.opcode)) return refused("net.websocket.control", "more than 125 bytes");
    if (bytes.size() < 2 + extended) return std::optional<Header>{};
    header.payload = bigEndian(bytes.substr(2, extended));
  }
  SP_TRY(judge(header));
  const std::uint64_t least = form == kLength16 ? kLength16 : std::numeric_limits<std::uint16_t>::max() + 1u;
  if (extended > 0 && header.payload < least) {
    return refused("net.websocket.length", "not the shortest form of " + std::to_string(header.payload));
  }
  header.size = 2 + extended + kMaskBytes;
  if (bytes.size() < header.size) return std::optional<Header>{};
  return std::optional{header};
}

Status WebSocketReader::judge(const Header& header) const {
  switch (header.opcode) {
    case kContinuation:
      if (!fragmented_) return refused("net.websocket.continuation", "of nothing");
      break;
    case kText:
    case kBinary:
      if (fragmented_) return refused("net.websocket.continuation", "another message before the end of one");
      break;
    case kClose:
    case kPing:
    case kPong:
      if (!header.last) return refused("net.websocket.control", "fragmented");
      break;
    default: return refused("net.websocket.opcode", std::to_string(header.opcode));
  }
  if (!isControl(header.opcode) && header.payload > largest_ - message_.size()) {
    return refused("net.websocket.too_large", "more than " + std::to_string(largest_) + " bytes");
  }
  return success();
}

std::string WebSocketReader::takePayload(const Header& header) {
  const auto all = unread().substr(0, header.size + static_cast<std::size_t>(header.payload));
  const auto mask = all.substr(header.size - kMaskBytes, kMaskBytes);
  std::string payload{all.substr(header.size)};
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % kMaskBytes]);
  at_ += all.size();
  return payload;
}

// Nothing where a message goes on.
Result<std::optional<WebSocketReader::Event>> WebSocketReader::take(const Header& header) {
  auto payload = takePayload(header);
  if (header.opcode == kPing) return std::optional<Event>{Ping{std::move(payload)}};
  if (header.opcode == kPong) return std::optional<Event>{Pong{}};
  if (header.opcode == kClose) {
    SP_ASSIGN(auto event, closing(payload));
    return std::optional{std::move(event)};
  }
  if (header.opcode != kContinuation) text_ = header.opcode == kText;
  if (message_.empty()) {
    message_ = std::move(payload);
  } else {
    message_.append(payload);
  }
  fragmented_ = !header.last;
  if (fragmented_) return std::optional<Event>{};
  if (text_ && !isUtf8(message_)) return refused("net.websocket.utf8", "text that is none");
  return std::optional<Event>{Message{std::exchange(message_, {})}};
}

Result<WebSocketReader::Event> WebSocketReader::closing(std::string_view payload) {
  closed_ = true;
  if (payload.empty()) return Event{Close{static_cast<std::uint16_t>(WebSocketClose::noCode)}};
  const auto code = bigEndian(payload.substr(0, 2));
  if (payload.size() < 2 || !maySay(code)) return refused("net.websocket.close", "a code that may not be sent");
  if (!isUtf8(payload.substr(2))) return refused("net.websocket.utf8", "a reason that is no text");
  return Event{Close{static_cast<std::uint16_t>(code)}};
}

WebSocketClose closeCodeFor(const Error& error) {
  const std::string_view code{error.code};
  if (code == "net.websocket.too_large") return WebSocketClose::tooLarge;
  if (code == "net.websocket.utf8") return WebSocketClose::notUtf8;
  return code.starts_with("net.websocket.") ? WebSocketClose::protocolError : WebSocketClose::policy;
}

std::string webSocketMessage(std::string_view payload) { return frame(isUtf8(payload) ? kText : kBinary, payload); }
std::string webSocketPing() { return frame(kPing, {}); }
std::string webSocketPong(std::string_view payload) { return frame(kPong, payload); }

std::string webSocketClose(WebSocketClose code) {
  if (code == WebSocketClose::noCode) return frame(kClose, {});
  const auto number = static_cast<std::uint16_t>(code);
  const std::array<char, 2> bytes{static_cast<char>(number >> 8), static_cast<char>(number)};
  return frame(kClose, {bytes.data(), bytes.size()});
}

std::string webSocketAccept(std::string_view key) {
  const auto text = std::string{key}.append(kAcceptGuid);
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  SHA1(bytesOf(text).data(), text.size(), digest.data());
  return crypto::base64Encode(digest);
}

bool isWebSocketKey(std::string_view key) {
  const auto bytes = crypto::base64Decode(key, crypto::Base64Padding::required);
  return bytes && bytes->size() == kKeyBytes;
}

}  // namespace sallyport::net
