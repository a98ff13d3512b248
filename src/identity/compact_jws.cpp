// SPDX-License-Identifier: Apache-2.0
#include "identity/compact_jws.h"

#include <array>

#include "crypto/encoding.h"
#include "identity/strict_json.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::identity {
namespace {

struct Parts {
  std::string_view header, payload, signature;
  std::string_view signed_text;
};

Error malformed(std::string detail) {
  return {ErrorKind::peerMisbehaved, "identity.token.malformed", std::move(detail)};
}

Result<Parts> split(std::string_view token) {
  if (token.size() > kMaxTokenBytes) {
    return Error{ErrorKind::peerMisbehaved, "identity.token.too_large", std::to_string(token.size()) + " bytes"};
  }
  const auto first = token.find('.');
  const auto second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return malformed("not three parts");
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

std::optional<std::string> decoded(std::string_view part) {
  const auto bytes = crypto::base64UrlDecode(part);
  if (!bytes) return std::nullopt;
  return std::string{bytes->begin(), bytes->end()};
}

// RFC 8725 3.11: a JWT made for something else is not taken for one of ours.
Status checkType(const JsonValue& header) {
  const auto* typ = header.find("typ");
  if (typ == nullptr) return success();
  constexpr std::array<std::string_view, 4> kTypes{"JWT", "application/jwt", "at+jwt", "application/at+jwt"};
  for (const auto type : kTypes) {
    if (typ->text() != nullptr && sip::equalsIgnoringCase(*typ->text(), type)) return success();
  }
  return tokenDenied("identity.token.type");
}

struct Choice {
  crypto::JwsAlgorithm algorithm;
  const Jwk* jwk;
};

Result<Choice> choose(const JsonValue& header, const Jwks& keys) {
  const auto* alg = header.find("alg");
  if (alg == nullptr || alg->text() == nullptr) return malformed("no \"alg\"");
  const auto algorithm = crypto::jwsAlgorithmFrom(*alg->text());
  if (!algorithm) return tokenDenied("identity.token.algorithm", sip::excerpt(*alg->text()));
  if (header.find("crit") != nullptr) return tokenDenied("identity.token.critical");
  SP_TRY(checkType(header));
  const auto* kid = header.find("kid");
  if (kid == nullptr || kid->text() == nullptr) return tokenDenied("identity.token.kid");
  const auto* jwk = keys.find(*kid->text());
  if (jwk == nullptr) return tokenDenied("identity.token.key_unknown", sip::excerpt(*kid->text()));
  if (!jwk->key.serves(*algorithm) || (jwk->algorithm && *jwk->algorithm != *algorithm)) {
    return tokenDenied("identity.token.algorithm", "not that of the key");
  }
  return Choice{*algorithm, jwk};
}

}  // namespace

Result<OpenedJws> openCompactJws(std::string_view token, const Jwks& keys) {
  SP_ASSIGN(const auto parts, split(token));
  const auto header_text = decoded(parts.header);
  const auto header = header_text ? parseJsonObject(*header_text) : std::nullopt;
  if (!header) return malformed("no header");
  SP_ASSIGN(const auto choice, choose(*header, keys));
  const auto signature = crypto::base64UrlDecode(parts.signature);
  auto payload = decoded(parts.payload);
  if (!signature || !payload) return malformed("no base64url");
  if (!choice.jwk->key.verify(choice.algorithm, parts.signed_text, *signature)) {
    return tokenDenied("identity.token.signature");
  }
  return OpenedJws{*std::move(payload), parts.signed_text, choice.jwk->thumbprint};
}

}  // namespace sallyport::identity
