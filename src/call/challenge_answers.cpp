// SPDX-License-Identifier: Apache-2.0
#include "call/challenge_answers.h"

#include <algorithm>

#include "call/policy.h"
#include "crypto/pem_file.h"

namespace sallyport::call {
namespace {

constexpr std::size_t kLongestPassword = 256;

// The first line of the file, without its end.
Result<Secret> readPassword(const std::filesystem::path& file) {
  SP_ASSIGN(const auto content, crypto::readPemFile(file, crypto::Readers::ownerOnly));
  const auto bytes = content.bytes();
  const auto end =
      std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == '\n' || byte == '\r'; });
  const auto size = static_cast<std::size_t>(end - bytes.begin());
  if (size == 0 || size > kLongestPassword) {
    return Error{ErrorKind::misconfigured, "call.credentials.password",
                 file.string() + ": its first line is the password, 1 to 256 bytes"};
  }
  return Secret{bytes.first(size)};
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
