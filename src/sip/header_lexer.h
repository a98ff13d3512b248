// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one reading of header lines (RFC 3261 7.3.1), shared by the framer, the parser and the salvage
// of refused requests, so that no two of them can disagree about where a header begins or ends.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/result.h"

namespace sallyport::sip {

struct RawHeader {
  std::string_view name;        // without the white space RFC 3261 HCOLON allows before the colon
  std::size_t value_begin = 0;  // offsets into the text; outer white space and folds removed
  std::size_t value_end = 0;
  bool folded = false;       // the value still holds CRLF + white space
  bool has_control = false;  // the value holds a control byte other than HTAB and folds
};

enum class Lexed : std::uint8_t {
  header,
  end,         // the empty line; `at` is past it
  lineEnding,  // a CR or LF that is not CRLF
  malformed,   // no name, a byte that cannot stand in a name, or no colon
  truncated,   // the text ends before the line does
};

// Reads the header that begins at `at` and moves `at` past it.
Lexed lexHeader(std::string_view text, std::size_t& at, RawHeader& out);

// "sip.header.line_ending" or "sip.header.malformed"; `line` goes into the detail, shortened.
Error lexError(Lexed outcome, std::string_view text, std::size_t at);

// True when every control byte is the second half of a quoted-pair inside a closed quoted string: the one
// place where the grammar allows them (RFC 3261 25.1, RFC 4475 3.1.1.2).
bool controlsAreQuotedPairs(std::string_view value);

// Decimal digits only, at most `maximum`. Codes "sip.content_length.invalid" and ".too_large".
Result<std::size_t> parseContentLength(std::string_view value, std::size_t maximum);

// A bounded, printable excerpt of hostile text for Error::detail.
std::string excerpt(std::string_view text);

inline Error misbehaved(const char* code, std::string detail = {}) {
  return Error{ErrorKind::peerMisbehaved, code, std::move(detail)};
}

}  // namespace sallyport::sip
