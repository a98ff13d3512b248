// SPDX-License-Identifier: Apache-2.0
#include "call/sips.h"

#include "sip/header_values.h"

namespace sallyport::call {
namespace {

Error refused(const char* code, std::string detail) { return Error{ErrorKind::peerDenied, code, std::move(detail)}; }

}  // namespace

std::string_view toString(UriScheme scheme) { return scheme == UriScheme::sips ? "sips:" : "sip:"; }

UriScheme schemeOf(std::string_view uri) {
  const auto parsed = sip::Uri::parse(uri);
  return parsed && parsed->isSips() ? UriScheme::sips : UriScheme::sip;
}

std::string withScheme(UriScheme scheme, std::string uri) {
  if (scheme == UriScheme::sips && uri.starts_with("sip:")) uri.insert(3, "s");
  return uri;
}

Result<SipsDecision> decideSips(const SipsQuery& query) {
  const bool asked = query.request == UriScheme::sips;
  if (asked && query.source == SipsMode::never)
    return refused("call.sips.scheme", "sips: from a peer that is configured never to use it");
  if (!asked && query.source == SipsMode::require)
    return refused("call.sips.required", "sip: from a peer that is configured to use sips: only");
  if (asked && query.source_hop != HopSecurity::tls)
    return refused("call.sips.scheme", "sips: over a hop without TLS");  // RFC 5630 5.4: never over it
  const bool secure = asked || query.target == SipsMode::require;
  if (secure && query.target == SipsMode::never)
    return refused("call.sips.hop", "the target takes no sips:");  // a downgrade is not ours to make, RFC 5630 3.1.2
  if (secure && query.target_hop != HopSecurity::tls)
    return refused("call.sips.hop", "the target is reached without TLS");
  // A side that is asked with sips: is given a sips: Contact (RFC 5630 5.1.1.1); the other keeps what it speaks.
  return SipsDecision{asked ? UriScheme::sips : UriScheme::sip, secure ? UriScheme::sips : UriScheme::sip};
}

std::string sipsWarning(const Error& error, std::string_view agent) {
  const std::string_view code{error.code};
  if (code == "call.sips.hop") return "380 " + std::string{agent} + " \"SIPS Not Allowed\"";
  if (code == "call.sips.required") return "381 " + std::string{agent} + " \"SIPS Required\"";
  return {};
}

}  // namespace sallyport::call
