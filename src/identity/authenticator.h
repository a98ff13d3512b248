// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decides for one request who sends it, by what its connection has shown and what the request itself proves:
// Digest, SCRAM (RFC 7804) or a bearer token (RFC 8898), alone or together. The only maker of principals
// beside the handshake. A connection keeps one principal: proofs add up, identities do not change.
//
// RFC 3261 22. One per worker; no I/O, no clock. ACK and CANCEL are never challenged (22.1): they stand and fall
// with the principal their connection has.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "identity/bearer_token.h"
#include "identity/credentials.h"
#include "identity/digest_server.h"
#include "identity/nonce.h"
#include "identity/principal.h"
#include "identity/scram_server.h"
#include "sip/message.h"
#include "sip/transaction_layer.h"

namespace sallyport::identity {

// Immutable, shared by all workers, swapped whole on reload. What is null is not to be had.
struct AuthenticationPolicy {
  std::vector<Proofs> any_of;  // each of them is enough, with all it names; empty: nothing is
  DigestPolicy digest;         // its domain is that of SCRAM's usernames too
  CredentialStorePtr credentials;
  std::shared_ptr<const ScramMechanism> scram;
  std::shared_ptr<const TokenVerifier> tokens;
};

struct AuthenticationRequest {
  sip::FlowId flow{};
  const sip::Message& message;
  std::optional<Principal> established;  // by the connection: its certificate, its network, or proven on it before
  std::string certificate_fingerprint;   // CertificateFacts::fingerprint of the client's, for a token's `cnf`
  WallTime wall{};
  TimePoint now{};
};

using AnswerHeader = std::pair<sip::HeaderId, std::string>;

// Why the guard should count: a request without credentials, and an old nonce, are nobody's fault.
enum class Failure : std::uint8_t { none, stale, wrong };

struct Authenticated {
  Principal principal;                       // to be kept with the connection
  std::vector<AnswerHeader> answer_headers;  // for a 2xx to the request (RFC 3261 20.6)
};
struct Challenge {
  int status = 401;
  std::vector<AnswerHeader> headers;
  Failure failure = Failure::none;
  std::string failed_identity;  // as claimed; empty when nothing failed
};
// Codes: what the schemes say of a broken header (400), "identity.proof.missing" (403: no challenge could
// bring what is demanded), "identity.flow.other_principal" (403).
struct Refused {
  Error error;
  int status = 403;
  Failure failure = Failure::none;
  std::string failed_identity;
};
using Outcome = std::variant<Authenticated, Challenge, Refused>;

// Whether what somebody has proven by password or token would be believed today: the verifiers are as they were, and so
// is the key. What a connection proves by itself (certificate, network) is not asked here.
// Error (peerDenied): "identity.proof.withdrawn".
Status stillStands(const Principal& principal, const AuthenticationPolicy& policy);

class Authenticator {
 public:
  explicit Authenticator(const Nonces& nonces) : digest_(nonces, counts_) {}  // they outlive it
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  Outcome authenticate(const AuthenticationRequest& request, const AuthenticationPolicy& policy);
  void flowClosed(sip::FlowId flow);

 private:
  struct Evidence;  // what one scheme's credentials in a request come to
  struct ScramState {
    ScramServer server;
    std::string user;  // of the exchange in progress, as claimed
  };

  Evidence evidenceOf(Proof proof, const AuthenticationRequest& request, const AuthenticationPolicy& policy);
  Evidence digestEvidence(const AuthenticationRequest& request, const AuthenticationPolicy& policy);
  Evidence scramEvidence(const AuthenticationRequest& request, const AuthenticationPolicy& policy);
  static Evidence tokenEvidence(const AuthenticationRequest& request, const AuthenticationPolicy& policy);
  // A 401 that asks for each of `wanted`; what failed, if anything did, colours the challenge of its own scheme.
  Challenge challengeFor(const std::vector<Proof>& wanted, const AuthenticationRequest& request,
                         const AuthenticationPolicy& policy, const Evidence& failed) const;
  Outcome onFailed(const std::vector<Proof>& wanted, const AuthenticationRequest& request,
                   const AuthenticationPolicy& policy, const Evidence& failed) const;

  NonceCounts counts_;
  DigestServer digest_;
  std::map<sip::FlowId, ScramState> scram_;  // of connections in the middle of an exchange
};

}  // namespace sallyport::identity
