// SPDX-License-Identifier: Apache-2.0
#include "identity/digest_client.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "sip/header_lexer.h"

namespace sallyport::identity {
namespace {

constexpr std::array kStrongestFirst{DigestAlgorithm::sha512_256, DigestAlgorithm::sha256, DigestAlgorithm::md5};
constexpr const char* kForeign = "identity.digest.realm_foreign";
constexpr std::size_t kCnonceCharacters = 24;

bool allows(const DigestAccount& account, DigestAlgorithm algorithm) {
  const auto& allowed = account.algorithms;
  if (std::find(allowed.begin(), allowed.end(), algorithm) == allowed.end()) return false;
  const auto* ha1 = std::get_if<Ha1>(&account.proof);
  return ha1 == nullptr || ha1->algorithm == algorithm;
}

// The strongest challenge of our realm that may be answered.
Result<DigestChallenge> choose(const sip::Message& response, sip::HeaderId header, const DigestAccount& account) {
  std::optional<DigestChallenge> best;
  Error refusal{ErrorKind::peerDenied, kForeign, {}};
  const auto strength = [](DigestAlgorithm algorithm) {
    return std::find(kStrongestFirst.begin(), kStrongestFirst.end(), algorithm);
  };
  for (const auto& field : response.headers()) {
    if (field.id != header) continue;
    auto challenge = DigestChallenge::parse(field.value);
    if (!challenge) {
      if (refusal.code == kForeign) refusal = std::move(challenge).error();
    } else if (challenge->realm != account.realm) {
      continue;
    } else if (!allows(account, challenge->algorithm)) {
      refusal = {ErrorKind::peerDenied, "identity.digest.algorithm_refused",
                 std::string{toString(challenge->algorithm)}};
    } else if (!best || strength(challenge->algorithm) < strength(best->algorithm)) {
      best = *std::move(challenge);
    }
  }
  if (!best) return refusal;
  return *std::move(best);
}

}  // namespace

Result<DigestClient::Authorization> DigestClient::answer(const sip::Message& challenge, DigestAttempts& attempts,
                                                         std::string_view method, std::string_view uri) {
  const bool from_proxy = challenge.status() == 407;
  SP_ASSIGN(
      auto chosen,
      choose(challenge, from_proxy ? sip::HeaderId::proxyAuthenticate : sip::HeaderId::wwwAuthenticate, account_));
  const bool stale = chosen.freshness == Freshness::stale;
  standing_.reset();
  if (attempts.answered > 0 && (!stale || attempts.stale > 0)) {
    return Error{ErrorKind::peerDenied, "identity.digest.rejected", {}};
  }
  if (attempts.answered > 0) ++attempts.stale;
  ++attempts.answered;
  const auto header = from_proxy ? sip::HeaderId::proxyAuthorization : sip::HeaderId::authorization;
  standing_ = Standing{std::move(chosen), header, 0, {}, {}};
  return next(method, uri);
}

std::optional<DigestClient::Authorization> DigestClient::authorize(std::string_view method, std::string_view uri) {
  if (!standing_) return std::nullopt;
  return next(method, uri);
}

Status DigestClient::accept(std::string_view authentication_info) const {
  const auto not_proven = [](std::string why) {
    return Error{ErrorKind::peerDenied, "identity.digest.server_not_proven", std::move(why)};
  };
  const auto info = DigestInfo::parse(authentication_info);
  if (!info) return not_proven(describe(info.error()));
  if (!standing_ || info->response.empty()) return not_proven("no rspauth");
  const auto& challenge = standing_->challenge;
  std::array<char, 9> count{};
  std::snprintf(count.data(), count.size(), "%08x", standing_->count);
  const auto expected =
      digestResponse(ha1(challenge.algorithm), {challenge.nonce, count.data(), standing_->cnonce, "", standing_->uri});
  if (!crypto::equalInConstantTime(bytesOf(info->response), bytesOf(expected))) {
    return not_proven("rspauth is not that of our password");
  }
  return success();
}

DigestClient::Authorization DigestClient::next(std::string_view method, std::string_view uri) {
  const auto& challenge = standing_->challenge;
  std::array<char, 9> count{};
  std::snprintf(count.data(), count.size(), "%08x", ++standing_->count);
  DigestAnswer answer;
  answer.username = account_.username;
  answer.realm = challenge.realm;
  answer.nonce = challenge.nonce;
  answer.uri = uri;
  answer.cnonce = crypto::randomToken(kCnonceCharacters);
  standing_->cnonce = answer.cnonce;
  standing_->uri = answer.uri;
  answer.opaque = challenge.opaque;
  answer.nonce_count = count.data();
  answer.algorithm = challenge.algorithm;
  answer.response =
      digestResponse(ha1(answer.algorithm), {answer.nonce, answer.nonce_count, answer.cnonce, method, answer.uri});
  return {standing_->header, answer.toString()};
}

Ha1 DigestClient::ha1(DigestAlgorithm algorithm) const {
  if (const auto* given = std::get_if<Ha1>(&account_.proof)) return given->clone();
  return Ha1::of(algorithm, account_.username, account_.realm, std::get<Secret>(account_.proof));
}

}  // namespace sallyport::identity
