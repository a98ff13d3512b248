// SPDX-License-Identifier: Apache-2.0
#include "call/granted_expiry.h"

#include <algorithm>

#include "core/numbers.h"

namespace sallyport::call {
namespace {

using std::chrono::seconds;

std::optional<seconds> secondsIn(std::string_view text) {
  const auto value = parseUnsigned(text, 0, 0xFFFF'FFFF);
  if (!value) return std::nullopt;
  return std::min(seconds{*value}, kLongestExpires);
}

bool sameAddress(std::string_view a, std::string_view b) {
  const auto left = sip::Uri::parse(a);
  const auto right = sip::Uri::parse(b);
  return left && right && left->user == right->user && sip::equalsIgnoringCase(left->host, right->host) &&
         left->port == right->port;
}

}  // namespace

std::optional<seconds> secondsIn(const sip::Message& message, sip::HeaderId id) {
  const auto value = message.header(id);
  if (!value) return std::nullopt;
  return secondsIn(value->substr(0, value->find_first_of(" ;(")));  // Retry-After may carry a comment
}

seconds grantedIn(const sip::Message& response, std::string_view contact, seconds asked) {
  const auto general = secondsIn(response, sip::HeaderId::expires).value_or(asked);
  const auto bindings = response.nameAddrs(sip::HeaderId::contact);
  if (!bindings || bindings->empty()) return general;
  auto ours = std::find_if(bindings->begin(), bindings->end(),
                           [&](const sip::NameAddr& binding) { return sameAddress(binding.uri, contact); });
  if (ours == bindings->end() && bindings->size() == 1) ours = bindings->begin();
  if (ours == bindings->end()) return seconds{0};
  const auto own = ours->params.find("expires");
  return own ? secondsIn(*own).value_or(general) : general;
}

}  // namespace sallyport::call
