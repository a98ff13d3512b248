// SPDX-License-Identifier: Apache-2.0
#include "call/authentication.h"

#include <algorithm>

#include "crypto/encoding.h"
#include "identity/auth_params.h"
#include "identity/digest_fields.h"

namespace sallyport::call {
namespace {

using identity::AuthenticationPolicy;
using identity::Principal;

bool satisfies(const AuthenticationPolicy& policy, const identity::Proofs& proofs) {
  return std::any_of(policy.any_of.begin(), policy.any_of.end(),
                     [&](const identity::Proofs& all) { return proofs.contains(all); });
}

// The username in the first message of a SCRAM exchange (RFC 5802 7), its two escapes undone.
std::optional<std::string> scramNameIn(std::string_view header) {
  const auto params = identity::AuthParams::parse(header);
  if (!params || !params->isScheme("SCRAM-SHA-256") || params->find("sid")) return std::nullopt;
  const auto message = crypto::base64Decode(params->find("data").value_or(""), crypto::Base64Padding::required);
  if (!message) return std::nullopt;
  const std::string text{message->begin(), message->end()};
  const auto at = text.find("n=");
  if (at == std::string::npos) return std::nullopt;
  std::string name;
  for (auto rest = std::string_view{text}.substr(at + 2); !rest.empty() && rest.front() != ',';) {
    const bool comma = rest.starts_with("=2C"), equals = rest.starts_with("=3D");
    name += comma ? ',' : equals ? '=' : rest.front();
    rest.remove_prefix(comma || equals ? 3 : 1);
  }
  return name;
}

std::optional<std::string> nameIn(std::string_view header) {
  if (auto answer = identity::DigestAnswer::parse(header)) return std::move(answer->username);
  return scramNameIn(header);
}

// Whom a request claims to be, one name for each of its credentials, spelled as failures are counted: whoever guesses
// at one name must not be judged by another, a header further up or a From of their choice. Without any: its From.
std::vector<std::string> claimedNames(const sip::Message& request, const AuthenticationPolicy& policy) {
  std::vector<std::string> names;
  for (const auto& field : request.headers()) {
    if (field.id != sip::HeaderId::authorization || !policy.credentials) continue;
    if (const auto name = nameIn(field.value)) {
      names.push_back(policy.credentials->subject({*name, policy.digest.domainOfUsers()}).identity);
    }
  }
  if (!names.empty()) return names;
  const auto uri = sip::Uri::parse(request.from().uri);
  return {uri ? std::string{uri->user}.append("@").append(uri->host) : std::string{}};
}

RequestAuthentication::Reply refusal(Error error, int status) { return {status, {}, std::move(error), {}}; }

}  // namespace

bool AuthenticationRules::isEnough(const std::string& listener, const Principal& principal) const {
  if (listener.empty()) return true;  // we made the connection and verified whom we reached
  const auto rules = listeners.find(listener);
  if (rules == listeners.end()) return false;
  const auto policy = rules->second.of.find(principal.peer());
  return policy != rules->second.of.end() && satisfies(policy->second, principal.proofs());
}

Status AuthenticationRules::stillStands(const std::string& listener, const Principal& principal) const {
  if (!principal.basis().verifiers && !principal.basis().token_key) return success();
  const auto rules = listeners.find(listener);
  if (rules != listeners.end()) {
    const auto policy = rules->second.of.find(principal.peer());
    if (policy != rules->second.of.end()) return identity::stillStands(principal, policy->second);
  }
  return Error{ErrorKind::peerDenied, "identity.proof.withdrawn", principal.identity()};
}

void RequestAuthentication::adopt(AuthenticationRulesPtr rules, std::shared_ptr<guard::AuthFailureLimits> failures) {
  rules_ = std::move(rules);
  failures_ = std::move(failures);
}

const AuthenticationPolicy* RequestAuthentication::policyFor(const FlowFacts& facts) const {
  const auto rules = rules_->listeners.find(facts.listener);
  if (rules == rules_->listeners.end()) return nullptr;
  if (!facts.principal) return &rules->second.strangers;
  const auto policy = rules->second.of.find(facts.principal->peer());
  return policy == rules->second.of.end() ? nullptr : &policy->second;
}

RequestAuthentication::Outcome RequestAuthentication::authenticate(sip::FlowId flow, const FlowFacts& facts,
                                                                   const sip::Message& request, WallTime wall,
                                                                   TimePoint now) {
  const bool expired = facts.principal && facts.principal->expires() && *facts.principal->expires() <= wall;
  const bool offers = request.has(sip::HeaderId::authorization);
  if (facts.principal && !expired && !offers && rules_->isEnough(facts.listener, *facts.principal))
    return Proven{*facts.principal, {}};
  if (facts.principal && facts.listener.empty()) return Proven{*facts.principal, {}};

  const auto* policy = policyFor(facts);
  if (policy == nullptr || policy->any_of.empty()) {
    return refusal({ErrorKind::peerDenied, "call.authentication.none", facts.listener}, 403);
  }
  const auto names = claimedNames(request, *policy);
  const auto& claimed = names.front();
  for (std::size_t i = 0; offers && i < names.size(); ++i) {
    const guard::RequestFacts claim{.peer = facts.peer(),
                                    .identity = names[i],
                                    .source = facts.remote.address,
                                    .method = request.methodName(),
                                    .scope = guard::RequestScope::proof,
                                    .request_host = {},
                                    .call_id = request.callId()};
    const auto verdict = failures_->judge(claim, now);
    if (const auto* refused = std::get_if<guard::Refusal>(&verdict)) {
      return Reply{static_cast<int>(guard::sipStatus(*refused)), {}, refused->error(), refused->retry_after};
    }
  }

  const identity::AuthenticationRequest asked{
      flow, request, facts.principal, facts.certificate ? facts.certificate->certificate().fingerprint : std::string{},
      wall, now};
  auto outcome = authenticator_.authenticate(asked, *policy);

  const auto count = [&](identity::Failure failure, const std::string& who) {
    if (failure == identity::Failure::wrong)
      failures_->recordFailure(facts.remote.address, who.empty() ? claimed : who, now);
  };
  if (auto* challenge = std::get_if<identity::Challenge>(&outcome)) {
    count(challenge->failure, challenge->failed_identity);
    Reply reply{challenge->status, std::move(challenge->headers), {}, {}};
    if (challenge->failure == identity::Failure::wrong)
      reply.refusal = Error{ErrorKind::peerDenied, "identity.proof.wrong", claimed};
    return reply;
  }
  if (auto* refused = std::get_if<identity::Refused>(&outcome)) {
    count(refused->failure, refused->failed_identity);
    return refusal(std::move(refused->error), refused->status);
  }
  auto& proven = std::get<identity::Authenticated>(outcome);
  if (!rules_->isEnough(facts.listener, proven.principal)) {
    return refusal({ErrorKind::peerDenied, "call.authentication.class",
                    proven.principal.identity() + " by " + proven.principal.proofs().toString()},
                   403);
  }
  const bool device = proven.principal.kind() == identity::PeerKind::device;
  if (offers) failures_->recordSuccess(facts.remote.address, device ? proven.principal.identity() : claimed, now);
  return Proven{std::move(proven.principal), std::move(proven.answer_headers)};
}

}  // namespace sallyport::call
