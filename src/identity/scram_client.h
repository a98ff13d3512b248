// SPDX-License-Identifier: Apache-2.0
#pragma once
// SCRAM-SHA-256 as client (RFC 5802, RFC 7677, RFC 7804): answers the challenges of one configured realm, and
// accepts nobody as server who does not prove that it knows the verifier. One object per exchange.

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "identity/auth_params.h"

namespace sallyport::identity {

struct ScramCredentials {
  std::string realm;  // no other realm is answered
  std::string user;
  Secret password;
};

class ScramClient {
 public:
  // `nonce`: printable ASCII without a comma, never used twice.
  explicit ScramClient(ScramCredentials credentials, std::string nonce = crypto::randomToken(24));

  // The value of the first Authorization; `challenge` is the server's WWW-Authenticate.
  // Errors (peerMisbehaved): identity.params.*, identity.scram.scheme, identity.scram.realm.
  Result<std::string> begin(std::string_view challenge) const;
  // The value of the second Authorization. Errors (peerMisbehaved): identity.params.*, identity.scram.scheme,
  // .malformed, .nonce (not ours continued), .iterations (too few to protect, too many to compute);
  // misconfigured: identity.scram.password.
  Result<std::string> answer(std::string_view challenge);
  // The Authentication-Info of the 2xx; without it there is no proof. Error (peerDenied):
  // identity.scram.server_not_proven.
  Status accept(std::string_view authentication_info) const;

 private:
  Result<AuthParams> read(std::string_view challenge) const;
  std::string clientFirstBare() const;

  ScramCredentials credentials_;
  std::string nonce_;
  std::string sid_;
  std::optional<crypto::Sha256Digest> server_signature_;  // once we have answered
};

}  // namespace sallyport::identity
