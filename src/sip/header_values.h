// SPDX-License-Identifier: Apache-2.0
#pragma once
// Structured header values as views into the message they came from: parameters, Via (RFC 3261
// 20.42), name-addr (20.10), and SIP URIs (19.1).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sallyport::sip {

// The text after the first ';', parsed on demand; names compare without case.
class Params {
 public:
  Params() = default;
  explicit Params(std::string_view text) : text_(text) {}
  // The value of `;name=value` (quotes removed), "" for `;name`, nothing when absent. The first wins;
  // NameAddr and Via refuse a repeated `tag`, `branch`, `received` or `rport`.
  std::optional<std::string_view> find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// sip:/sips: in parts; any other scheme keeps only `scheme` and `opaque`.
struct Uri {
  std::string_view scheme;  // as written; isSip()/isSips() compare without case
  std::string_view user;    // without password; still escaped
  std::string_view host;    // IPv6 with its brackets
  std::optional<std::uint16_t> port;
  Params params;
  std::string_view headers;  // after '?'
  std::string_view opaque;   // everything after the scheme's colon

  // sip and sips are held to the grammar: codes "sip.uri.scheme", ".user", ".host", ".port",
  // ".params", ".headers"; of other schemes only the scheme and the character set are judged.
  static Result<Uri> parse(std::string_view text);
  bool isSip() const;
  bool isSips() const;
};

// RFC 3261 19.1.4; of other schemes the text is compared, and of header parts likewise.
bool equivalent(const Uri& a, const Uri& b);

// %HH decoded; nothing for a broken escape and for %00, which ends strings in other people's code.
std::optional<std::string> unescaped(std::string_view text);

// Any text as the user part of a URI: what may not stand there as it is becomes %HH (RFC 3261 19.1.2).
std::string escapedUser(std::string_view text);

// host of RFC 3261 25.1 (an underscore is allowed in names): a name, a dotted quad, or [IPv6].
bool isHost(std::string_view text);

struct NameAddr {
  std::string_view display_name;  // quotes removed, escapes kept
  std::string_view uri;           // without angle brackets
  Params params;                  // header parameters, after the '>'

  std::string_view tag() const;
  // Codes "sip.name_addr.empty", ".quote", ".brackets", ".display_name", ".uri", ".params". The URI's
  // own grammar is Uri::parse's. "*" (Contact of RFC 3261 10.2.2) gives uri "*".
  static Result<NameAddr> parse(std::string_view value);
};

struct Via {
  std::string_view transport;  // "TLS"
  std::string_view sent_by;    // host[:port] as written
  Params params;

  std::string_view branch() const;
  // Codes "sip.via.protocol", ".sent_by", ".params".
  static Result<Via> parse(std::string_view value);
};

// Cuts a comma-separated value at the commas outside quotes and angle brackets.
class ListCursor {
 public:
  explicit ListCursor(std::string_view value) : rest_(value) {}
  // The next element, outer white space removed (so "" for ",,"), or nothing at the end.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
  bool done_ = false;
};

bool equalsIgnoringCase(std::string_view a, std::string_view b);
// RFC 3261 25.1 `token`.
bool isToken(std::string_view text);

}  // namespace sallyport::sip
