// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a REFER asks for (RFC 3515, RFC 4488) and which dialog a Replaces names (RFC 3891). Pure.

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "sip/message.h"

namespace sallyport::call {

struct Replaces {
  std::string call_id;
  std::string to_tag;    // of whoever receives the INVITE that carries it
  std::string from_tag;  // of the other side
  enum class Scope : std::uint8_t { any, earlyOnly };
  Scope scope = Scope::any;

  // Error: "sip.replaces" (peerMisbehaved: 400).
  static Result<Replaces> parse(std::string_view value);
};

struct Refer {
  std::string uri;  // of Refer-To, without headers and the method parameter
  std::optional<Replaces> replaces;
  enum class Subscription : std::uint8_t { wanted, unwanted };  // RFC 4488
  Subscription subscription = Subscription::wanted;

  // Errors, kind peerMisbehaved: "call.refer.target" (not exactly one Refer-To with a SIP address), "sip.replaces";
  // kind peerDenied: "call.refer.method" (not a call that is asked for).
  static Result<Refer> in(const sip::Message& request);
};

}  // namespace sallyport::call
