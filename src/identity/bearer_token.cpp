// SPDX-License-Identifier: Apache-2.0
#include "identity/bearer_token.h"

#include <algorithm>
#include <optional>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/peer_identity.h"
#include "identity/auth_params.h"
#include "identity/compact_jws.h"
#include "identity/strict_json.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::identity {
namespace {

constexpr std::string_view kScheme = "Bearer";
constexpr double kLatest = 9'000'000'000;  // in the year 2255, which WallTime still holds

Error claimsError(std::string_view name) {
  return tokenDenied("identity.token.claims", "\"" + std::string{name} + "\" is missing or of another type");
}

Result<std::string> textAt(const JsonValue& claims, std::string_view name) {
  const auto* claim = claims.find(name);
  if (claim == nullptr || claim->text() == nullptr) return claimsError(name);
  return *claim->text();
}

// NumericDate of RFC 7519 2; nothing where the claim is absent.
Result<std::optional<WallTime>> timeAt(const JsonValue& claims, std::string_view name) {
  const auto* claim = claims.find(name);
  if (claim == nullptr) return std::optional<WallTime>{};
  const auto* seconds = claim->number();
  if (seconds == nullptr || !(*seconds >= 0 && *seconds <= kLatest)) return claimsError(name);
  return std::optional{
      WallTime{std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>{*seconds})}};
}

Result<std::string_view> credentialsIn(std::string_view authorization) {
  const auto space = authorization.find(' ');
  if (!sip::equalsIgnoringCase(authorization.substr(0, space), kScheme)) {
    return Error{ErrorKind::peerMisbehaved, "identity.token.scheme", {}};
  }
  const auto token = space == authorization.npos ? std::string_view{} : authorization.substr(space + 1);
  return token.substr(std::min(token.find_first_not_of(' '), token.size()));
}

Status checkIssuer(const JsonValue& claims, const TokenPolicy& policy) {
  SP_ASSIGN(const auto issuer, textAt(claims, "iss"));
  if (issuer != policy.issuer) return tokenDenied("identity.token.issuer", sip::excerpt(issuer));
  return success();
}

// RFC 7519 4.1.3: a name or a list of names.
Status checkAudience(const JsonValue& claims, const TokenPolicy& policy) {
  const auto is_ours = [&](const JsonValue& name) {
    return name.text() != nullptr &&
           std::find(policy.audiences.begin(), policy.audiences.end(), *name.text()) != policy.audiences.end();
  };
  const auto* audience = claims.find("aud");
  if (audience == nullptr || (audience->text() == nullptr && audience->array() == nullptr)) return claimsError("aud");
  const auto* list = audience->array();
  const bool ours = list != nullptr ? std::any_of(list->begin(), list->end(), is_ours) : is_ours(*audience);
  if (!ours) return tokenDenied("identity.token.audience");
  return success();
}

// When the token ends, of those that have begun and not ended.
Result<WallTime> checkTimes(const JsonValue& claims, std::chrono::seconds leeway, WallTime now) {
  SP_ASSIGN(const auto expires, timeAt(claims, "exp"));
  SP_ASSIGN(const auto not_before, timeAt(claims, "nbf"));
  SP_ASSIGN(const auto issued, timeAt(claims, "iat"));
  if (!expires) return claimsError("exp");
  if (*expires + leeway <= now) return tokenDenied("identity.token.expired");
  if (not_before && *not_before > now + leeway) return tokenDenied("identity.token.not_yet_valid");
  if (issued && *issued > now + leeway) return tokenDenied("identity.token.issued_in_future");
  return *expires + leeway;
}

std::vector<std::string_view> wordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != text.npos;) {
    const auto end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// RFC 8693 4.2, RFC 9068 2.2.3.
Status checkScope(const JsonValue& claims, const TokenPolicy& policy) {
  if (policy.scope.empty()) return success();
  SP_ASSIGN(const auto scope, textAt(claims, "scope"));
  const auto granted = wordsOf(scope);
  for (const auto wanted : wordsOf(policy.scope)) {
    if (std::find(granted.begin(), granted.end(), wanted) == granted.end()) {
      return tokenDenied("identity.token.scope", std::string{wanted});
    }
  }
  return success();
}

// The SIP identity: `sip` where the issuer says it, else `sub`.
Result<std::string> userOf(const JsonValue& claims, const TokenPolicy& policy) {
  SP_ASSIGN(const auto name, textAt(claims, claims.find("sip") != nullptr ? "sip" : "sub"));
  const std::string_view scheme = name.starts_with("sip:") ? "" : "sip:";
  const auto identity = crypto::parseSipIdentity(std::string{scheme}.append(name));
  if (!identity || identity->user.empty()) return tokenDenied("identity.token.subject", sip::excerpt(name));
  if (identity->host != policy.domain) return tokenDenied("identity.token.domain", sip::excerpt(identity->host));
  return identity->user + "@" + identity->host;
}

enum class TiedTo : std::uint8_t { certificate, connection };

// RFC 7800 3.1, RFC 8705 3.1. A confirmation that cannot be checked is not passed over.
Result<TiedTo> checkConfirmation(const JsonValue& claims, std::string_view certificate_fingerprint) {
  const auto* confirmation = claims.find("cnf");
  if (confirmation == nullptr) return TiedTo::connection;
  const auto* thumbprint = confirmation->find("x5t#S256");
  if (thumbprint == nullptr || thumbprint->text() == nullptr || confirmation->object()->size() != 1) {
    return tokenDenied("identity.token.confirmation");
  }
  const auto digest = crypto::base64UrlDecode(*thumbprint->text());
  if (!digest || digest->size() != crypto::Sha256Digest{}.size()) return tokenDenied("identity.token.confirmation");
  if (crypto::toColonHex(*digest) != certificate_fingerprint) return tokenDenied("identity.token.certificate");
  return TiedTo::certificate;
}

// RFC 6750 3.1.
std::string_view oauthError(const Error& refused) {
  if (std::string_view{refused.code} == "identity.token.scope") return "insufficient_scope";
  return refused.kind == ErrorKind::peerMisbehaved ? "invalid_request" : "invalid_token";
}

}  // namespace

TokenVerifier::TokenVerifier(TokenPolicy policy, IssuerKeysPtr keys, std::shared_ptr<TokenBindings> bindings)
    : policy_(std::move(policy)), keys_(std::move(keys)), bindings_(std::move(bindings)) {}

Result<TokenIdentity> TokenVerifier::verify(std::string_view authorization, const TokenBearer& bearer,
                                            WallTime now) const {
  SP_ASSIGN(const auto token, credentialsIn(authorization));
  const auto keys = keys_->current();
  if (!keys) return Error{ErrorKind::unavailable, "identity.token.no_keys", policy_.issuer};
  const auto opened = openCompactJws(token, *keys);
  if (!opened) {
    if (std::string_view{opened.error().code} == "identity.token.key_unknown") keys_->miss();
    return opened.error();
  }
  const auto claims = parseJsonObject(opened->payload);
  if (!claims) return tokenDenied("identity.token.claims", "no JSON object");
  SP_TRY(checkIssuer(*claims, policy_));
  SP_TRY(checkAudience(*claims, policy_));
  SP_ASSIGN(const auto expires, checkTimes(*claims, policy_.leeway, now));
  SP_TRY(checkScope(*claims, policy_));
  SP_ASSIGN(auto user, userOf(*claims, policy_));
  SP_ASSIGN(const auto tied_to, checkConfirmation(*claims, bearer.certificate_fingerprint));
  if (tied_to == TiedTo::connection) {
    // What was signed, not the token: of an ECDSA signature there are two spellings.
    SP_TRY(bindings_->bind(crypto::sha256(bytesOf(opened->signed_text)), bearer.flow, expires, now));
  }
  return TokenIdentity{std::move(user), expires, opened->key};
}

bool TokenVerifier::believes(const crypto::Sha256Digest& key) const {
  const auto keys = keys_->current();
  return keys && keys->holds(key);
}

std::string TokenVerifier::challenge() const {
  auto text = std::string{kScheme} + " realm=" + quotedString(policy_.realm);
  if (!policy_.scope.empty()) text += ", scope=" + quotedString(policy_.scope);
  if (!policy_.authz_server.empty()) text += ", authz_server=" + quotedString(policy_.authz_server);
  return text;
}

std::string TokenVerifier::challenge(const Error& refused) const {
  return challenge() + ", error=" + quotedString(oauthError(refused));
}

}  // namespace sallyport::identity
