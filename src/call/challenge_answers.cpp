// SPDX-License-Identifier: Apache-2.0
#include "call/challenge_answers.h"

#include <algorithm>

#include "call/policy.h"
#include "crypto/password.h"

namespace sallyport::call {
namespace {

Result<Secret> readPassword(const std::filesystem::path& file) {
  auto password = crypto::passwordFromFile(file);
  if (password || std::string_view{password.error().code} != "crypto.password.line") return password;
  return Error{ErrorKind::misconfigured, "call.credentials.password", std::move(password).error().detail};
}

}  // namespace

Result<std::vector<PeerAccount>> loadPeerAccounts(const config::Config& config) {
  std::vector<PeerAccount> accounts;
  for (const auto& peer : config.peers) {
    if (!peer.credentials) continue;
    SP_ASSIGN(auto password, readPassword(peer.credentials->password_file));
    PeerAccount account{peer.name, peer.credentials->username, peer.credentials->realm, std::move(password), {}};
    for (const auto algorithm : peer.policy.digest_algorithms) account.algorithms.push_back(algorithmOf(algorithm));
    accounts.push_back(std::move(account));
  }
  return accounts;
}

PeerChallenges::PeerChallenges(const std::vector<PeerAccount>& accounts) {
  for (const auto& account : accounts) {
    clients_.emplace(account.peer, identity::DigestClient{{account.username, account.realm, account.password.clone(),
                                                           account.algorithms}});
  }
}

Result<Authorization> PeerChallenges::answer(const ChallengedRequest& request, const sip::Message& challenge,
                                             identity::DigestAttempts& attempts) {
  const auto client = clients_.find(request.peer);
  if (client == clients_.end()) {
    return Error{ErrorKind::peerMisbehaved, "call.challenge.no_credentials", std::string{request.peer}};
  }
  return client->second.answer(challenge, attempts, request.method, request.uri);
}

std::optional<Authorization> PeerChallenges::authorize(const ChallengedRequest& request) {
  const auto client = clients_.find(request.peer);
  if (client == clients_.end()) return std::nullopt;
  return client->second.authorize(request.method, request.uri);
}

}  // namespace sallyport::call
