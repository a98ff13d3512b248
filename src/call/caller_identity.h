// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who the caller is said to be. One identity is asserted, and it is always the authenticated principal's, or a
// number or a domain's user that the configuration lets this principal present; what a request claims besides is
// dropped, or the call refused (RFC 3325 5 and 8: P-Asserted-Identity of somebody untrusted is nobody's). Privacy (RFC
// 3323, RFC 3325 7, RFC 5379) is obeyed towards whoever is not trusted with it. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "call/number_plan.h"
#include "config/config.h"
#include "core/result.h"
#include "sip/message.h"

namespace sallyport::call {

using config::OnForeignIdentity;

inline constexpr std::string_view kDevices = "device";  // names all enrolled devices where a peer is named

// Of the peer a call comes from.
struct CallerRules {
  std::string asserted_identity;             // "sip:+4930123@example.org": what it speaks for; empty: its principal
  std::vector<std::string> numbers_allowed;  // beginnings in E.164, "+4930123"; "+": any number
  std::vector<std::string> users_allowed;    // domains, lower case; their users by name or extension, not by number
  OnForeignIdentity on_foreign = OnForeignIdentity::drop;
  NumberPlan numbers;
};

// What the principal is, as proven.
struct CallerProof {
  std::string_view peer;      // configured name, or kDevices
  std::string_view identity;  // "alice@example.org", "dns:core.example", "uri:sip:trunk@carrier.example", ...
  std::string_view domain;    // ours, for whoever has no SIP URI of its own
};

// RFC 3323 4.2, RFC 3325 9.3, RFC 7044 10.1 as one request asks for it.
struct PrivacyWish {
  bool id = false;
  bool user = false;
  bool header = false;
  bool session = false;
  bool history = false;
  bool none = false;
  bool critical = false;
  bool unknown = false;  // something we do not know, so can not provide
  bool hidesCaller() const { return id || user || header; }
};
PrivacyWish privacyOf(const sip::Message& request);

struct Caller {
  std::string uri;           // "sip:..." the one identity
  std::string display_name;  // of a configured peer's claim, when that claim was taken; plain text
  Number number;             // of the identity's user part, by the source's plan
  bool anonymous = false;    // its own From said so (RFC 3323 4.1.1.3)
  PrivacyWish privacy;
  std::vector<std::string> dropped;  // claims that were not believed, for the record: "From sip:eve@..."
};

// The principal as a SIP URI, whatever the request says: an enrolled device is user@domain, a peer is known by what
// the configuration says it speaks for, by its own SIP subjectAltName, or by its name at our domain.
std::string principalUri(const CallerRules& rules, const CallerProof& proof);

// Errors, kind peerDenied: "call.identity.foreign" (on_foreign is refuse); kind unavailable: "call.privacy.critical"
// (a privacy that is asked for as critical and that we do not know; RFC 3323 5.1 answers 500).
Result<Caller> identifyCaller(const CallerRules& rules, const CallerProof& proof, const sip::Message& request);

// Of the peer a call goes to.
struct PresentationRules {
  config::Disclosure disclosure = config::Disclosure::respectPrivacy;
  const NumberPlan* numbers = nullptr;  // how it wants numbers written; null: as they are
};

struct PresentedCaller {
  std::string from_uri;
  std::string display_name;       // plain text, empty: none
  std::string asserted_identity;  // P-Asserted-Identity; empty: none
  std::string privacy;            // Privacy; empty: none
  std::string from() const;       // From without its tag: "\"Bob\" <sip:...>"
};
PresentedCaller presentCaller(const Caller& caller, const PresentationRules& target);

}  // namespace sallyport::call
