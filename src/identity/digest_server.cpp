// SPDX-License-Identifier: Apache-2.0
#include "identity/digest_server.h"

#include <algorithm>

#include "crypto/hash.h"
#include "identity/digest_response.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::identity {
namespace {

bool has(const std::vector<DigestAlgorithm>& algorithms, DigestAlgorithm algorithm) {
  return std::find(algorithms.begin(), algorithms.end(), algorithm) != algorithms.end();
}

}  // namespace

std::vector<std::string> DigestServer::challenges(const DigestPolicy& policy, sip::FlowId flow, WallTime now,
                                                  Freshness freshness) const {
  std::vector<std::string> values;
  DigestChallenge challenge;
  challenge.realm = policy.realm;
  challenge.freshness = freshness;
  for (const auto algorithm : policy.algorithms) {
    challenge.algorithm = algorithm;
    challenge.nonce = nonces_.issue(flow, policy.realm, now);
    values.push_back(challenge.toString());
  }
  return values;
}

Result<DigestProof> DigestServer::verify(const DigestPolicy& policy, const CredentialStore& credentials,
                                         const DigestAnswer& answer, const DigestRequest& request) {
  if (!isDigestUriOf(answer.uri, request.uri, request.method)) {
    return sip::misbehaved("identity.digest.uri", sip::excerpt(answer.uri));
  }
  const Username user{answer.username, policy.domainOfUsers()};
  auto verifier = credentials.digest(user, policy.realm, answer.algorithm);
  DigestInput input{answer.nonce, answer.nonce_count, answer.cnonce, request.method, answer.uri};
  const auto expected = digestResponse(verifier.ha1, input);
  const bool met = crypto::equalInConstantTime(bytesOf(expected), bytesOf(answer.response));
  const auto nonce = nonces_.check(answer.nonce, request.flow, policy.realm);
  const bool asked = answer.realm == policy.realm && has(policy.algorithms, answer.algorithm);
  if (!met || !asked || verifier.known == Known::no) return Error{ErrorKind::peerDenied, "identity.digest.wrong", {}};

  const auto lifetime = policy.nonce_lifetime;
  if (!nonce || counts_.take(*nonce, answer.count(), verifier.subject.identity, request.now, lifetime) ==
                    NonceCounts::Verdict::stale) {
    return Error{ErrorKind::peerDenied, "identity.digest.stale", {}};
  }
  input.method = {};
  DigestInfo info{{}, digestResponse(verifier.ha1, input), answer.cnonce, answer.nonce_count};
  if (request.now - nonce->issued > lifetime / 2)
    info.next_nonce = nonces_.issue(request.flow, policy.realm, request.now);
  return DigestProof{std::move(verifier.subject), info.toString()};
}

bool isDigestUriOf(std::string_view digest_uri, std::string_view request_uri, std::string_view method) {
  if (digest_uri == request_uri) return true;
  const auto signed_uri = sip::Uri::parse(digest_uri);
  const auto asked_uri = sip::Uri::parse(request_uri);
  if (!signed_uri || !asked_uri || !sip::equalsIgnoringCase(signed_uri->host, asked_uri->host)) return false;
  if (method == "REGISTER") return true;
  return sip::equalsIgnoringCase(signed_uri->scheme, asked_uri->scheme) && signed_uri->user == asked_uri->user &&
         signed_uri->port == asked_uri->port;
}

}  // namespace sallyport::identity
