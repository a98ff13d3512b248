// SPDX-License-Identifier: Apache-2.0
#include "identity/jwks.h"

#include <algorithm>

#include "crypto/encoding.h"
#include "identity/strict_json.h"

namespace sallyport::identity {
namespace {

constexpr std::size_t kMaxSetBytes = 256 * 1024;
constexpr std::size_t kMaxKeys = 64;
constexpr std::size_t kMaxKid = 256;

using MaybeKey = Result<std::optional<crypto::JwsKey>>;  // nothing: of a kind that is not ours

Error refused(const char* code, std::string detail) { return {ErrorKind::misconfigured, code, std::move(detail)}; }

std::string_view textAt(const JsonValue& object, std::string_view name) {
  const auto* member = object.find(name);
  const auto* text = member != nullptr ? member->text() : nullptr;
  return text != nullptr ? std::string_view{*text} : std::string_view{};
}

Result<std::vector<std::uint8_t>> numberAt(const JsonValue& jwk, std::string_view name) {
  auto number = crypto::base64UrlDecode(textAt(jwk, name));
  if (!number || number->empty()) return refused("identity.jwks.key", "\"" + std::string{name} + "\" is no number");
  return *std::move(number);
}

MaybeKey keyOf(Result<crypto::JwsKey> key) {
  if (!key) return refused("identity.jwks.key", describe(key.error()));
  return std::optional{*std::move(key)};
}

// RFC 7518 6 and RFC 8037 2.
MaybeKey readKey(const JsonValue& jwk) {
  const auto kty = textAt(jwk, "kty");
  const auto crv = textAt(jwk, "crv");
  if (kty.empty()) return refused("identity.jwks.key", "no \"kty\"");
  if (kty == "oct" || jwk.find("d") != nullptr) return refused("identity.jwks.private", "a secret in a public set");
  if (kty == "RSA") {
    SP_ASSIGN(const auto n, numberAt(jwk, "n"));
    SP_ASSIGN(const auto e, numberAt(jwk, "e"));
    return keyOf(crypto::JwsKey::rsa(n, e));
  }
  if (kty == "OKP" && crv == "Ed25519") {
    SP_ASSIGN(const auto x, numberAt(jwk, "x"));
    return keyOf(crypto::JwsKey::ed25519(x));
  }
  if (kty == "EC" && (crv == "P-256" || crv == "P-384")) {
    SP_ASSIGN(const auto x, numberAt(jwk, "x"));
    SP_ASSIGN(const auto y, numberAt(jwk, "y"));
    return keyOf(crypto::JwsKey::ec(crv == "P-256" ? crypto::JwsCurve::p256 : crypto::JwsCurve::p384, x, y));
  }
  return std::optional<crypto::JwsKey>{};
}

crypto::Sha256Digest thumbprintOf(const JsonValue& jwk) {
  std::string text;
  for (const std::string_view name : {"kty", "crv", "n", "e", "x", "y"}) text.append(textAt(jwk, name)) += '\0';
  return crypto::sha256(bytesOf(text));
}

// RFC 7517 4.2 and 4.3: for signatures, as far as the set says what for.
bool isForSignatures(const JsonValue& jwk) {
  const auto* use = jwk.find("use");
  if (use != nullptr && textAt(jwk, "use") != "sig") return false;
  const auto* operations = jwk.find("key_ops");
  if (operations == nullptr) return true;
  const auto* list = operations->array();
  const auto is_verify = [](const JsonValue& item) { return item.text() != nullptr && *item.text() == "verify"; };
  return list != nullptr && std::any_of(list->begin(), list->end(), is_verify);
}

Result<std::optional<Jwk>> readJwk(const JsonValue& jwk) {
  if (jwk.object() == nullptr) return refused("identity.jwks.malformed", "a key that is no object");
  SP_ASSIGN(auto key, readKey(jwk));
  const auto algorithm = crypto::jwsAlgorithmFrom(textAt(jwk, "alg"));
  const bool foreign_algorithm = jwk.find("alg") != nullptr && !algorithm;
  if (!key || foreign_algorithm || !isForSignatures(jwk)) return std::optional<Jwk>{};
  if (algorithm && !key->serves(*algorithm)) return refused("identity.jwks.key", "\"alg\" is not that of its kind");
  return std::optional{Jwk{thumbprintOf(jwk), *std::move(key), algorithm}};
}

}  // namespace

const Jwk* Jwks::find(std::string_view kid) const {
  const auto found = keys_.find(kid);
  return found == keys_.end() ? nullptr : &found->second;
}

bool Jwks::holds(const crypto::Sha256Digest& thumbprint) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const auto& each) { return each.second.thumbprint == thumbprint; });
}

JwksPtr IssuerKeys::current() const {
  const std::lock_guard lock{mutex_};
  return keys_;
}

void IssuerKeys::replace(JwksPtr keys) {
  const std::lock_guard lock{mutex_};
  keys_.swap(keys);
}

Result<JwksPtr> parseJwks(std::string_view text) {
  if (text.size() > kMaxSetBytes) return refused("identity.jwks.too_large", std::to_string(text.size()) + " bytes");
  const auto document = parseJsonObject(text);
  const auto* member = document ? document->find("keys") : nullptr;
  const auto* list = member != nullptr ? member->array() : nullptr;
  if (list == nullptr) return refused("identity.jwks.malformed", "no JSON object with \"keys\"");
  if (list->size() > kMaxKeys) return refused("identity.jwks.too_large", std::to_string(list->size()) + " keys");
  const auto set = std::make_shared<Jwks>();
  for (const auto& item : *list) {
    SP_ASSIGN(auto jwk, readJwk(item));
    if (!jwk) continue;
    const auto kid = textAt(item, "kid");
    if (kid.empty() || kid.size() > kMaxKid) return refused("identity.jwks.kid", "a key without one");
    if (!set->keys_.emplace(kid, *std::move(jwk)).second) {
      return refused("identity.jwks.kid", "two keys of \"" + std::string{kid} + "\"");
    }
  }
  if (set->keys_.empty()) return refused("identity.jwks.none", "no key that verifies signatures of ours");
  return JwksPtr{set};
}

}  // namespace sallyport::identity
