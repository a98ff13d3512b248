// SPDX-License-Identifier: Apache-2.0
#include "sip/message_parser.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/header_lexer.h"

namespace sallyport::sip {
namespace {

constexpr auto kNpos = std::string_view::npos;
constexpr std::string_view kVersion = "SIP/2.0";
constexpr std::uint64_t kMostCSeq = 0x7FFF'FFFF;  // RFC 3261 8.1.1.5: less than 2**31

// SIP-Version of any number: "SIP/" 1*DIGIT "." 1*DIGIT.
bool isSipVersion(std::string_view text) {
  if (text.size() < 7 || !equalsIgnoringCase(text.substr(0, 4), "SIP/")) return false;
  text.remove_prefix(4);
  const std::size_t dot = text.find('.');
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), isDigit);
  };
  return dot != kNpos && digits(text.substr(0, dot)) && digits(text.substr(dot + 1));
}

enum Trait : std::uint8_t {
  kSingle = 1,   // a second copy would be a second answer to the same question (RFC 4475 3.3.8)
  kCounted = 2,  // its values count against ParseLimits::max_list_items
};

constexpr std::array<std::uint8_t, kHeaderIdCount> kTraits = [] {
  std::array<std::uint8_t, kHeaderIdCount> traits{};
  using enum HeaderId;
  for (const HeaderId id : {callId,         contentDisposition,
                            contentLength,  contentType,
                            cseq,           date,
                            event,          expires,
                            from,           maxForwards,
                            mimeVersion,    minExpires,
                            minSe,          priority,
                            rack,           referSub,
                            referTo,        referredBy,
                            replaces,       replyTo,
                            retryAfter,     rseq,
                            sessionExpires, subscriptionState,
                            timestamp,      to}) {
    traits[static_cast<std::size_t>(id)] = kSingle;
  }
  for (const HeaderId id : {via, route, recordRoute, contact}) traits[static_cast<std::size_t>(id)] = kCounted;
  return traits;
}();

}  // namespace

Result<Message> MessageParser::parse(std::string frame) {
  if (frame.size() > limits_.max_bytes) return misbehaved("sip.too_large", std::to_string(frame.size()));
  message_.frame_ = std::make_unique<std::string>(std::move(frame));
  SP_TRY(parseStartLine());
  SP_TRY(parseHeaders());
  SP_TRY(parseMandatory());
  SP_TRY(parseBody());
  return std::move(message_);
}

Status MessageParser::parseStartLine() {
  std::size_t end = findControl(text(), 0);
  // Reason-Phrase may hold HTAB; parseRequestLine() refuses it.
  while (end < text().size() && text()[end] == '\t') end = findControl(text(), end + 1);
  const std::string_view line = text().substr(0, end);
  if (line.size() > limits_.max_header_bytes) return misbehaved("sip.request_uri.too_long", excerpt(line));
  if (text().substr(end, 2) != "\r\n") return misbehaved("sip.start_line", excerpt(line));
  at_ = end + 2;
  const bool is_response = line.size() >= 4 && equalsIgnoringCase(line.substr(0, 4), "SIP/");
  return is_response ? parseStatusLine(line) : parseRequestLine(line);
}

// Method SP Request-URI SP SIP-Version, with exactly those two spaces (RFC 3261 7.1).
Status MessageParser::parseRequestLine(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == kNpos ? kNpos : line.find(' ', first + 1);
  if (second == kNpos) return misbehaved("sip.start_line", excerpt(line));
  message_.method_name_ = line.substr(0, first);
  message_.request_uri_ = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  const bool uri_ok = !message_.request_uri_.empty() && message_.request_uri_.find(':') != kNpos &&
                      std::all_of(message_.request_uri_.begin(), message_.request_uri_.end(),
                                  [](char c) { return isIn(c, kUriChar) || static_cast<unsigned char>(c) >= 0x80; });
  if (!isToken(message_.method_name_) || !uri_ok || !isSipVersion(version)) {
    return misbehaved("sip.start_line", excerpt(line));
  }
  if (!equalsIgnoringCase(version, kVersion)) return misbehaved("sip.version", excerpt(version));
  message_.method_ = methodFrom(message_.method_name_);
  return success();
}

// SIP-Version SP Status-Code SP Reason-Phrase (RFC 3261 7.2); the phrase may be empty.
Status MessageParser::parseStatusLine(std::string_view line) {
  const std::size_t first = line.find(' ');
  if (first == kNpos || !isSipVersion(line.substr(0, first))) return misbehaved("sip.start_line", excerpt(line));
  if (!equalsIgnoringCase(line.substr(0, first), kVersion)) return misbehaved("sip.version", excerpt(line));
  const std::size_t second = line.find(' ', first + 1);
  if (second == kNpos) return misbehaved("sip.start_line", excerpt(line));
  const std::string_view code = line.substr(first + 1, second - first - 1);
  const auto status = code.size() == 3 ? parseUnsigned(code, 100, 699) : std::nullopt;
  if (!status) return misbehaved("sip.status", excerpt(line));
  message_.status_ = static_cast<int>(*status);
  message_.reason_ = line.substr(second + 1);
  return success();
}

Status MessageParser::parseHeaders() {
  message_.headers_.reserve(std::min<std::size_t>(limits_.max_headers, 32));
  for (;;) {
    RawHeader raw;
    const std::size_t line_begin = at_;
    const Lexed outcome = lexHeader(text(), at_, raw);
    if (outcome == Lexed::end) return success();
    if (outcome == Lexed::truncated) return misbehaved("sip.truncated", "the header section does not end");
    if (outcome != Lexed::header) return lexError(outcome, text(), line_begin);

    const std::size_t length = raw.value_end - raw.value_begin;
    if (at_ - line_begin > limits_.max_header_bytes) return misbehaved("sip.header.too_long", excerpt(raw.name));
    const std::string_view value = text().substr(raw.value_begin, length);
    if (raw.has_control && !controlsAreQuotedPairs(value)) {
      return misbehaved("sip.header.control_byte", excerpt(raw.name));
    }
    if (raw.folded) {
      char* folded = message_.frame_->data() + raw.value_begin;
      std::replace_if(
          folded, folded + length, [](char c) { return c == '\r' || c == '\n'; }, ' ');
    }
    if (const char* code = addHeader(raw.name, value)) return misbehaved(code, excerpt(raw.name));
  }
}

// The code of the refusal, or null: one call per header, so nothing that needs a destructor.
const char* MessageParser::addHeader(std::string_view name, std::string_view value) {
  auto& headers = message_.headers_;
  if (headers.size() >= limits_.max_headers || headers.size() >= std::numeric_limits<std::uint16_t>::max()) {
    return "sip.too_many_headers";
  }
  const HeaderId id = headerIdFrom(name);
  headers.push_back({id, name, value});
  const std::uint8_t traits = kTraits[static_cast<std::size_t>(id)];
  if ((traits & kCounted) != 0) {
    for (ListCursor cursor{value}; cursor.next();) ++list_items_;
    if (list_items_ > limits_.max_list_items) return "sip.too_many_values";
  }
  auto& first = message_.first_[static_cast<std::size_t>(id)];
  if (first == 0) {
    first = static_cast<std::uint16_t>(headers.size());
  } else if ((traits & kSingle) != 0) {
    return id == HeaderId::contentLength ? "sip.content_length.conflict" : "sip.header.duplicate";
  }
  return nullptr;
}

// What RFC 3261 8.1.1 puts in every message, except Max-Forwards: RFC 2543 peers omit it.
Status MessageParser::parseMandatory() {
  for (const HeaderId id : {HeaderId::via, HeaderId::from, HeaderId::to, HeaderId::callId, HeaderId::cseq}) {
    if (!message_.has(id)) return misbehaved("sip.header.missing", std::string{toString(id)});
  }
  const std::string_view via = *message_.header(HeaderId::via);
  SP_ASSIGN(message_.topmost_via_, Via::parse(ListCursor{via}.next().value_or(via)));
  SP_ASSIGN(message_.from_, NameAddr::parse(*message_.header(HeaderId::from)));
  SP_ASSIGN(message_.to_, NameAddr::parse(*message_.header(HeaderId::to)));
  if (message_.from_.uri == "*" || message_.to_.uri == "*") return misbehaved("sip.name_addr.uri", "*");
  message_.call_id_ = *message_.header(HeaderId::callId);
  if (message_.call_id_.empty() || !allIn(message_.call_id_, kWordChar)) {
    return misbehaved("sip.call_id", excerpt(message_.call_id_));
  }
  SP_TRY(parseCSeq(*message_.header(HeaderId::cseq)));
  return parseMaxForwards();
}

// 1*DIGIT LWS Method (RFC 3261 20.16).
Status MessageParser::parseCSeq(std::string_view value) {
  const std::size_t blank = std::min(value.find(' '), value.find('\t'));
  const std::string_view method = blank == kNpos ? std::string_view{} : trimLeft(value.substr(blank));
  const auto number = parseUnsigned(value.substr(0, blank), 0, kMostCSeq);
  if (!number || !isToken(method)) return misbehaved("sip.cseq", excerpt(value));
  if (message_.isRequest() && method != message_.method_name_) {
    return misbehaved("sip.cseq.method", excerpt(value));
  }
  message_.cseq_ = static_cast<std::uint32_t>(*number);
  message_.method_name_ = method;
  message_.method_ = methodFrom(method);
  return success();
}

Status MessageParser::parseMaxForwards() {
  const auto value = message_.header(HeaderId::maxForwards);
  if (!value) return success();
  const auto hops = parseUnsigned(*value, 0, 255);
  if (!hops) return misbehaved("sip.max_forwards", excerpt(*value));
  message_.max_forwards_ = static_cast<unsigned>(*hops);
  return success();
}

Status MessageParser::parseBody() {
  message_.body_ = text().substr(at_);
  if (const auto value = message_.header(HeaderId::contentLength)) {
    SP_ASSIGN(const std::size_t length, parseContentLength(*value, limits_.max_bytes));
    if (length != message_.body_.size()) {
      return misbehaved("sip.content_length.mismatch",
                        std::to_string(length) + " announced, " + std::to_string(message_.body_.size()) + " present");
    }
  }
  if (const auto value = message_.header(HeaderId::contentType)) {
    message_.content_type_ = trimRight(value->substr(0, value->find(';')));
  }
  return success();
}

}  // namespace sallyport::sip
