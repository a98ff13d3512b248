// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a request outside a call is judged and refused: the codes "relay.*", the status each is answered with and
// what stands beside it on the wire.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/relay_ports.h"
#include "sip/message_writer.h"

namespace sallyport::call {

// The status of every refusal, for every code:
//   relay.method.denied, .target, .dialog        405: not from here, not to there, not in this dialog
//   relay.refer.outside                          403: only a call of ours is transferred
//   relay.notify.unknown, relay.dialog.unknown, .foreign   481
//   relay.event.denied, relay.notify.event       489, with Allow-Events
//   relay.notify.state                           400
//   relay.expires.invalid                        400
//   relay.expires.brief                          423, with Min-Expires
//   relay.body.too_large                         413
//   relay.body.type                              415, with Accept
//   relay.max_forwards                           483
//   relay.pending.identity, relay.subscriptions.identity  480: this principal, now
//   relay.pending.full, relay.subscriptions.full          503
//   relay.overlap                                500, with Retry-After: one after the other
//   sip.*                                        as sip::statusFor() says
//   anything else                                as statusTowardsPeer() says
int relayStatus(const Error& error);

// A header of a response beside those of every response.
using RelayHeaders = std::vector<std::pair<std::string, std::string>>;

// Answers, and nothing else.
void answerRelayed(RelayContext& context, sip::ServerTransactionId id, const sip::Message& request, int status,
                   std::string_view to_tag, const RelayHeaders& headers = {});
// Answers with the status of `error`, and says in the log why ("sip.request.refused").
void refuseRelayed(RelayContext& context, const RelayRequest& request, const Error& error);

inline Error relayDenied(const char* code, std::string detail = {}) {
  return Error{ErrorKind::peerDenied, code, std::move(detail)};
}

// The event packages that can be carried at all: those whose bodies are known. Null: none of that name.
struct KnownEvent {
  std::string_view package;
  std::string_view body_type;
};
const KnownEvent* knownEvent(std::string_view package);

// A 401 or 407 to a request that we have carried: the header that answers it. Nothing: it is another answer, or it can
// not be answered, which the log says ("trunk.challenge_refused").
std::optional<Authorization> proofFor(RelayContext& context, const ChallengedRequest& request,
                                      const sip::Message& response, identity::DigestAttempts& attempts);

std::string relayTag(unsigned worker);  // begins with the worker's number
// Contact of an answer to `request`, and of a request of ours, by its Via.
std::string relayContact(const RelayContext& context, const RelayRequest& request, std::string_view tag);
std::string relayContact(std::string_view via, std::string_view tag);

}  // namespace sallyport::call
