// SPDX-License-Identifier: Apache-2.0
#pragma once
// A token issuer's public keys (JWK Set, RFC 7517): immutable once read, replaced whole.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "crypto/hash.h"
#include "crypto/jws.h"

namespace sallyport::identity {

struct Jwk {
  crypto::Sha256Digest thumbprint;  // of what makes the key, as RFC 7638 has it in mind
  crypto::JwsKey key;
  std::optional<crypto::JwsAlgorithm> algorithm;  // the only one, where the set says so
};

class Jwks {
 public:
  const Jwk* find(std::string_view kid) const;
  bool holds(const crypto::Sha256Digest& thumbprint) const;
  std::size_t size() const { return keys_.size(); }

 private:
  friend Result<std::shared_ptr<const Jwks>> parseJwks(std::string_view text);

  std::map<std::string, Jwk, std::less<>> keys_;
};
using JwksPtr = std::shared_ptr<const Jwks>;

// At most 256 KiB and 64 keys. Keys of kinds and for uses that are not ours are left out, as RFC 7517 5 says;
// one of ours that is broken, weak, without a `kid` or with the `kid` of another refuses the whole set.
// Errors (misconfigured): identity.jwks.too_large, .malformed, .key, .kid, .private (a secret in a public set),
// .none (not one usable key).
Result<JwksPtr> parseJwks(std::string_view text);

// The keys an issuer has at the moment, shared by all who verify; what is fetched later takes their place. Any thread.
class IssuerKeys {
 public:
  explicit IssuerKeys(JwksPtr keys = nullptr) : keys_(std::move(keys)) {}
  IssuerKeys(const IssuerKeys&) = delete;
  IssuerKeys& operator=(const IssuerKeys&) = delete;

  JwksPtr current() const;  // null: none have come yet
  void replace(JwksPtr keys);
  // A token was signed with a key that is not among them: there may be newer ones.
  void miss() { missed_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t missed() const { return missed_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  JwksPtr keys_;
  std::atomic<std::uint64_t> missed_{0};
};
using IssuerKeysPtr = std::shared_ptr<IssuerKeys>;

}  // namespace sallyport::identity
