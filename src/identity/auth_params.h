// SPDX-License-Identifier: Apache-2.0
#pragma once
// The parameters of WWW-Authenticate, Authorization and Authentication-Info (RFC 3261 25.1, RFC 7235 2.1):
// `Scheme name=token, name="quoted"`. Strict where two readers could disagree: no name twice, nothing that is
// neither token nor quoted string but for the '/' and '=' of unquoted base64 (RFC 7804 5).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace sallyport::identity {

class AuthParams {
 public:
  // Errors (peerMisbehaved): identity.params.malformed, .repeated, .too_many (over 32).
  static Result<AuthParams> parse(std::string_view value);            // begins with a scheme
  static Result<AuthParams> parseSchemeless(std::string_view value);  // Authentication-Info

  const std::string& scheme() const { return scheme_; }               // as written; "" where there is none
  bool isScheme(std::string_view name) const;                         // without case
  std::optional<std::string_view> find(std::string_view name) const;  // name without case, value unquoted

 private:
  std::string scheme_;
  std::vector<std::pair<std::string, std::string>> params_;
};

// `"text"` with its quotes and backslashes escaped (RFC 3261 25.1 quoted-string).
std::string quotedString(std::string_view text);

}  // namespace sallyport::identity
