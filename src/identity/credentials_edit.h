// SPDX-License-Identifier: Apache-2.0
#pragma once
// A credentials file as text, changed: what `sallyport credentials` writes. A change is whole: what comes out can be
// read by CredentialStore::parse(), and lines that are not concerned stay as they are, comments too.

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"

namespace sallyport::identity {

// Whose lines are meant.
struct CredentialOwner {
  std::string identity;  // "alice@example.org", or "peer:carrier"
  std::string username;  // of a peer; empty: all of its usernames, where a removal may mean them
};

struct CredentialEntry {
  std::string whose;  // "alice@example.org", or "peer:carrier trunk7"
  std::string kind;   // "digest-sha-256", "scram-sha-256"
  std::string realm;  // of a digest
};

// Errors, of all: CredentialStore::parse()'s, which name the line of `text`.
Result<std::vector<CredentialEntry>> listCredentials(std::string_view text);
// `lines`: credentialLines(). Error (misconfigured): "identity.credentials.exists" when the owner has any already.
Result<Secret> withCredentials(std::string_view text, const CredentialOwner& owner, std::string_view lines);
// Error (misconfigured): "identity.credentials.absent".
Result<Secret> withoutCredentials(std::string_view text, const CredentialOwner& owner);

}  // namespace sallyport::identity
