// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which connection a bearer token belongs to: the one that showed it first, for as long as that lives or the
// token does, so that a copy is worth nothing beside its owner. One per process, shared by all workers, kept
// across reloads.

#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/hash.h"
#include "sip/transaction_layer.h"

namespace sallyport::identity {

class TokenBindings {
 public:
  static constexpr std::size_t kPerFlow = 16;  // a phone shows one, and its successor when it expires

  explicit TokenBindings(std::size_t capacity = 65'536) : capacity_(capacity) {}

  // Errors: identity.token.other_connection (peerDenied), identity.token.bindings_full (overloaded; of the
  // table or of the connection).
  Status bind(const crypto::Sha256Digest& token, sip::FlowId flow, WallTime expires, WallTime now);
  void flowClosed(sip::FlowId flow);
  std::size_t size() const;

 private:
  struct Binding {
    sip::FlowId flow;
    WallTime expires;
  };
  struct DigestHash {
    std::size_t operator()(const crypto::Sha256Digest& digest) const;
  };
  using OfFlow = std::vector<crypto::Sha256Digest>;

  void forgetExpired(WallTime now);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<crypto::Sha256Digest, Binding, DigestHash> by_token_;
  std::unordered_map<sip::FlowId, OfFlow> by_flow_;  // never empty; each token in it is in by_token_
  WallTime first_expiry_{};                          // no binding ends before
};

}  // namespace sallyport::identity
