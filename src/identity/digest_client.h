// SPDX-License-Identifier: Apache-2.0
#pragma once
// Answers the challenges of a peer where we are the client: a trunk's 401 or 407 (RFC 3261 22.2, RFC 7616 3.4).
// Only for the realm that is configured, on the leg to that peer, and only with algorithms that are allowed; the
// strongest of those offered. One per peer and worker: it keeps the nonce and counts its uses.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/secret.h"
#include "identity/digest_fields.h"
#include "identity/digest_response.h"
#include "sip/message.h"

namespace sallyport::identity {

struct DigestAccount {
  std::string username;
  std::string realm;
  std::variant<Secret, Ha1> proof;  // the password, or H(A1) of one algorithm
  std::vector<DigestAlgorithm> algorithms{DigestAlgorithm::sha512_256, DigestAlgorithm::sha256};  // what we answer to
};

// One request's way through challenges: kept by who sends it, passed with each challenge.
struct DigestAttempts {
  unsigned answered = 0;
  unsigned stale = 0;
};

class DigestClient {
 public:
  explicit DigestClient(DigestAccount account) : account_(std::move(account)) {}

  struct Authorization {
    sip::HeaderId header;  // authorization, or proxyAuthorization
    std::string value;
  };
  // The header to repeat the request with. `method` and `uri` are the request's. Errors, all final:
  // "identity.digest.realm_foreign" (no challenge of our realm), "identity.digest.algorithm_refused",
  // "identity.digest.rejected" (our answer was not taken; a stale nonce is answered once more),
  // or why the only challenge could not be read.
  Result<Authorization> answer(const sip::Message& challenge, DigestAttempts& attempts, std::string_view method,
                               std::string_view uri);
  // With the nonce of the last challenge, before being asked again; nothing when there is none.
  std::optional<Authorization> authorize(std::string_view method, std::string_view uri);
  // Whether the Authentication-Info of a 2xx fits our last answer: a server that says it knows the password must
  // (RFC 7616 3.5). Errors (peerDenied): "identity.digest.server_not_proven".
  Status accept(std::string_view authentication_info) const;

 private:
  struct Standing {  // what we were last challenged with
    DigestChallenge challenge;
    sip::HeaderId header;
    std::uint32_t count = 0;
    std::string cnonce, uri;  // of the last answer
  };
  Authorization next(std::string_view method, std::string_view uri);
  Ha1 ha1(DigestAlgorithm algorithm) const;

  DigestAccount account_;
  std::optional<Standing> standing_;
};

}  // namespace sallyport::identity
