// SPDX-License-Identifier: Apache-2.0
#include "call/relay_expires.h"

#include <algorithm>

#include "core/numbers.h"

namespace sallyport::call {

Result<std::chrono::seconds> askedExpires(const sip::Message& request, const RelayRules& rules) {
  const auto text = request.header(sip::HeaderId::expires);
  if (!text) return rules.default_expires;
  const auto asked = grantedExpires(request);
  if (!asked) return Error{ErrorKind::peerMisbehaved, "relay.expires.invalid", std::string{text->substr(0, 32)}};
  if (asked->count() != 0 && *asked < rules.min_expires) {
    return Error{ErrorKind::peerDenied, "relay.expires.brief", std::to_string(asked->count())};
  }
  return std::min(*asked, rules.max_expires);
}

std::optional<std::chrono::seconds> grantedExpires(const sip::Message& response, sip::HeaderId header) {
  const auto text = response.header(header);
  if (!text) return std::nullopt;
  const auto seconds = parseUnsigned(*text, 0, 0xFFFF'FFFF);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds{*seconds};
}

}  // namespace sallyport::call
