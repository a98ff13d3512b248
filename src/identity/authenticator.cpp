// SPDX-License-Identifier: Apache-2.0
#include "identity/authenticator.h"

#include <algorithm>

#include "identity/authentication_rules.h"
#include "identity/digest_fields.h"
#include "identity/scram_text.h"

namespace sallyport::identity {
namespace {

// What one valid set of credentials proves.
struct Shown {
  Proof proof{};
  Subject subject;
  std::optional<WallTime> expires;
  std::string remark;
  std::string authentication_info;
  ProofBasis basis;
};

ProofBasis basisOf(const Subject& subject, const AuthenticationPolicy& policy) {
  return {subject.identity, policy.credentials->stateOf(subject.identity), {}};
}

// The credentials of that scheme in the request, in order.
std::vector<std::string_view> credentialsOf(const sip::Message& message, std::string_view scheme) {
  std::vector<std::string_view> values;
  for (const auto& field : message.headers()) {
    if (field.id != sip::HeaderId::authorization) continue;
    if (sip::equalsIgnoringCase(field.value.substr(0, field.value.find_first_of(" \t")), scheme)) {
      values.push_back(field.value);
    }
  }
  return values;
}

// The answer to our challenge: the one of our realm, or else the first, so that a foreign realm costs the same.
// Nothing: there is none, or a blank form. Error beside those of parse(): "identity.digest.repeated".
Result<std::optional<DigestAnswer>> digestAnswerIn(const sip::Message& message, std::string_view realm) {
  std::optional<DigestAnswer> chosen;
  for (const auto value : credentialsOf(message, "Digest")) {
    auto answer = DigestAnswer::parse(value);
    if (!answer && std::string_view{answer.error().code} == "identity.digest.blank") continue;
    if (!answer) return std::move(answer).error();
    if (chosen && chosen->realm == realm && answer->realm == realm) {
      return Error{ErrorKind::peerMisbehaved, "identity.digest.repeated", {}};
    }
    if (!chosen || answer->realm == realm) chosen = *std::move(answer);
  }
  return chosen;
}

std::string remarkFor(DigestAlgorithm used, const std::vector<DigestAlgorithm>& allowed) {
  std::string remark{toString(used)};
  const bool md5_allowed = std::find(allowed.begin(), allowed.end(), DigestAlgorithm::md5) != allowed.end();
  if (used != DigestAlgorithm::md5 && md5_allowed) remark += " with MD5 allowed";
  return remark;
}

bool isSame(const Principal& principal, const Subject& subject) {
  const auto& credential = principal.basis().credential;
  if (!credential.empty() && credential != subject.identity) return false;
  if (principal.kind() != subject.kind || principal.peer() != subject.peer) return false;
  return subject.kind == PeerKind::peer || principal.identity() == subject.identity;
}

bool isSame(const Subject& a, const Subject& b) {
  return a.kind == b.kind && a.peer == b.peer && a.identity == b.identity;
}

// Does the request speak for somebody else than whom its connection belongs to? A peer carries the requests of
// many and is taken for itself.
bool isForAnother(const AuthenticationRequest& request, const AuthenticationPolicy& policy) {
  if (!policy.credentials || request.established->kind() == PeerKind::peer) return false;
  const auto answer = digestAnswerIn(request.message, policy.digest.realm);
  if (!answer || !*answer || (*answer)->realm != policy.digest.realm) return false;
  const Username user{(*answer)->username, policy.digest.domainOfUsers()};
  return !isSame(*request.established, policy.credentials->subject(user));
}

Refused otherPrincipal() {
  return {Error{ErrorKind::peerDenied, "identity.flow.other_principal", {}}, 403, Failure::none, {}};
}

// An old nonce, an exchange that took too long, an expired token: true once, and no guess.
Failure failureOf(const Error& error) {
  for (const std::string_view code :
       {"identity.digest.stale", "identity.scram.unknown_sid", "identity.token.expired"}) {
    if (error.code == code) return Failure::stale;
  }
  return Failure::wrong;
}

}  // namespace

class PrincipalMaker {
 public:
  // Whom the connection belongs to (if anybody yet), with what has been shown beside what still holds.
  static Principal make(const std::optional<Principal>& established, const Proofs& held,
                        const std::vector<Shown>& shown) {
    auto facts = std::make_shared<Principal::Facts>();
    if (established) {
      *facts = *established->facts_;
      if (held != facts->proofs) {
        facts->expires.reset();
        facts->basis = {};
      }
    } else {
      const auto& subject = shown.front().subject;
      facts->peer = subject.peer;
      facts->kind = subject.kind;
      facts->identity = subject.identity;
    }
    facts->proofs = held;
    for (const auto& one : shown) {
      facts->proofs.add(one.proof);
      if (one.expires && (!facts->expires || *one.expires < *facts->expires)) facts->expires = one.expires;
      if (!one.remark.empty()) facts->remark = one.remark;
      if (one.basis.verifiers) {
        facts->basis.credential = one.basis.credential;
        facts->basis.verifiers = one.basis.verifiers;
      }
      if (one.basis.token_key) facts->basis.token_key = one.basis.token_key;
    }
    return Principal{std::move(facts)};
  }
};

struct Authenticator::Evidence {
  struct Nothing {};
  struct GoesOn {
    std::string challenge;
  };
  struct Failed {
    Proof proof{};
    Error error;
    std::string identity;
  };
  std::variant<Nothing, GoesOn, Shown, Failed> what;
};

Outcome Authenticator::authenticate(const AuthenticationRequest& request, const AuthenticationPolicy& policy) {
  const auto held = heldProofs(request);
  if (isEnough(policy, held)) {
    if (isForAnother(request, policy)) return otherPrincipal();
    return Authenticated{*request.established, {}};
  }
  const auto method = request.message.method();
  const auto wanted = wantedProofs(policy, held);
  if (wanted.empty() || method == sip::Method::ack || method == sip::Method::cancel) {
    return Refused{Error{ErrorKind::peerDenied, "identity.proof.missing", {}}, 403, Failure::none, {}};
  }
  auto proofs = held;
  std::vector<Shown> shown;
  for (const auto proof : wanted) {
    auto evidence = evidenceOf(proof, request, policy);
    if (std::holds_alternative<Evidence::Failed>(evidence.what)) return onFailed(wanted, request, policy, evidence);
    if (const auto* goes_on = std::get_if<Evidence::GoesOn>(&evidence.what)) {
      return Challenge{401, {{sip::HeaderId::wwwAuthenticate, goes_on->challenge}}, Failure::none, {}};
    }
    auto* one = std::get_if<Shown>(&evidence.what);
    if (one == nullptr) continue;
    if (request.established && !isSame(*request.established, one->subject)) return otherPrincipal();
    if (!shown.empty() && !isSame(shown.front().subject, one->subject)) return otherPrincipal();
    proofs.add(proof);
    shown.push_back(std::move(*one));
  }
  if (!isEnough(policy, proofs)) return challengeFor(wantedProofs(policy, proofs), request, policy, {});
  Authenticated result{PrincipalMaker::make(request.established, held, shown), {}};
  for (auto& one : shown) {
    if (one.authentication_info.empty()) continue;
    result.answer_headers.emplace_back(sip::HeaderId::authenticationInfo, std::move(one.authentication_info));
  }
  return result;
}

Status stillStands(const Principal& principal, const AuthenticationPolicy& policy) {
  const auto& basis = principal.basis();
  const Error withdrawn{ErrorKind::peerDenied, "identity.proof.withdrawn", principal.identity()};
  if (basis.verifiers && (!policy.credentials || policy.credentials->stateOf(basis.credential) != basis.verifiers)) {
    return withdrawn;
  }
  if (basis.token_key && (!policy.tokens || !policy.tokens->believes(*basis.token_key))) return withdrawn;
  return success();
}

void Authenticator::flowClosed(sip::FlowId flow) { scram_.erase(flow); }

Authenticator::Evidence Authenticator::evidenceOf(Proof proof, const AuthenticationRequest& request,
                                                  const AuthenticationPolicy& policy) {
  switch (proof) {
    case Proof::digest: return digestEvidence(request, policy);
    case Proof::scram: return scramEvidence(request, policy);
    case Proof::token: return tokenEvidence(request, policy);
    case Proof::certificate:
    case Proof::network: break;
  }
  return {};
}

Authenticator::Evidence Authenticator::digestEvidence(const AuthenticationRequest& request,
                                                      const AuthenticationPolicy& policy) {
  auto answer = digestAnswerIn(request.message, policy.digest.realm);
  if (!answer) return {Evidence::Failed{Proof::digest, std::move(answer).error(), {}}};
  if (!*answer) return {};
  const auto& shown = **answer;
  const auto subject = policy.credentials->subject({shown.username, policy.digest.domainOfUsers()});
  auto proof = digest_.verify(policy.digest, *policy.credentials, shown,
                              {request.message.methodName(), request.message.requestUri(), request.flow, request.wall});
  if (!proof) return {Evidence::Failed{Proof::digest, std::move(proof).error(), subject.identity}};
  auto basis = basisOf(proof->subject, policy);
  return {Shown{Proof::digest,
                std::move(proof->subject),
                {},
                remarkFor(shown.algorithm, policy.digest.algorithms),
                std::move(proof->authentication_info),
                std::move(basis)}};
}

Authenticator::Evidence Authenticator::scramEvidence(const AuthenticationRequest& request,
                                                     const AuthenticationPolicy& policy) {
  const auto values = credentialsOf(request.message, kScramScheme);
  if (values.empty()) return {};
  const auto& domain = policy.digest.domainOfUsers();
  auto& state = scram_.try_emplace(request.flow, ScramState{ScramServer{policy.scram}, {}}).first->second;
  const auto find = [&](std::string_view user) {
    state.user = user;
    return ScramAccount{policy.credentials->subject({user, domain}).identity,
                        policy.credentials->scram({user, domain})};
  };
  auto step = state.server.step(values.front(), find, request.now);
  const auto subject = policy.credentials->subject({state.user, domain});
  if (state.server.exchanges() == 0) scram_.erase(request.flow);
  if (!step) return {Evidence::Failed{Proof::scram, std::move(step).error(), subject.identity}};
  if (step->next == ScramStep::Next::challenge) return {Evidence::GoesOn{std::move(step->header)}};
  auto whose = policy.credentials->subject({step->user, domain});
  auto basis = basisOf(whose, policy);
  return {Shown{Proof::scram, std::move(whose), {}, {}, std::move(step->header), std::move(basis)}};
}

Authenticator::Evidence Authenticator::tokenEvidence(const AuthenticationRequest& request,
                                                     const AuthenticationPolicy& policy) {
  const auto values = credentialsOf(request.message, "Bearer");
  if (values.empty()) return {};
  auto token = policy.tokens->verify(values.front(), {request.flow, request.certificate_fingerprint}, request.wall);
  if (!token) return {Evidence::Failed{Proof::token, std::move(token).error(), {}}};
  Subject device{PeerKind::device, std::string{crypto::kDevicePeerName}, std::move(token->user)};
  return {Shown{Proof::token, std::move(device), token->expires, {}, {}, {{}, {}, token->key}}};
}

Outcome Authenticator::onFailed(const std::vector<Proof>& wanted, const AuthenticationRequest& request,
                                const AuthenticationPolicy& policy, const Evidence& failed) const {
  const auto& failure = std::get<Evidence::Failed>(failed.what);
  switch (failure.error.kind) {
    case ErrorKind::peerDenied: return challengeFor(wanted, request, policy, failed);
    case ErrorKind::peerMisbehaved: return Refused{failure.error, 400, Failure::none, {}};
    default: return Refused{failure.error, 503, Failure::none, {}};
  }
}

Challenge Authenticator::challengeFor(const std::vector<Proof>& wanted, const AuthenticationRequest& request,
                                      const AuthenticationPolicy& policy, const Evidence& failed) const {
  Challenge challenge;
  const auto* failure = std::get_if<Evidence::Failed>(&failed.what);
  if (failure != nullptr) {
    challenge.failure = failureOf(failure->error);
    challenge.failed_identity = failure->identity;
  }
  const auto add = [&](std::string value) {
    challenge.headers.emplace_back(sip::HeaderId::wwwAuthenticate, std::move(value));
  };
  for (const auto proof : wanted) {
    const bool failed_here = failure != nullptr && failure->proof == proof;
    if (proof == Proof::digest) {
      const bool stale = failed_here && challenge.failure == Failure::stale;
      for (auto& value :
           digest_.challenges(policy.digest, request.flow, request.wall, stale ? Freshness::stale : Freshness::fresh)) {
        add(std::move(value));
      }
    } else if (proof == Proof::scram) {
      add(policy.scram->challenge());
    } else {
      add(failed_here ? policy.tokens->challenge(failure->error) : policy.tokens->challenge());
    }
  }
  return challenge;
}

}  // namespace sallyport::identity
