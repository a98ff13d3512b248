// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which connection a bearer token belongs to: the one that showed it first, for as long as that lives or the
// token does, so that a copy is worth nothing beside its owner. Shared by all workers, kept across reloads.

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/hash.h"

namespace sallyport::identity {

// A connection of this process, whichever worker has it; never used again.
enum class ConnectionId : std::uint64_t {};

class TokenBindings {
 public:
  explicit TokenBindings(std::size_t capacity = 65'536) : capacity_(capacity) {}

  // Errors: identity.token.other_connection (peerDenied), identity.token.bindings_full (overloaded).
  Status bind(const crypto::Sha256Digest& token, ConnectionId connection, WallTime expires, WallTime now);
  void release(ConnectionId connection);  // it has closed
  std::size_t size() const;

 private:
  struct Binding {
    ConnectionId connection;
    WallTime expires;
  };
  struct DigestHash {
    std::size_t operator()(const crypto::Sha256Digest& digest) const;
  };

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<crypto::Sha256Digest, Binding, DigestHash> by_token_;
  std::unordered_multimap<ConnectionId, crypto::Sha256Digest> by_connection_;
};

}  // namespace sallyport::identity
