// SPDX-License-Identifier: Apache-2.0
#include "sip/header_lexer.h"

#include <algorithm>

#include "core/numbers.h"
#include "sip/char_class.h"

namespace sallyport::sip {
namespace {

constexpr bool isLws(char c) { return isBlank(c) || c == '\r' || c == '\n'; }

// Moves `end` from the first byte after the colon to the CRLF that ends the (possibly folded) line.
Lexed lexValue(std::string_view text, std::size_t& end, RawHeader& out) {
  for (;;) {
    end = findControl(text, end);
    if (end >= text.size()) return Lexed::truncated;
    const char c = text[end];
    if (c == '\n') return Lexed::lineEnding;
    if (c != '\r') {
      if (c != '\t') out.has_control = true;
      ++end;
      continue;
    }
    if (end + 1 >= text.size()) return Lexed::truncated;
    if (text[end + 1] != '\n') return Lexed::lineEnding;
    if (end + 2 >= text.size() || !isBlank(text[end + 2])) return Lexed::header;
    out.folded = true;
    end += 2;
  }
}

}  // namespace

Lexed lexHeader(std::string_view text, std::size_t& at, RawHeader& out) {
  std::size_t i = at;
  if (i >= text.size()) return Lexed::truncated;
  if (text[i] == '\r') {
    if (i + 1 >= text.size()) return Lexed::truncated;
    if (text[i + 1] != '\n') return Lexed::lineEnding;
    at += 2;
    return Lexed::end;
  }
  if (text[i] == '\n') return Lexed::lineEnding;

  while (i < text.size() && isIn(text[i], kTokenChar)) ++i;
  out.name = text.substr(at, i - at);
  while (i < text.size() && isBlank(text[i])) ++i;
  if (i >= text.size()) return Lexed::truncated;
  if (out.name.empty() || text[i] != ':') return Lexed::malformed;

  out.folded = out.has_control = false;
  std::size_t begin = i + 1;
  std::size_t end = begin;
  if (const Lexed outcome = lexValue(text, end, out); outcome != Lexed::header) return outcome;
  at = end + 2;
  while (begin < end && isLws(text[begin])) ++begin;
  while (end > begin && isLws(text[end - 1])) --end;
  out.value_begin = begin;
  out.value_end = end;
  return Lexed::header;
}

Error lexError(Lexed outcome, std::string_view text, std::size_t at) {
  const std::string_view line = at < text.size() ? text.substr(at, text.find('\r', at) - at) : std::string_view{};
  const bool ending = outcome == Lexed::lineEnding;
  return misbehaved(ending ? "sip.header.line_ending" : "sip.header.malformed", excerpt(line));
}

bool controlsAreQuotedPairs(std::string_view value) {
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (quoted && c == '\\') {
      ++i;  // quoted-pair: any byte but CR and LF, which the lexer has already refused outside folds
    } else if (c == '"') {
      quoted = !quoted;
    } else if (isControl(c) && c != '\t' && c != '\r' && c != '\n') {
      return false;
    }
  }
  return !quoted;
}

Result<std::size_t> parseContentLength(std::string_view value, std::size_t maximum) {
  if (value.empty() || !std::all_of(value.begin(), value.end(), isDigit)) {
    return misbehaved("sip.content_length.invalid", excerpt(value));
  }
  const auto length = parseUnsigned(value, 0, maximum);
  if (!length) return misbehaved("sip.content_length.too_large", excerpt(value));
  return static_cast<std::size_t>(*length);
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kMost = 80;
  std::string out{text.substr(0, kMost)};
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c == 0x7F; }, '?');
  if (text.size() > kMost) out += "...";
  return out;
}

}  // namespace sallyport::sip
