// SPDX-License-Identifier: Apache-2.0
#pragma once
// Shared by this room's tests of digest: a file of credentials, and a client that answers as it is told to.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/secret_text.h"
#include "crypto/hash.h"
#include "identity/credentials.h"
#include "identity/digest_fields.h"
#include "identity/digest_response.h"
#include "sip/transaction_layer.h"

namespace sallyport::identity::test {

inline constexpr WallTime kNoon{std::chrono::seconds{1'800'000'000}};
inline constexpr sip::FlowId kFlow{0x0001'0000'0000'0007};
inline constexpr std::string_view kRealm = "example.org";
inline constexpr std::string_view kPassword = "correct horse";

inline Secret secret(std::string_view text) { return Secret{bytesOf(text)}; }

inline std::string lineFor(const std::string& identity, const std::string& username,
                           std::vector<DigestAlgorithm> algorithms) {
  CredentialRequest request;
  request.identity = identity;
  request.username = username;
  request.realm = kRealm;
  request.digests = std::move(algorithms);
  request.scram_iterations = 0;
  const auto lines = credentialLines(request, secret(kPassword));
  EXPECT_TRUE(lines) << describe(lines.error());
  return lines ? std::string{textOf(*lines)} : "";
}

// alice and bob, and a trunk that knows nothing but MD5.
inline std::string credentialsText() {
  const std::vector modern{DigestAlgorithm::sha256, DigestAlgorithm::sha512_256};
  return "# who may come\n\n" + lineFor("alice@example.org", "", modern) + lineFor("bob@example.org", "", modern) +
         lineFor("peer:carrier", "trunk7", {DigestAlgorithm::md5});
}

inline CredentialStorePtr credentials() {
  auto store = CredentialStore::parse(credentialsText(), secret("a key of this process, 32 bytes."));
  EXPECT_TRUE(store) << describe(store.error());
  return std::make_shared<const CredentialStore>(*std::move(store));
}

// What a client that knows `password` answers; the fields given in `answer` stay as they are.
inline DigestAnswer answered(DigestAnswer answer, std::string_view method, std::string_view password = kPassword) {
  if (answer.realm.empty()) answer.realm = kRealm;
  if (answer.uri.empty()) answer.uri = "sip:example.org";
  if (answer.cnonce.empty()) answer.cnonce = "0a4f113b";
  if (answer.nonce_count.empty()) answer.nonce_count = "00000001";
  const auto ha1 = Ha1::of(answer.algorithm, answer.username, answer.realm, secret(password));
  answer.response = digestResponse(ha1, {answer.nonce, answer.nonce_count, answer.cnonce, method, answer.uri});
  return answer;
}

}  // namespace sallyport::identity::test
