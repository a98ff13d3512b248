// SPDX-License-Identifier: Apache-2.0
#include "identity/scram_client.h"

#include "core/numbers.h"
#include "core/secret_text.h"
#include "identity/scram_text.h"
#include "identity/scram_verifier.h"

namespace sallyport::identity {
namespace {

constexpr std::string_view kGs2Header = "n,,";  // no channel binding, nobody else's name

struct ServerFirst {
  std::string_view nonce;
  std::string salt;
  unsigned iterations = 0;
};

// saslname of RFC 5802 7.
std::string escaped(std::string_view user) {
  std::string name;
  for (const char c : user) {
    if (c == '=') {
      name += "=3D";
    } else if (c == ',') {
      name += "=2C";
    } else {
      name.push_back(c);
    }
  }
  return name;
}

// "r=...,s=...,i=..." of RFC 5802 7; an extension would have to be understood, and none is.
Result<ServerFirst> readServerFirst(std::string_view message) {
  const auto malformed = scramMisbehaved("identity.scram.malformed", "server-first-message");
  const auto salt_at = message.find(",s=");
  const auto count_at = message.find(",i=", salt_at == message.npos ? 0 : salt_at);
  if (!message.starts_with("r=") || salt_at == message.npos || count_at == message.npos) return malformed;
  auto salt = fromBase64(message.substr(salt_at + 3, count_at - salt_at - 3));
  const auto digits = message.substr(count_at + 3);
  const auto any_count = parseUnsigned(digits, 0, UINT64_MAX);
  if (!salt || !any_count) return malformed;
  const auto count = parseUnsigned(digits, kScramMinIterations, kScramMaxIterations);
  if (!count) return scramMisbehaved("identity.scram.iterations", std::string{digits});
  return ServerFirst{message.substr(2, salt_at - 2), *std::move(salt), static_cast<unsigned>(*count)};
}

}  // namespace

ScramClient::ScramClient(ScramCredentials credentials, std::string nonce)
    : credentials_(std::move(credentials)), nonce_(std::move(nonce)) {}

std::string ScramClient::clientFirstBare() const { return "n=" + escaped(credentials_.user) + ",r=" + nonce_; }

Result<AuthParams> ScramClient::read(std::string_view challenge) const {
  SP_ASSIGN(auto params, AuthParams::parse(challenge));
  if (!params.isScheme(kScramScheme)) return scramMisbehaved("identity.scram.scheme", params.scheme());
  const auto realm = params.find("realm");
  const bool continued = params.find("sid").has_value();  // RFC 7804 5 repeats no realm there
  if (realm ? *realm != credentials_.realm : !continued) return scramMisbehaved("identity.scram.realm");
  return params;
}

Result<std::string> ScramClient::begin(std::string_view challenge) const {
  SP_TRY(read(challenge));
  return std::string{kScramScheme} + " realm=" + quotedString(credentials_.realm) +
         ", data=" + quotedString(toBase64(std::string{kGs2Header} + clientFirstBare()));
}

Result<std::string> ScramClient::answer(std::string_view challenge) {
  SP_ASSIGN(const auto params, read(challenge));
  const auto sid = params.find("sid");
  if (!sid) return scramMisbehaved("identity.scram.malformed", "no sid");
  SP_ASSIGN(const auto server_first, scramMessageIn(params));
  SP_ASSIGN(const auto offer, readServerFirst(server_first));
  if (!offer.nonce.starts_with(nonce_) || offer.nonce.size() == nonce_.size()) {
    return scramMisbehaved("identity.scram.nonce");
  }
  SP_ASSIGN(const auto keys, scramKeys(textOf(credentials_.password), offer.iterations, offer.salt));
  const auto unproven = "c=" + toBase64(kGs2Header) + ",r=" + std::string{offer.nonce};
  const auto auth_message = clientFirstBare() + "," + server_first + "," + unproven;
  const auto signature = crypto::hmacSha256(keys.stored_key.bytes(), bytesOf(auth_message));
  std::string proof;
  for (std::size_t i = 0; i < signature.size(); ++i) {
    proof.push_back(static_cast<char>(keys.client_key.bytes()[i] ^ signature[i]));
  }
  server_signature_ = crypto::hmacSha256(keys.server_key.bytes(), bytesOf(auth_message));
  sid_ = *sid;
  return std::string{kScramScheme} + " realm=" + quotedString(credentials_.realm) + ", sid=" + quotedString(sid_) +
         ", data=" + quotedString(toBase64(unproven + ",p=" + toBase64(proof)));
}

Status ScramClient::accept(std::string_view authentication_info) const {
  const auto not_proven = [](std::string why) {
    return Error{ErrorKind::peerDenied, "identity.scram.server_not_proven", std::move(why)};
  };
  const auto params = AuthParams::parseSchemeless(authentication_info);
  if (!params) return not_proven(describe(params.error()));
  if (!server_signature_ || params->find("sid") != sid_) return not_proven("another exchange");
  const auto message = scramMessageIn(*params);
  if (!message) return not_proven(describe(message.error()));
  const auto expected = "v=" + crypto::base64Encode(*server_signature_);
  if (*message != expected) return not_proven("the signature is not that of our password's verifier");
  return success();
}

}  // namespace sallyport::identity
