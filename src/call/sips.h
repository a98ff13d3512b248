// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a sips: request can be honoured towards a target, and which scheme stands where on each side (RFC 5630,
// RFC 3261 26.2.2). A sips: call uses TLS on every hop we control, or it fails and says why; a sip: call over TLS
// stays possible per peer, since some forbid the scheme. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/result.h"

namespace sallyport::call {

using config::SipsMode;  // of a peer: whether it must use sips:, may, or takes none

enum class HopSecurity : std::uint8_t { plain, tls };  // of a connection

enum class UriScheme : std::uint8_t { sip, sips };
std::string_view toString(UriScheme scheme);  // "sip:"
UriScheme schemeOf(std::string_view uri);     // of any that is not sips:, sip
// A sip: URI of ours in that scheme.
std::string withScheme(UriScheme scheme, std::string uri);

struct SipsQuery {
  UriScheme request;  // of the Request-URI as it came
  SipsMode source = SipsMode::allow;
  SipsMode target = SipsMode::allow;
  HopSecurity source_hop = HopSecurity::tls;
  HopSecurity target_hop = HopSecurity::tls;
};

struct SipsDecision {
  UriScheme near_contact = UriScheme::sip;  // our Contact towards the caller (RFC 5630 5.1.1)
  UriScheme far = UriScheme::sip;           // Request-URI, From, To and Contact towards the target
};

// Errors, kind peerDenied: "call.sips.scheme" (416: sips: where the source may not use it, or over a hop without TLS),
// "call.sips.required" (480: the source must use it), "call.sips.hop" (480: the target takes no sips:, or is reached
// without TLS).
Result<SipsDecision> decideSips(const SipsQuery& query);
// The Warning that says so on the wire beside 480 (RFC 5630 5.3, IANA sip-parameters: 380 and 381), `agent` who says
// it; empty for 416 and whatever is not about SIPS.
std::string sipsWarning(const Error& error, std::string_view agent);

}  // namespace sallyport::call
