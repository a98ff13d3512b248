// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may prove what with a password: one immutable store of verifiers, shared by all workers and swapped
// whole on reload. It holds no password, only H(A1) per realm (RFC 7616 3.4.2) and SCRAM keys (RFC 5802 3),
// and wipes them. Of a user it does not know it gives verifiers too: made from the name with a key of this
// process, they match no password, and neither the bytes nor the work of what follows tells the two apart.
//
// A file of lines, fields separated by blanks, `#` begins a comment line:
//   alice@example.org digest-sha-256 <realm> <hex> [<hex>]
//   alice@example.org digest-sha-512-256 <realm> <hex> [<hex>]
//   alice@example.org scram-sha-256 <iterations>$<salt>$<StoredKey>:<ServerKey>      (base64)
//   peer:carrier <username> digest-md5 <realm> <hex>                                 (and the three above)
// The first <hex> is H(A1) of the username "alice", the second of "alice@example.org". MD5 is for peers only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"
#include "crypto/hash.h"
#include "crypto/verified_peer.h"
#include "identity/digest_response.h"
#include "identity/scram_verifier.h"

namespace sallyport::identity {

// Whose verifier it is.
struct Subject {
  crypto::PeerKind kind = crypto::PeerKind::device;
  std::string peer;      // the configured peer's name, or crypto::kDevicePeerName
  std::string identity;  // a device: "alice@example.org"; a peer: "digest:<username>"
};

enum class Known : std::uint8_t { yes, no };

struct DigestVerifier {
  Known known = Known::no;
  Subject subject;  // of an unknown user: what the name would mean
  Ha1 ha1;
};
// A username and the domain it belongs to when it names none.
struct Username {
  std::string_view name;
  std::string_view default_domain;
};

class CredentialStore {
 public:
  // Knows nobody. `decoys`: 32 random bytes, the same over every reload of a process.
  explicit CredentialStore(Secret decoys);
  // Errors name the line: "identity.credentials.fields", ".identity", ".username", ".kind", ".realm", ".hash",
  // ".scram", ".md5" (for a device), ".repeated", ".ambiguous" (a peer's username is a device's user).
  static Result<CredentialStore> parse(std::string_view text, Secret decoys);
  CredentialStore(CredentialStore&&) noexcept;
  CredentialStore& operator=(CredentialStore&&) noexcept;
  ~CredentialStore();

  // Never fails and takes the same work for anybody.
  DigestVerifier digest(const Username& user, std::string_view realm, DigestAlgorithm algorithm) const;
  // Nothing for an unknown user, whom ScramServer then leads through the same steps.
  std::optional<ScramVerifier> scram(const Username& user) const;
  // Whom a username means; to be believed once its verifier has been met.
  Subject subject(const Username& user) const;

  // All verifiers of an identity (Subject::identity) and whose they are, as a value that is another once any of that
  // has changed, in whatever order the file has them; nothing: there are none. Comparable between stores of one key.
  std::optional<crypto::Sha256Digest> stateOf(std::string_view identity) const;

  std::size_t size() const;  // verifiers

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

using CredentialStorePtr = std::shared_ptr<const CredentialStore>;

// What of a password is to be written.
struct CredentialRequest {
  std::string identity;  // "alice@example.org", or "peer:carrier"
  std::string username;  // of a peer; a device's is its identity's
  std::string realm;
  std::vector<DigestAlgorithm> digests{DigestAlgorithm::sha256, DigestAlgorithm::sha512_256};
  unsigned scram_iterations = kScramIterations;  // 0: no SCRAM line
};
// The lines for the file, each ended. Errors: those of CredentialStore::parse without a line,
// "identity.credentials.password" (empty or longer than 256 bytes), and makeScramVerifier's.
Result<Secret> credentialLines(const CredentialRequest& request, const Secret& password);

}  // namespace sallyport::identity
