// SPDX-License-Identifier: Apache-2.0
#include "phone/account.h"

#include "core/secret_text.h"
#include "sip/header_lexer.h"

namespace sallyport::phone {
namespace {

constexpr unsigned kScramSteps = 2;  // client-first and client-final

Error denied(const char* code, std::string detail = {}) { return {ErrorKind::peerDenied, code, std::move(detail)}; }

// The server's challenge of that scheme, if it makes one.
std::optional<std::string_view> challengeOf(const sip::Message& message, std::string_view scheme) {
  for (const auto& field : message.headers()) {
    if (field.id != sip::HeaderId::wwwAuthenticate) continue;
    const std::string_view value{field.value};
    if (sip::equalsIgnoringCase(value.substr(0, value.find_first_of(" \t")), scheme)) return value;
  }
  return std::nullopt;
}

}  // namespace

Account::Account(Password password) : proof_(std::move(password)) {
  const auto& given = std::get<Password>(proof_);
  digest_.emplace(identity::DigestAccount{given.user, given.realm, given.password.clone()});
}

Result<Account::Header> Account::answer(const sip::Message& challenge, Attempts& attempts, std::string_view method,
                                        std::string_view uri) {
  if (const auto* token = std::get_if<Token>(&proof_)) {
    if (!challengeOf(challenge, "Bearer")) return denied("phone.account.scheme", "no token is asked for");
    if (attempts.tokens++ > 0) return denied("phone.account.rejected", "the token was not taken");
    return Header{sip::HeaderId::authorization, "Bearer " + std::string{textOf(token->token)}};
  }
  const auto scheme = std::get<Password>(proof_).scheme;
  const auto scram = challengeOf(challenge, "SCRAM-SHA-256");
  const bool digest_begun = attempts.digest.answered > 0;
  if (scram && scheme != Scheme::digest && !digest_begun) return answerScram(*scram, attempts);
  if (scheme == Scheme::scram || attempts.scram_steps > 0) {
    return denied("phone.account.scheme", "SCRAM-SHA-256 is not asked for");
  }
  auto answered = digest_->answer(challenge, attempts.digest, method, uri);
  if (!answered) return std::move(answered).error();
  return Header{answered->header, std::move(answered->value)};
}

Result<Account::Header> Account::answerScram(std::string_view challenge, Attempts& attempts) const {
  if (attempts.scram_steps == kScramSteps) return denied("phone.account.rejected", "the password was not taken");
  const auto& given = std::get<Password>(proof_);
  if (!attempts.scram)
    attempts.scram.emplace(identity::ScramCredentials{given.realm, given.user, given.password.clone()});
  SP_ASSIGN(auto value,
            attempts.scram_steps == 0 ? attempts.scram->begin(challenge) : attempts.scram->answer(challenge));
  ++attempts.scram_steps;
  return Header{sip::HeaderId::authorization, std::move(value)};
}

Status Account::accept(const sip::Message& success, const Attempts& attempts) const {
  const auto info = success.header(sip::HeaderId::authenticationInfo);
  if (attempts.scram) return attempts.scram->accept(info.value_or(""));
  if (attempts.digest.answered > 0 && info) return digest_->accept(*info);
  return sallyport::success();
}

}  // namespace sallyport::phone
