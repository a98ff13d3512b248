// SPDX-License-Identifier: Apache-2.0
#pragma once
// Our credentials at the peers that challenge us: what answers the 401 or 407 of a trunk, on the leg to that
// trunk and for its configured realm only. A challenge that cannot be answered here ends there: it never crosses
// to the other side of a call (statusTowardsPeer makes it a 502).
//
// One per worker, on its thread: a digest client counts the uses of its nonce.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/result.h"
#include "identity/digest_client.h"

namespace sallyport::call {

using Authorization = identity::DigestClient::Authorization;

// The request that was challenged, or is about to be sent.
struct ChallengedRequest {
  std::string_view peer;  // whom it goes to
  std::string_view method;
  std::string_view uri;  // its Request-URI
};

class Challenges {
 public:
  virtual ~Challenges() = default;
  // The header to repeat the request with, once. Errors, all final: "call.challenge.no_credentials" (none for this
  // peer), and those of identity::DigestClient::answer.
  virtual Result<Authorization> answer(const ChallengedRequest& request, const sip::Message& challenge,
                                       identity::DigestAttempts& attempts) = 0;
  // To be sent along before being asked; nothing where there is no credential or no nonce yet.
  virtual std::optional<Authorization> authorize(const ChallengedRequest& request) = 0;
};

// What is configured: [[peer]] credentials. Immutable, shared by all workers, swapped whole on reload.
struct PeerAccount {
  std::string peer;
  std::string username;
  std::string realm;
  Secret password;
  std::vector<identity::DigestAlgorithm> algorithms;  // what we answer to, of the peer's own policy
};
// Errors (misconfigured): those of reading a file that only its owner may read (crypto.file.*,
// crypto.key.permissions), and "call.credentials.password" (empty, or longer than 256 bytes).
Result<std::vector<PeerAccount>> loadPeerAccounts(const config::Config& config);

class PeerChallenges final : public Challenges {
 public:
  explicit PeerChallenges(const std::vector<PeerAccount>& accounts);

  Result<Authorization> answer(const ChallengedRequest& request, const sip::Message& challenge,
                               identity::DigestAttempts& attempts) override;
  std::optional<Authorization> authorize(const ChallengedRequest& request) override;

 private:
  std::map<std::string, identity::DigestClient, std::less<>> clients_;
};

}  // namespace sallyport::call
