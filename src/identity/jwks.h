// SPDX-License-Identifier: Apache-2.0
#pragma once
// A token issuer's public keys (JWK Set, RFC 7517): immutable once read, replaced whole.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "crypto/jws.h"

namespace sallyport::identity {

struct Jwk {
  crypto::JwsKey key;
  std::optional<crypto::JwsAlgorithm> algorithm;  // the only one, where the set says so
};

class Jwks {
 public:
  const Jwk* find(std::string_view kid) const;
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

// Who can fetch a set from its URL; I/O, hence elsewhere. `done` is called once, on the caller's thread.
class JwksFetcher {
 public:
  virtual ~JwksFetcher() = default;
  virtual void fetch(const std::string& url, std::function<void(Result<std::string> text)> done) = 0;
};

}  // namespace sallyport::identity
