// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asks for digest authentication and judges the answers (RFC 7616, RFC 8760, RFC 3261 22). Whether a user is
// unknown, a password wrong or a realm not ours shows neither in bytes nor in work: one path leads through
// all checks. Owned by an Authenticator, on its worker. No clock: the time is DigestRequest::now.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "identity/credentials.h"
#include "identity/digest_fields.h"
#include "identity/nonce.h"

namespace sallyport::identity {

struct DigestPolicy {
  std::string realm;
  std::string domain;  // of usernames that name none; empty: the realm
  std::vector<DigestAlgorithm> algorithms{DigestAlgorithm::sha256, DigestAlgorithm::sha512_256};  // as challenged
  std::chrono::seconds nonce_lifetime{300};

  const std::string& domainOfUsers() const { return domain.empty() ? realm : domain; }
};

// What the answer must fit.
struct DigestRequest {
  std::string_view method;
  std::string_view uri;  // the Request-URI
  sip::FlowId flow{};
  WallTime now{};
};

struct DigestProof {
  Subject subject;
  std::string authentication_info;  // the value of that header, for the 2xx
};

class DigestServer {
 public:
  // Both outlive it.
  DigestServer(const Nonces& nonces, NonceCounts& counts) : nonces_(nonces), counts_(counts) {}

  // Values of WWW-Authenticate, one for each algorithm in the policy's order: some clients read the first only.
  std::vector<std::string> challenges(const DigestPolicy& policy, sip::FlowId flow, WallTime now,
                                      Freshness freshness) const;

  // Codes: "identity.digest.uri" (peerMisbehaved: it signs another request), "identity.digest.wrong"
  // (peerDenied: user, realm, algorithm or password), "identity.digest.stale" (all of them right, but the nonce
  // is old, used, of another connection or not ours).
  Result<DigestProof> verify(const DigestPolicy& policy, const CredentialStore& credentials, const DigestAnswer& answer,
                             const DigestRequest& request);

 private:
  const Nonces& nonces_;
  NonceCounts& counts_;
};

// Does a digest-uri name the same resource as the Request-URI? Equal as RFC 3261 19.1.4 compares scheme, user,
// host and port; of a REGISTER the host alone counts, which is the domain it is for (10.2).
bool isDigestUriOf(std::string_view digest_uri, std::string_view request_uri, std::string_view method);

}  // namespace sallyport::identity
