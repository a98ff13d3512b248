// SPDX-License-Identifier: Apache-2.0
#pragma once
// SCRAM-SHA-256 as server (RFC 5802, RFC 7677) in the framing of RFC 7804: the client proves that it knows the
// password, and we that we know its verifier. An exchange is a challenge and two requests on one connection,
// held together by `sid`. A user nobody knows goes through the same steps, with a salt that stays the same
// for that name, and fails at the last one as a wrong password does. Channel binding is not offered.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "identity/scram_verifier.h"

namespace sallyport::identity {

// Whom a name means, in one spelling however it was written, and their verifier if there is one.
struct ScramAccount {
  std::string whose;
  std::optional<ScramVerifier> verifier;
};
// By the user's name as the client wrote it. Called for every exchange that begins, whoever it names.
using FindScramAccount = std::function<ScramAccount(std::string_view user)>;

struct ScramPolicy {
  std::string realm;
  // What a user nobody knows seems to have, beside kScramSaltBytes of salt: as the verifiers of those who exist.
  unsigned iterations = kScramIterations;
  std::chrono::seconds lifetime{30};  // of an exchange
  std::size_t max_exchanges = 4;      // at once on a connection; a newer one ends the oldest
};

// What all connections share: the library and the policy. One per policy, used from any thread.
class ScramMechanism {
 public:
  // `decoy_key`: random, at least 16 bytes; the same key after a restart keeps the salts of unknown users.
  // Error (internal): identity.scram.library.
  static Result<std::shared_ptr<const ScramMechanism>> make(ScramPolicy policy, Secret decoy_key);
  ~ScramMechanism();

  const ScramPolicy& policy() const { return policy_; }
  std::string challenge() const;  // WWW-Authenticate of the first 401

 private:
  friend class ScramServer;
  struct Library;

  ScramMechanism(ScramPolicy policy, Secret decoy_key, std::unique_ptr<Library> library);
  ScramVerifier decoyFor(std::string_view whose) const;

  ScramPolicy policy_;
  Secret decoy_key_;
  std::unique_ptr<Library> library_;
};

struct ScramStep {
  enum class Next : std::uint8_t {
    challenge,  // answer 401 with `header` as WWW-Authenticate
    proven,     // `user` it is; the 2xx carries `header` as Authentication-Info
  };
  Next next = Next::challenge;
  std::string header;
  std::string user;  // proven: as the client wrote it
};

// The exchanges of one connection, on its thread.
class ScramServer {
 public:
  explicit ScramServer(std::shared_ptr<const ScramMechanism> mechanism);
  ~ScramServer();
  ScramServer(ScramServer&&) noexcept;
  ScramServer& operator=(ScramServer&&) noexcept;

  // `authorization`: the value of an Authorization header of scheme SCRAM-SHA-256. After an error the exchange
  // is over. Errors, peerMisbehaved: identity.params.*, identity.scram.scheme, .malformed, .too_large,
  // .channel_binding (asked for, not offered), .authzid (acting for somebody else), .realm;
  // peerDenied: identity.scram.unknown_sid (also: over, too old, of another connection),
  // identity.scram.not_proven (wrong password or no such user).
  Result<ScramStep> step(std::string_view authorization, const FindScramAccount& find, TimePoint now);

  // Drops what is too old; an object without exchanges need not be kept.
  void expire(TimePoint now);
  std::size_t exchanges() const { return exchanges_.size(); }

 private:
  struct Exchange;

  std::unique_ptr<Exchange> take(std::string_view sid);
  Result<ScramStep> begin(std::string_view client_first, const FindScramAccount& find, TimePoint now);
  static Result<ScramStep> finish(const Exchange& exchange, std::string_view client_final);

  std::shared_ptr<const ScramMechanism> mechanism_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;  // oldest first
};

}  // namespace sallyport::identity
