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
  // The value of `;name=value` (quotes removed), "" for `;name`, nothing when absent.
  std::optional<std::string_view> find(std::string_view name) const;
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// sip:/sips: in parts; any other scheme keeps only `scheme` and `opaque`.
struct Uri {
  std::string_view scheme;    // as written; isSip()/isSips() compare without case
  std::string_view user;      // without password; still escaped
  std::string_view host;      // IPv6 with its brackets
  std::optional<std::uint16_t> port;
  Params params;
  std::string_view headers;   // after '?'
  std::string_view opaque;    // everything after the scheme's colon

  static Result<Uri> parse(std::string_view text);
  bool isSip() const;
  bool isSips() const;
};

struct NameAddr {
  std::string_view display_name;  // quotes removed, escapes kept
  std::string_view uri;           // without angle brackets
  Params params;                  // header parameters, after the '>'

  std::string_view tag() const;
  static Result<NameAddr> parse(std::string_view value);
};

struct Via {
  std::string_view transport;  // "TLS"
  std::string_view sent_by;    // host[:port] as written
  Params params;

  std::string_view branch() const;
  static Result<Via> parse(std::string_view value);
};

bool equalsIgnoringCase(std::string_view a, std::string_view b);
// RFC 3261 25.1 `token`.
bool isToken(std::string_view text);

}  // namespace sallyport::sip
