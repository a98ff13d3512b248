// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who the phone is beyond its certificate: a password, shown by Digest (RFC 7616) or SCRAM (RFC 7804), or a bearer
// token (RFC 8898). Answers the challenges of one realm and holds the server to its own proof. Messages in, headers
// out; owned by the endpoint, on its thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/result.h"
#include "core/secret.h"
#include "identity/digest_client.h"
#include "identity/scram_client.h"
#include "sip/message.h"

namespace sallyport::phone {

class Account {
 public:
  enum class Scheme : std::uint8_t { offered, digest, scram };  // offered: SCRAM where it is, else Digest
  struct Password {
    std::string user, realm;
    Secret password;
    Scheme scheme = Scheme::offered;
  };
  struct Token {
    Secret token;
  };

  explicit Account(Password password);
  explicit Account(Token token) : proof_(std::move(token)) {}

  // One request's way through challenges: kept by who sends it, passed with each.
  struct Attempts {
    identity::DigestAttempts digest;
    std::optional<identity::ScramClient> scram;
    unsigned scram_steps = 0;
    unsigned tokens = 0;
  };
  using Header = std::pair<sip::HeaderId, std::string>;

  // What to repeat the request with. Errors, all final: "phone.account.scheme" (nothing is asked for that we have),
  // "phone.account.rejected" (what we showed was not taken), those of DigestClient and ScramClient.
  Result<Header> answer(const sip::Message& challenge, Attempts& attempts, std::string_view method,
                        std::string_view uri);
  // Whether a 2xx comes from a server that knows the password. Errors (peerDenied): "identity.scram.server_not_proven",
  // "identity.digest.server_not_proven" (only where it says that it does).
  Status accept(const sip::Message& success, const Attempts& attempts) const;
  // Whether nothing of this server is to be believed yet.
  static bool awaitsProof(const Attempts& attempts) { return attempts.scram_steps > 0; }

 private:
  Result<Header> answerScram(std::string_view challenge, Attempts& attempts) const;

  std::variant<Password, Token> proof_;
  std::optional<identity::DigestClient> digest_;
};

}  // namespace sallyport::phone
