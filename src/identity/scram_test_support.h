// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory with one user, and what a client may say, for the tests of SCRAM's two sides. Never part of
// the product.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "identity/auth_params.h"
#include "identity/scram_client.h"
#include "identity/scram_server.h"

namespace sallyport::identity::testing {

inline constexpr std::string_view kRealm = "sallyport.test";
inline constexpr unsigned kIterations = kScramMinIterations;

inline Secret secretOf(std::string_view text) { return Secret{bytesOf(text)}; }

inline ScramVerifier verifierOf(std::string_view password, std::string_view salt = "0123456789abcdef") {
  auto verifier = makeScramVerifier(password, kIterations, salt);
  EXPECT_TRUE(verifier) << describe(verifier.error());
  return *std::move(verifier);
}

// Alice's password is "correct horse".
inline ScramAccount findAlice(std::string_view user) {
  ScramAccount account{std::string{user}, {}};
  if (user == "alice") account.verifier = verifierOf("correct horse");
  return account;
}

inline std::shared_ptr<const ScramMechanism> mechanism() {
  auto made = ScramMechanism::make({std::string{kRealm}, kIterations, std::chrono::seconds{30}, 3},
                                   secretOf("a key of this process"));
  EXPECT_TRUE(made) << describe(made.error());
  return *std::move(made);
}

inline ScramClient clientOf(std::string_view user, std::string_view password) {
  return ScramClient{{std::string{kRealm}, std::string{user}, secretOf(password)}};
}

// What a header's `data` holds.
inline std::string messageIn(std::string_view header) {
  auto params = AuthParams::parse(header);
  if (!params) params = AuthParams::parseSchemeless(header);
  const auto bytes = crypto::base64Decode(params->find("data").value_or(""), crypto::Base64Padding::required);
  return bytes ? std::string{bytes->begin(), bytes->end()} : std::string{"no base64"};
}

inline std::string sidIn(std::string_view header) { return std::string{*AuthParams::parse(header)->find("sid")}; }

// An Authorization as any client might write it.
inline std::string authorization(std::string_view sid, std::string_view message, std::string_view realm = kRealm) {
  std::string text = "SCRAM-SHA-256 realm=" + quotedString(realm);
  if (!sid.empty()) text += ", sid=" + std::string{sid};
  return text + ", data=" + quotedString(crypto::base64Encode(bytesOf(message)));
}

}  // namespace sallyport::identity::testing
