// SPDX-License-Identifier: Apache-2.0
#include "identity/digest_fields.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "identity/auth_params.h"
#include "identity/digest_response.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::identity {
namespace {

using sip::misbehaved;

constexpr std::size_t kLongestValue = 512;
constexpr std::size_t kLongestUri = 1'024;
constexpr std::array kAlgorithms{DigestAlgorithm::sha256, DigestAlgorithm::sha512_256, DigestAlgorithm::md5};

Result<AuthParams> digestParams(std::string_view header_value) {
  SP_ASSIGN(auto params, AuthParams::parse(header_value));
  if (!params.isScheme("Digest")) return misbehaved("identity.digest.scheme", sip::excerpt(params.scheme()));
  return params;
}

// A parameter that must be there, and may be empty.
Status take(const AuthParams& params, std::string_view name, std::string& out, std::size_t longest = kLongestValue) {
  const auto value = params.find(name);
  if (!value) return misbehaved("identity.digest.missing", std::string{name});
  if (value->size() > longest) return misbehaved("identity.digest.too_long", std::string{name});
  out = *value;
  return success();
}

Status takeIfThere(const AuthParams& params, std::string_view name, std::string& out) {
  return params.find(name) ? take(params, name, out) : success();
}

Result<DigestAlgorithm> algorithmOf(const AuthParams& params) {
  const auto name = params.find("algorithm");
  const auto algorithm = name ? digestAlgorithmFrom(*name) : DigestAlgorithm::md5;
  if (!algorithm) return misbehaved("identity.digest.algorithm", sip::excerpt(*name));
  return *algorithm;
}

bool isHex(std::string_view text, std::string_view digits) {
  return text.find_first_not_of(digits) == std::string_view::npos;
}

bool isNonceCount(std::string_view text) {
  return text.size() == 8 && isHex(text, "0123456789abcdefABCDEF") && text != "00000000";
}

bool offersAuth(std::string_view qop_options) {
  sip::ListCursor cursor{qop_options};
  while (const auto option = cursor.next()) {
    if (sip::equalsIgnoringCase(*option, "auth")) return true;
  }
  return false;
}

void add(std::string& text, std::string_view name, std::string_view value) {
  if (!text.empty() && text.back() != ' ') text += ", ";
  text.append(name) += '=';
  text += value;
}

void addQuoted(std::string& text, std::string_view name, std::string_view value) {
  if (!value.empty()) add(text, name, quotedString(value));
}

}  // namespace

std::string_view toString(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::sha256: return "SHA-256";
    case DigestAlgorithm::sha512_256: return "SHA-512-256";
    case DigestAlgorithm::md5: return "MD5";
  }
  return "";
}

std::optional<DigestAlgorithm> digestAlgorithmFrom(std::string_view name) {
  for (const auto algorithm : kAlgorithms) {
    if (sip::equalsIgnoringCase(name, toString(algorithm))) return algorithm;
  }
  return std::nullopt;
}

std::uint32_t DigestAnswer::count() const {
  std::uint32_t count = 0;
  std::from_chars(nonce_count.data(), nonce_count.data() + nonce_count.size(), count, 16);
  return count;
}

Result<DigestAnswer> DigestAnswer::parse(std::string_view header_value) {
  SP_ASSIGN(const auto params, digestParams(header_value));
  if (params.find("username*") || sip::equalsIgnoringCase(params.find("userhash").value_or("false"), "true")) {
    return misbehaved("identity.digest.userhash");
  }
  DigestAnswer answer;
  SP_TRY(take(params, "username", answer.username));
  SP_TRY(take(params, "realm", answer.realm));
  SP_TRY(take(params, "nonce", answer.nonce));
  SP_TRY(take(params, "uri", answer.uri, kLongestUri));
  SP_TRY(take(params, "response", answer.response));
  if (answer.nonce.empty() && answer.response.empty()) return misbehaved("identity.digest.blank");
  SP_ASSIGN(answer.algorithm, algorithmOf(params));
  SP_TRY(takeIfThere(params, "opaque", answer.opaque));
  if (!sip::equalsIgnoringCase(params.find("qop").value_or(""), "auth")) return misbehaved("identity.digest.qop");
  SP_TRY(take(params, "cnonce", answer.cnonce));
  SP_TRY(take(params, "nc", answer.nonce_count));
  if (!isNonceCount(answer.nonce_count)) {
    return misbehaved("identity.digest.nonce_count", sip::excerpt(answer.nonce_count));
  }
  if (answer.response.size() != 2 * digestBytes(answer.algorithm) || !isHex(answer.response, "0123456789abcdef")) {
    return misbehaved("identity.digest.response");
  }
  return answer;
}

std::string DigestAnswer::toString() const {
  std::string text = "Digest ";
  add(text, "username", quotedString(username));
  add(text, "realm", quotedString(realm));
  add(text, "nonce", quotedString(nonce));
  add(text, "uri", quotedString(uri));
  add(text, "response", quotedString(response));
  add(text, "algorithm", identity::toString(algorithm));
  add(text, "cnonce", quotedString(cnonce));
  addQuoted(text, "opaque", opaque);
  add(text, "qop", "auth");
  add(text, "nc", nonce_count);
  return text;
}

Result<DigestChallenge> DigestChallenge::parse(std::string_view header_value) {
  SP_ASSIGN(const auto params, digestParams(header_value));
  DigestChallenge challenge;
  SP_TRY(take(params, "realm", challenge.realm));
  SP_TRY(take(params, "nonce", challenge.nonce));
  SP_TRY(takeIfThere(params, "opaque", challenge.opaque));
  SP_ASSIGN(challenge.algorithm, algorithmOf(params));
  if (!offersAuth(params.find("qop").value_or(""))) return misbehaved("identity.digest.qop");
  if (sip::equalsIgnoringCase(params.find("stale").value_or(""), "true")) challenge.freshness = Freshness::stale;
  return challenge;
}

std::string DigestChallenge::toString() const {
  std::string text = "Digest ";
  add(text, "realm", quotedString(realm));
  add(text, "nonce", quotedString(nonce));
  add(text, "algorithm", identity::toString(algorithm));
  add(text, "qop", quotedString("auth"));
  addQuoted(text, "opaque", opaque);
  if (freshness == Freshness::stale) add(text, "stale", "true");
  return text;
}

Result<DigestInfo> DigestInfo::parse(std::string_view header_value) {
  SP_ASSIGN(const auto params, AuthParams::parseSchemeless(header_value));
  DigestInfo info;
  SP_TRY(takeIfThere(params, "nextnonce", info.next_nonce));
  SP_TRY(takeIfThere(params, "rspauth", info.response));
  SP_TRY(takeIfThere(params, "cnonce", info.cnonce));
  SP_TRY(takeIfThere(params, "nc", info.nonce_count));
  return info;
}

std::string DigestInfo::toString() const {
  std::string text;
  addQuoted(text, "nextnonce", next_nonce);
  add(text, "qop", "auth");
  addQuoted(text, "rspauth", response);
  addQuoted(text, "cnonce", cnonce);
  add(text, "nc", nonce_count);
  return text;
}

}  // namespace sallyport::identity
