// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bearer tokens in SIP (RFC 8898): `Authorization: Bearer <JWT>`. The token is a JWT (RFC 7519) signed by the
// configured issuer, read under the rules of RFC 8725, and tied either to the client certificate (RFC 8705) or
// to the connection that showed it first. A verifier is immutable but for the bindings and the keys its issuer has at
// the moment; one per policy, used from any thread.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "identity/jwks.h"
#include "identity/token_bindings.h"

namespace sallyport::identity {

struct TokenPolicy {
  std::string issuer;
  std::vector<std::string> audiences;  // a token must be for one of them
  std::string domain;                  // of the users, lower case
  std::string realm;                   // said in the challenge, as the two that follow
  std::string authz_server;            // https URL; empty: not said
  std::string scope;                   // space-separated, each demanded of a token; empty: none
  std::chrono::seconds leeway{30};     // of the issuer's clock against ours
};

struct TokenBearer {
  sip::FlowId flow{};
  // CertificateFacts::fingerprint of what the client showed in the handshake; empty: nothing.
  std::string_view certificate_fingerprint;
};

struct TokenIdentity {
  std::string user;  // "alice@example.org"
  WallTime expires;
  crypto::Sha256Digest key{};  // Jwk::thumbprint of what it was signed with
};

class TokenVerifier {
 public:
  TokenVerifier(TokenPolicy policy, IssuerKeysPtr keys, std::shared_ptr<TokenBindings> bindings);
  TokenVerifier(TokenPolicy policy, JwksPtr keys, std::shared_ptr<TokenBindings> bindings)  // they stay as they are
      : TokenVerifier(std::move(policy), std::make_shared<IssuerKeys>(std::move(keys)), std::move(bindings)) {}

  // `authorization`: the value of an Authorization header of scheme Bearer.
  // Errors, peerMisbehaved: identity.token.scheme, .too_large, .malformed; peerDenied: .algorithm (none, HS*,
  // not the key's), .type, .critical, .kid, .key_unknown, .signature, .claims (missing or of a wrong type),
  // .issuer, .audience, .expired, .not_yet_valid, .issued_in_future, .scope, .subject (no SIP identity),
  // .domain (not ours), .confirmation (a kind we cannot check), .certificate (not the one it is tied to),
  // .other_connection; overloaded: .bindings_full; unavailable: .no_keys (none have come yet). All begin with
  // identity.token.
  Result<TokenIdentity> verify(std::string_view authorization, const TokenBearer& bearer, WallTime now) const;

  // Whether tokens signed with this key (TokenIdentity::key) are believed.
  bool believes(const crypto::Sha256Digest& key) const;

  // WWW-Authenticate of a 401: without a token, and after verify() has refused one.
  std::string challenge() const;
  std::string challenge(const Error& refused) const;

 private:
  TokenPolicy policy_;
  IssuerKeysPtr keys_;
  std::shared_ptr<TokenBindings> bindings_;
};

}  // namespace sallyport::identity
