// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words of the policy engine (NIST SP 800-207): the facts of one request, and what is said of them.
// Values only; the facts are views that live as long as the message being judged.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "core/result.h"

namespace sallyport::guard {

enum class RequestScope : std::uint8_t {
  initial,   // may create a dialog or stands alone
  inDialog,  // matches a dialog of ours
  onward,    // the call we are about to make to `peer`, on behalf of `identity`
  proof,     // the proof of `identity` that a request carries, before it is looked at
};

struct RequestFacts {
  std::string_view peer;      // the configured peer or device class the handshake named; "" for none
  std::string_view identity;  // the authenticated principal (SAN, AOR); "" for none
  IpAddress source;
  std::string_view method;  // as written, case-sensitive
  RequestScope scope = RequestScope::initial;
  std::string_view request_host;  // host of the Request-URI as written, IPv6 with or without brackets
  std::string_view call_id;
};

enum class Action : std::uint8_t {
  admit,
  challenge,  // ask for a (fresh) proof
  refuse,     // answer with the refusal's status
  drop,       // say nothing
};
std::string_view toString(Action action);

// What one rule says. Everything but `action` is empty for an admission, which therefore allocates nothing.
struct Verdict {
  Action action = Action::admit;
  ErrorKind kind = ErrorKind::peerDenied;
  const char* code = "";  // static: "guard.domain.foreign"
  std::string facts;      // for the operator: what was compared with what; may quote the peer, escaped when printed
  std::optional<std::chrono::seconds> retry_after;

  static Verdict admit() { return {}; }
  static Verdict refuse(ErrorKind kind, const char* code, std::string facts);
};

// The chain's decision against a request.
struct Refusal {
  std::string_view rule;  // the rule's name: static storage
  Action action = Action::refuse;
  ErrorKind kind = ErrorKind::peerDenied;
  const char* code = "";
  std::string facts;
  std::optional<std::chrono::seconds> retry_after;

  Error error() const { return {kind, code, facts}; }
};

// The SIP status of a refusal, for every code:
//   guard.method.denied            405, with Allow (RFC 3261 21.4.6)
//   guard.peer.unknown, guard.domain.foreign  403: a 404 would tell a scanner which names exist
//   guard.rate.identity, guard.calls.identity 480 (+ Retry-After): this principal, now; a 503 would silence
//                                  every other principal behind the same proxy (RFC 3261 21.5.4)
//   guard.rate.requests, guard.auth.identity  480 + Retry-After, likewise
//   guard.auth.source              503 + Retry-After, as guard.rate.source
//   guard.trunk.*                  503: this trunk, now; its other servers may be asked
//   guard.rate.source              503 + Retry-After: this client as a whole
//   guard.calls.source, guard.calls.peer, guard.table.full  503 without Retry-After, which a client treats as a 500
//   anything else                  by kind: 400 peerMisbehaved, 403 peerDenied, 503 overloaded/unavailable, 500
//   otherwise
// A challenge is 401. A drop has no status: 0.
unsigned sipStatus(const Refusal& refusal);

}  // namespace sallyport::guard
