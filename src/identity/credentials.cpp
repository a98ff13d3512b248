// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "crypto/hash.h"
#include "identity/credentials_file.h"

namespace sallyport::identity {
namespace {

using Key = crypto::Sha256Digest;

// Keys are MACs: what a stranger writes decides neither where nor how long a table is searched.
struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
  }
};

enum class Table : char { digest = 'd', scram = 's', peer = 'p', decoy = 'x', state = 't' };

std::string_view domainless(std::string_view name) { return name.substr(0, name.rfind('@')); }

// A username as a device's identity: with its domain, which is in lower case.
std::string deviceIdentity(const Username& user) {
  const auto at = user.name.rfind('@');
  const bool has_domain = at != std::string_view::npos;
  std::string identity{user.name.substr(0, at)};
  identity += '@';
  return identity + lowered(has_domain ? user.name.substr(at + 1) : user.default_domain);
}

}  // namespace

struct CredentialStore::Tables {
  explicit Tables(Secret key) : decoys(std::move(key)) {}

  Key keyOf(Table table, std::string_view name, std::string_view realm = {}, DigestAlgorithm algorithm = {}) const {
    std::string text{static_cast<char>(table), static_cast<char>('0' + static_cast<int>(algorithm))};
    text.append(realm) += '\0';
    text += name;
    return crypto::hmacSha256(decoys.bytes(), bytesOf(text));
  }

  struct DigestRow {
    Secret user;  // of the username without a domain; a peer's only one
    Secret full;  // of the username with its domain; empty: that form is not known
  };
  Secret decoys;
  std::unordered_map<Key, DigestRow, KeyHash> digests;     // by algorithm, realm and identity
  std::unordered_map<Key, ScramVerifier, KeyHash> scrams;  // by identity
  std::unordered_map<Key, std::string, KeyHash> peers;     // a peer's name by its username
  std::unordered_map<Key, Key, KeyHash> states;            // by identity: the sum of its rows

  // `row` is where it stands, `parts` what it says.
  void note(const Subject& subject, const Key& row, std::initializer_list<Bytes> parts) {
    auto digest = crypto::hmacSha256(row, bytesOf(subject.peer));
    for (const auto part : parts) digest = crypto::hmacSha256(digest, part);
    auto& state = states[keyOf(Table::state, subject.identity)];
    for (std::size_t i = 0; i < state.size(); ++i) state[i] ^= digest[i];
  }
};

CredentialStore::CredentialStore(Secret decoys) : tables_(std::make_unique<Tables>(std::move(decoys))) {}
CredentialStore::CredentialStore(CredentialStore&&) noexcept = default;
CredentialStore& CredentialStore::operator=(CredentialStore&&) noexcept = default;
CredentialStore::~CredentialStore() = default;

Result<CredentialStore> CredentialStore::parse(std::string_view text, Secret decoys) {
  CredentialStore store{std::move(decoys)};
  auto& tables = *store.tables_;
  std::unordered_map<std::string, bool> names;  // users and usernames without their domain: is it a device's?
  CredentialLines lines{text};
  for (;;) {
    SP_ASSIGN(auto line, lines.next());
    if (!line) return store;
    auto& subject = line->subject;
    const bool device = subject.kind == crypto::PeerKind::device;
    const auto [name, is_new] = names.emplace(domainless(line->username), device);
    if (!is_new && name->second != device) return lines.error("identity.credentials.ambiguous");
    if (!device) {
      const auto [known, added] = tables.peers.emplace(tables.keyOf(Table::peer, line->username), subject.peer);
      if (!added && known->second != subject.peer) return lines.error("identity.credentials.ambiguous");
    }
    if (line->scram) {
      const auto key = tables.keyOf(Table::scram, subject.identity);
      const auto iterations = std::to_string(line->scram->iterations);
      tables.note(subject, key,
                  {bytesOf(iterations), bytesOf(line->scram->salt), line->scram->stored_key.bytes(),
                   line->scram->server_key.bytes()});
      if (!tables.scrams.emplace(key, *std::move(line->scram)).second) {
        return lines.error("identity.credentials.repeated");
      }
      continue;
    }
    const auto key = tables.keyOf(Table::digest, subject.identity, line->realm, line->algorithm);
    tables.note(subject, key, {line->user_hash.bytes(), line->full_hash.bytes()});
    if (!tables.digests.emplace(key, Tables::DigestRow{std::move(line->user_hash), std::move(line->full_hash)})
             .second) {
      return lines.error("identity.credentials.repeated");
    }
  }
}

Subject CredentialStore::subject(const Username& user) const {
  const auto peer = tables_->peers.find(tables_->keyOf(Table::peer, user.name));
  auto device = deviceIdentity(user);
  if (peer == tables_->peers.end()) {
    return {crypto::PeerKind::device, std::string{crypto::kDevicePeerName}, std::move(device)};
  }
  return {crypto::PeerKind::peer, peer->second, peerIdentity(user.name)};
}

DigestVerifier CredentialStore::digest(const Username& user, std::string_view realm, DigestAlgorithm algorithm) const {
  auto whose = subject(user);
  const auto decoy = tables_->keyOf(Table::decoy, user.name, realm, algorithm);
  const auto row = tables_->digests.find(tables_->keyOf(Table::digest, whose.identity, realm, algorithm));
  Bytes hash = Bytes{decoy}.first(digestBytes(algorithm));
  auto known = Known::no;
  if (row != tables_->digests.end()) {
    const bool full = whose.kind == crypto::PeerKind::device && user.name.find('@') != std::string_view::npos;
    const auto& shown = full ? row->second.full : row->second.user;
    if (!shown.empty()) {
      hash = shown.bytes();
      known = Known::yes;
    }
  }
  return {known, std::move(whose), Ha1{algorithm, Secret{hash}}};
}

std::optional<ScramVerifier> CredentialStore::scram(const Username& user) const {
  const auto found = tables_->scrams.find(tables_->keyOf(Table::scram, subject(user).identity));
  if (found == tables_->scrams.end()) return std::nullopt;
  return found->second.clone();
}

std::optional<crypto::Sha256Digest> CredentialStore::stateOf(std::string_view identity) const {
  const auto found = tables_->states.find(tables_->keyOf(Table::state, identity));
  if (found == tables_->states.end()) return std::nullopt;
  return found->second;
}

std::size_t CredentialStore::size() const { return tables_->digests.size() + tables_->scrams.size(); }

}  // namespace sallyport::identity
