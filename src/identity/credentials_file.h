// SPDX-License-Identifier: Apache-2.0
#pragma once
// The lines of a credentials file (the form is credentials.h's), read and judged one at a time. For sources of
// this room.

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"
#include "identity/credentials.h"

namespace sallyport::identity {

struct CredentialLine {
  Subject subject;
  std::string username;  // of a device its identity
  std::string realm;     // of the digests
  DigestAlgorithm algorithm = DigestAlgorithm::sha256;
  Secret user_hash;
  Secret full_hash;
  std::optional<ScramVerifier> scram;  // or else a digest's
};

class CredentialLines {
 public:
  explicit CredentialLines(std::string_view text) : rest_(text) {}
  // The next line that says something; nothing at the end. Errors: those of CredentialStore::parse.
  Result<std::optional<CredentialLine>> next();
  // Says the line last read. No part of a verifier gets into it.
  Error error(const char* code) const;
  std::string_view lastRead() const { return last_; }  // with its end, within the text

 private:
  std::string_view rest_, last_;
  unsigned number_ = 0;
};

// Whose credentials they are; `username` is a peer's. Errors: "identity.credentials.identity", ".username".
Result<Subject> subjectFrom(std::string_view identity, std::string_view username);

std::string lowered(std::string_view text);
std::string peerIdentity(std::string_view username);  // "digest:trunk7"
// "user@domain" with the domain in lower case; nothing when it is no such thing.
std::optional<std::string> deviceIdentityFrom(std::string_view text);
// Fits a field of the file and a quoted string without escapes.
bool isPlainWord(std::string_view text);
std::string_view digestKeyword(DigestAlgorithm algorithm);  // "digest-sha-256"

inline constexpr std::string_view kScramKeyword = "scram-sha-256";
inline constexpr std::string_view kPeerPrefix = "peer:";

}  // namespace sallyport::identity
